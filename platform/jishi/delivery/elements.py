"""Data elements 数据元 as a registry describes them (ISO/IEC 11179): what is declared, under the standard's own words (road out).

Made from the declarations alone; an element's version changes with its register's and with what it declares itself.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

from jishi.delivery.words import CLASSES, KINDS, MASKS, SENSITIVITIES, SEVERITIES
from jishi.registers.catalogue_entry import entry_of
from jishi.registers.element import DataElement, Kind
from jishi.registers.register import Register

PROPOSAL = "P"
BASE = "urn:jishi:element:"

DATATYPES = {
    Kind.TEXT: "string",
    Kind.CODE: "string",
    Kind.DATE: "date",
    Kind.PARTIAL_DATE: "date or year or month",
    Kind.DECIMAL: "decimal",
    Kind.INTEGER: "integer",
    Kind.BOOLEAN: "boolean",
    Kind.GEOMETRY: "geometry",
    Kind.ITEMS: "array",
    Kind.IDENTIFIER: "string",
}


@dataclass(frozen=True, slots=True)
class ElementCard:
    """One element under the attributes of ISO/IEC 11179-3; ``None`` where an attribute does not apply.

    ``registration_status`` (11179-6): ``standard`` where a standard defines the element, ``recorded`` where it is a
    proposal of this project. ``object_class`` and ``property`` make up its data element concept.
    """

    register: str
    name: str
    identifier: str
    version: str
    title: str
    title_en: str
    definition: str
    context: str
    registration_authority: str
    registration_status: str
    object_class: tuple[str, str]
    property: tuple[str, str]
    representation_class: str
    datatype: str
    kind: str
    length: int | None
    precision: int | None
    scale: int | None
    unit: str | None
    code_list: str | None
    permitted: str
    steward: str
    submitter: str
    origin: str
    sensitivity: str
    mask: str
    queryable: bool
    required: str | None

    def as_json(self) -> dict[str, Any]:
        """The card as the API tells it: administered item, concept, representation, value domain."""
        return {
            "identifier": self.identifier,
            "version": self.version,
            "register": self.register,
            "element": self.name,
            "name": self.title,
            "name_en": self.title_en,
            "definition": self.definition,
            "context": self.context,
            "registration_authority": self.registration_authority,
            "registration_status": self.registration_status,
            "data_element_concept": {
                "identifier": f"{self.identifier}:concept",
                "object_class": {"identifier": self.object_class[0], "name": self.object_class[1]},
                "property": {"identifier": self.property[0], "name": self.property[1]},
            },
            "representation_class": self.representation_class,
            "datatype": self.datatype,
            "length": self.length,
            "precision": self.precision,
            "scale": self.scale,
            "unit": self.unit,
            "value_domain": {
                "kind": "enumerated" if self.code_list else "described",
                "code_list": self.code_list,
                "description": self.permitted,
            },
            "steward": self.steward,
            "submitter": self.submitter,
            "origin": self.origin,
            "sensitivity": self.sensitivity,
            "mask": self.mask,
            "queryable": self.queryable,
            "required": self.required,
        }


def card_of(register: Register, name: str, authority: str) -> ElementCard:
    """The card of an element of ``register``; ``authority``: who keeps this dictionary, the city."""
    element = register.elements[name]
    entry = entry_of(register)
    precision, scale = element.digits or (None, None)
    return ElementCard(
        register=register.name,
        name=name,
        identifier=f"{BASE}{register.name}:{name}",
        version=f"{register.version}.{hashlib.sha256(repr((name, element)).encode()).hexdigest()[:8]}",
        title=element.title,
        title_en=element.title_en,
        definition=_definition(register, element),
        context=f"{register.title} {register.collection}（{entry.code}）",
        registration_authority=authority,
        registration_status="recorded" if element.standard == PROPOSAL else "standard",
        object_class=(register.name, register.title),
        property=(name, element.title),
        representation_class=CLASSES[element.kind],
        datatype=DATATYPES[element.kind],
        kind=element.kind.value,
        length=element.max_length,
        precision=precision,
        scale=scale,
        unit=element.unit or None,
        code_list=element.code_list,
        permitted=type_of(element),
        steward=element.authority or entry.provider,
        submitter=entry.provider,
        origin="本项目建议 proposal" if element.standard == PROPOSAL else element.standard,
        sensitivity=element.sensitivity.value,
        mask=element.mask.value,
        queryable=element.queryable,
        required=element.required.value if element.required else None,
    )


def cards(registers: dict[str, Register], authority: str) -> list[ElementCard]:
    """The cards of all elements, register by register."""
    return [card_of(register, name, authority) for register in registers.values() for name in register.elements]


def type_of(element: DataElement) -> str:
    """What values an element takes, for people."""
    parts = [KINDS[element.kind]]
    if element.max_length is not None:
        parts.append(f"≤ {element.max_length}")
    if element.kind is Kind.DECIMAL and element.digits is not None:
        parts.append("({}, {})".format(*element.digits))
    if element.kind is Kind.GEOMETRY:
        parts.append("EPSG:4490")
    parts += [f"{member} {title}" for member, title in element.item]
    parts += [element.unit] if element.unit else []
    parts += ["封存 sealed"] if element.sealed else []
    return "；".join(parts)


def _definition(register: Register, element: DataElement) -> str:
    """Object class, property and what limits them, as one sentence in Chinese."""
    parts = [f"{register.title}中一条记录的{element.title}"]
    if element.standard != PROPOSAL:
        parts.append(f"按 {element.standard}")
    if element.code_list:
        parts.append(f"取代码表 {element.code_list} 的代码")
    if element.unit:
        parts.append(f"以{element.unit}计")
    if element.required:
        parts.append(f"缺失时：{SEVERITIES[element.required].split(' ')[0]}")
    parts.append(f"{SENSITIVITIES[element.sensitivity].split(' ')[1]}，脱敏：{MASKS[element.mask].split(' ')[0]}")
    return "；".join(parts) + "。"
