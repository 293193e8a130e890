"""Columns of identifiers: how a number reads, what its check characters say, its sealed form (step standardise)."""

from __future__ import annotations

from enum import Enum, auto

import polars as pl

from jishi.identifiers.columns import (
    certificate_ids,
    division_codes,
    mask_column,
    organisation_codes,
    person_documents,
    registration_numbers,
)
from jishi.registers.element import DataElement
from jishi.standardise.decision import decision_tags
from jishi.standardise.delivery import Delivery
from jishi.standardise.division import division_numbers
from jishi.standardise.holder import HOLDERS, read_holders
from jishi.standardise.level import read_levels
from jishi.standardise.plan import Plan, Take
from jishi.standardise.text import blank

PRIMARY = "id_number"
"""The document number whose birth date, sex and division other elements are compared with."""

_CODE = "^[0-9A-Z._/()#-]+$"
_LONGEST = 60


class Route(Enum):
    """The algorithm an identifier is read by."""

    DOCUMENT = auto()
    USCC = auto()
    REGISTRATION_NUMBER = auto()
    ORGANISATION_CODE = auto()
    CERTIFICATE = auto()
    HOLDER = auto()
    DECISION = auto()
    DIVISION = auto()
    PLAIN = auto()


_CHECK = ("check_expected", "check_actual")
_FACTS = {
    Route.DOCUMENT: _CHECK,
    Route.USCC: (*_CHECK, "zeros", "category_known", "inner_expected", "inner_actual", "division_known"),
    Route.REGISTRATION_NUMBER: _CHECK,
    Route.ORGANISATION_CODE: _CHECK,
    Route.CERTIFICATE: (*_CHECK, "type_code", "issuer_code"),
    Route.HOLDER: (*_CHECK, "type"),
}
_BY_SCHEME = {
    "uscc": Route.USCC,
    "registration_number": Route.REGISTRATION_NUMBER,
    "organisation_code": Route.ORGANISATION_CODE,
    "certificate": Route.CERTIFICATE,
    "decision_document": Route.DECISION,
}
_PRIMARY_FACTS = ("birth_real", "birth_prefix", "sex", "division_known", "type")


def facts_of(name: str, element: DataElement) -> tuple[str, ...]:
    """The facts of an IDENTIFIER element that follow ``NAME__scheme`` and ``NAME__lookup`` in the stage table."""
    return _FACTS.get(route_of(name, element), ()) + (_PRIMARY_FACTS if name == PRIMARY else ())


def route_of(name: str, element: DataElement) -> Route:
    """Which route an IDENTIFIER element takes: by its scheme, its sensitivity, its name."""
    if element.scheme in _BY_SCHEME:
        return _BY_SCHEME[element.scheme]
    if name in HOLDERS:
        return Route.HOLDER
    if element.sealed and element.scheme is None:
        return Route.DOCUMENT
    return Route.DIVISION if name == "division_code" else Route.PLAIN


def read_identifiers(name: str, element: DataElement, take: Take, delivery: Delivery) -> pl.DataFrame:
    """The stage columns of one IDENTIFIER element, and ``NAME__plain``: the normalised number itself, for keys only.

    An unreadable number has neither value nor lookup. A sealed one has its mask as value, and its cipher.
    """
    plan = delivery.plan
    facts, scheme = _facts(name, element, take, delivery)
    plain = facts["value"]
    sealed = plan.sealer.seal_column(plain)
    columns = {
        name: _shown(facts, element),
        f"{name}__plain": plain,
        f"{name}__read": facts["read"],
        f"{name}__scheme": scheme.set(plain.is_null(), None),
        f"{name}__lookup": sealed["lookup"],
    }
    if element.sealed:
        columns[f"{name}__cipher"] = sealed["cipher"]
    facts = facts.rename({"birth": "birth_prefix"}, strict=False)
    columns |= {f"{name}__{fact}": facts[fact] for fact in facts_of(name, element)}
    return pl.DataFrame(columns)


def _shown(facts: pl.DataFrame, element: DataElement) -> pl.Series:
    """What rows hold: a sealed number's mask, except where a row's number is an organisation's (fact ``public``)."""
    if not element.sealed:
        return facts["value"]
    masked = mask_column(facts["value"], element.mask.value)
    if "public" not in facts.columns:
        return masked
    return facts.select(shown=pl.when("public").then("value").otherwise(masked))["shown"]


def _facts(name: str, element: DataElement, take: Take, delivery: Delivery) -> tuple[pl.DataFrame, pl.Series]:
    """value, read and the facts of the route; and the scheme each number belongs to."""
    plan = delivery.plan
    route = route_of(name, element)
    if route in (Route.DOCUMENT, Route.HOLDER):
        if route is Route.HOLDER:
            facts = read_holders(name, take, delivery)
        else:
            facts = person_documents(delivery.take(take), plan.known_divisions, plan.today)
        return facts, facts["scheme"]
    if route is Route.DIVISION:
        return division_codes(division_numbers(delivery.take(take))), _division_scheme(plan, delivery)
    return _of_one_scheme(route, element, take, delivery), _constant(element.scheme or name, delivery.raw.height)


def _of_one_scheme(route: Route, element: DataElement, take: Take, delivery: Delivery) -> pl.DataFrame:
    """The facts of a route all of whose numbers belong to the element's own scheme."""
    match route:
        case Route.USCC:
            return delivery.usccs(take)
        case Route.REGISTRATION_NUMBER:
            numbers = delivery.numbers(take)
            if take.transform == "registration_number":
                numbers = blank(numbers, ~delivery.is_registration_number(take))
            return registration_numbers(numbers)
        case Route.ORGANISATION_CODE:
            return organisation_codes(delivery.take(take))
        case Route.CERTIFICATE:
            return certificate_ids(delivery.take(take))
        case Route.DECISION:
            return decision_tags(take.columns, delivery)
        case _:
            return _plain(delivery.numbers(take), element.max_length or _LONGEST)


def _plain(value: pl.Series, longest: int) -> pl.DataFrame:
    facts = pl.DataFrame({"value": value}).with_columns(
        read=pl.when(pl.col("value").str.len_chars() > longest)
        .then(pl.lit("length"))
        .when(~pl.col("value").str.contains(_CODE))
        .then(pl.lit("characters"))
        .when(pl.col("value").is_not_null())
        .then(pl.lit("ok"))
    )
    return facts.with_columns(value=pl.when(pl.col("read") == "ok").then("value"))


def _division_scheme(plan: Plan, delivery: Delivery) -> pl.Series:
    """``division_nbs_county`` …: a code may mean two places in two systems, or at two levels of one (460400)."""
    parts = [pl.Series("0", ["division"]).new_from_index(0, delivery.raw.height)]
    for place, element in enumerate(("code_system", "division_level_code"), start=1):
        take = plan.mapped.get(element)
        if take is not None:
            text = delivery.take(take)
            value = read_levels(take, text) if element == "division_level_code" else text
            parts.append(value.alias(str(place)))
    return pl.DataFrame(parts).select(scheme=pl.concat_str(pl.all(), separator="_", ignore_nulls=True))["scheme"]


def _constant(text: str, height: int) -> pl.Series:
    return pl.Series([text]).new_from_index(0, height)
