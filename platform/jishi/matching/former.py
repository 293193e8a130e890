"""Whether an entity is known by another name too: one it bore before, or one told as its former name 曾用名 (step *match*)."""

from __future__ import annotations

from jishi.registers.register import Register

FORMER = "former_names"
"""The element, where a register has it, that lists them."""


def known_by(register: Register, staged: frozenset[str], name: str, *, row: str, entity: str, golden: str) -> str:
    """SQL predicate: the name of ``row`` (a stage table's alias) was that of ``entity`` (a uid), or one follows the other
    by the former names of either side. ``golden`` is the alias of the entity's golden row."""
    known = [f"EXISTS (SELECT FROM jishi.{register.name}_version v WHERE v.uid = {entity} AND v.{name} = {row}.{name})"]
    if FORMER in register.elements:
        known.append(_lists(register, f"{golden}.{FORMER}", f"{row}.{name}"))
        if FORMER in staged:
            known.append(_lists(register, f"{row}.{FORMER}::jsonb", f"{golden}.{name}"))
    return f"({' OR '.join(known)})"


def _lists(register: Register, items: str, name: str) -> str:
    member = register.elements[FORMER].item[0][0]
    return f"COALESCE({items} @> jsonb_build_array(jsonb_build_object('{member}', {name})), FALSE)"
