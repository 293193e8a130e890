"""``/dictionary/elements``: the data elements of all registers as ISO/IEC 11179 describes them (respond, road out).

They are declarations of this release: each carries its own version; a day or an earlier version cannot be asked for.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from jishi.delivery.document import Document, Reference, Table, to_html
from jishi.delivery.elements import ElementCard, card_of, cards
from jishi.errors import CallerError, Fault, NotFoundError
from jishi.registers.catalog import register_of, registers
from jishi_api.dictionary_service import TABLES, Asked, answer
from jishi_api.links import address
from jishi_api.serving import serving_of

if TYPE_CHECKING:
    from asyncpg import Connection

router = APIRouter(prefix="/dictionary/elements", tags=["dictionary"])

Json = dict[str, Any]


@router.get("", summary="数据元 all data elements")
async def elements(request: Request) -> Response:
    return await _answer(request, lambda: cards(registers(), _authority(request)), single=False)


@router.get("/{register}", summary="一个基础库的数据元 data elements of one register")
async def of_register(request: Request, register: str) -> Response:
    def made() -> list[ElementCard]:
        found = register_of(register)
        return [card_of(found, name, _authority(request)) for name in found.elements]

    return await _answer(request, made, single=False)


@router.get("/{register}/{element}", summary="一个数据元 one data element")
async def one_element(request: Request, register: str, element: str) -> Response:
    def made() -> list[ElementCard]:
        found = register_of(register)
        if element not in found.elements:
            raise NotFoundError("DIC-ELEMENT")
        return [card_of(found, element, _authority(request))]

    return await _answer(request, made, single=True)


async def _answer(request: Request, made: Callable[[], list[ElementCard]], *, single: bool) -> Response:
    async def make(connection: Connection[Any], asked: Asked) -> Callable[[], str]:
        fixed = [Fault(name, "DIC-ELEMENT-NOW") for name in ("as-of", "version") if name in asked.given]
        if fixed:
            raise CallerError("QRY-PARAMETERS", faults=tuple(fixed))
        found = [_with_links(request, card) for card in made()]
        match asked.form:
            case "csv":
                return lambda: _csv(found)
            case "html":
                return lambda: _page(found)
        told = found[0] if single else {"dictionary_version": asked.version, "elements": found}
        return lambda: json.dumps(told, ensure_ascii=False, separators=(",", ":"))

    return await answer(request, make, TABLES)


def _authority(request: Request) -> str:
    return serving_of(request).city.name


def _with_links(request: Request, card: ElementCard) -> Json:
    told = card.as_json()
    links = [{"rel": "self", "href": address(request, "dictionary", "elements", card.register, card.name)}]
    if card.code_list:
        where = address(request, "dictionary", "schemes", card.code_list)
        told["value_domain"]["href"] = where
        links.append({"rel": "value-domain", "href": where})
    return {**told, "links": links}


def _flat(told: Mapping[str, Any], before: str = "") -> Json:
    """The card in one row: ``value_domain.code_list`` and so on."""
    found: Json = {}
    for name, value in told.items():
        if isinstance(value, dict):
            found |= _flat(value, f"{before}{name}.")
        elif not isinstance(value, list):
            found[before + name] = "" if value is None else value
    return found


def _csv(found: Iterable[Json]) -> str:
    rows = [_flat(item) for item in found]
    out = io.StringIO(newline="")
    columns = list(dict.fromkeys(name for row in rows for name in row))
    writer = csv.DictWriter(out, columns, restval="", lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(rows)
    return "\ufeff" + out.getvalue()


def _page(found: Iterable[Json]) -> str:
    header = (
        "标识符 Identifier",
        "名称 Name",
        "English",
        "定义 Definition",
        "表示类 Class",
        "数据类型 Datatype",
        "来源 Origin",
    )
    rows = tuple(
        (
            Reference(item["identifier"], item["links"][0]["href"]),
            item["name"],
            item["name_en"],
            item["definition"],
            item["representation_class"],
            item["datatype"],
            item["origin"],
        )
        for item in found
    )
    return to_html(Document("数据元 Data elements", (Table(header, rows, wide=True),)))
