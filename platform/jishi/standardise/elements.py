"""One element: its take's text becomes its columns of the standard batch, by kind (step standardise)."""

from __future__ import annotations

from collections.abc import Callable
from zoneinfo import ZoneInfo

import polars as pl

from jishi.identifiers.columns import division_codes
from jishi.registers.element import DataElement, Kind, Mask
from jishi.standardise.address.columns import division_facts
from jishi.standardise.category import read_categories, without_addition
from jishi.standardise.certificate import mask_faces
from jishi.standardise.code import map_codes
from jishi.standardise.date import read_dates, whole_days
from jishi.standardise.decision import document_numbers
from jishi.standardise.delivery import Delivery
from jishi.standardise.division import division_numbers
from jishi.standardise.geometry import Form, inside, read_geometries, read_points
from jishi.standardise.identifier import read_identifiers
from jishi.standardise.items import SEPARATORS, join_items, read_items
from jishi.standardise.level import read_levels
from jishi.standardise.money import read_currencies, read_money, read_yuan
from jishi.standardise.number import read_booleans, read_decimals, read_integers
from jishi.standardise.plan import Take
from jishi.standardise.text import entity_names, narratives, person_names, phones

CRS_SOURCE = "crs_source_code"
_NARRATING = frozenset({"credit_record", "certificate"})
"""Registers any text of which may hold a citizen number: facts of a case, the number of a driving licence."""
_MONEY_DIGITS = (20, 6)


def standardise_element(name: str, element: DataElement, take: Take, delivery: Delivery) -> pl.DataFrame:
    """The columns of one mapped element as the stage table has them, facts about it alone included."""
    return _READERS[element.kind](name, element, take, delivery)


def _items(name: str, element: DataElement, take: Take, delivery: Delivery) -> pl.DataFrame:
    members = tuple(member for member, _ in element.item)
    if element.code_list is not None:
        categories = read_categories(delivery.take(take), delivery.plan.code_lists[element.code_list])
        return categories.select(pl.col("value").alias(name), pl.col("known").alias(f"{name}__known"))
    if take.transform == "item":
        cells = [delivery.text((column,)) for column in take.columns]
        return join_items(dict(zip(members, cells, strict=False)), delivery.raw.height).to_frame(name)
    if take.transform == "face_fields":
        return mask_faces(read_items(delivery.take(take), members)).to_frame(name)
    chosen = (take.params["member"],) if "member" in take.params else members
    return read_items(delivery.take(take), chosen, take.params.get("separator", SEPARATORS)).to_frame(name)


def _text(name: str, element: DataElement, take: Take, delivery: Delivery) -> pl.DataFrame:
    transform = take.transform or _habit(name, element)
    if transform == "text" and delivery.plan.register.name in _NARRATING:
        transform = "narrative"
    if transform in _CLEANERS:
        value = _CLEANERS[transform](delivery.take(take))
    elif transform == "uscc_division":
        value = delivery.usccs(take)["division"]
    elif transform == "uscc_org_code":
        value = delivery.usccs(take)["value"].str.slice(8, 9)
    elif transform in ("uscc", "uscc_or_none"):
        value = delivery.usccs(take)["value"]
    elif transform == "address_part":
        value = delivery.address(take)[take.params["address_part"]]
    else:
        value = delivery.take(take)
    if transform == "address":
        facts = division_facts(delivery.address(take))
        return facts.select(value.alias(name), pl.all().name.prefix(f"{name}__"))
    return value.alias(name).to_frame()


def _habit(name: str, element: DataElement) -> str:
    """How a text element is cleaned when its take does not say."""
    if name == "entity_name":
        return "entity_name"
    return {Mask.NAME: "person_name", Mask.PHONE: "phone"}.get(element.mask, "text")


def _division_text(text: pl.Series) -> pl.Series:
    """A division code as text: padded where it reads as one, null where all zeros (no parent), else as it came."""
    numbers = division_numbers(text)
    code = division_codes(numbers)["value"]
    return pl.DataFrame({"code": code, "text": numbers}).select(
        value=pl.when(~pl.col("text").str.contains("^0+$")).then(pl.coalesce("code", "text"))
    )["value"]


def _coded(name: str, element: DataElement, take: Take, delivery: Delivery) -> pl.DataFrame:
    codes = _codes(element, take, delivery)
    return codes.select(pl.col("value").alias(name), pl.col("known").alias(f"{name}__known"))


def _codes(element: DataElement, take: Take, delivery: Delivery) -> pl.DataFrame:
    """value, known. What is derived from another value is no fault of its own: out of the list it is simply absent."""
    code_list = delivery.plan.code_lists[element.code_list or ""]
    match take.transform:
        case "uscc_category":
            category = delivery.usccs(take)["value"].str.slice(0, 2)
            return _derived(category.set(~category.is_in(list(code_list.codes)), None))
        case "division_level":
            return map_codes(read_levels(take, delivery.take(take)), code_list)
        case "money_currency":
            money = read_money(delivery.take(take), code_list, *_MONEY_DIGITS)
            return read_currencies(money, code_list, take.params.get("currency"))
        case "category":
            return map_codes(without_addition(delivery.take(take)), code_list)
        case _:
            return map_codes(_given(take, delivery), code_list)


def _given(take: Take, delivery: Delivery) -> pl.Series:
    """The take's text; a constant coordinate system is always the one the plan declares."""
    if take.element == CRS_SOURCE and take.constant is not None:
        return pl.Series([delivery.plan.crs]).new_from_index(0, delivery.raw.height)
    return delivery.take(take)


def _derived(value: pl.Series) -> pl.DataFrame:
    known = value.is_not_null()
    return pl.DataFrame({"value": value, "known": known.set(~known, None)})


def _dates(name: str, element: DataElement, take: Take, delivery: Delivery) -> pl.DataFrame:
    plan = delivery.plan
    dates = read_dates(
        delivery.take(take),
        plan.date_order,
        ZoneInfo(plan.city.timezone),
        excel_serial=take.params.get("excel_serial") == "true",
        open_ended=take.params.get("open_ended", "true" if name.endswith("_to") else "false") == "true",
    )
    if element.kind is Kind.DATE:
        return whole_days(dates).select(pl.col("value").alias(name), pl.col("read").alias(f"{name}__read"))
    return dates.select(
        pl.col("low").alias(name),
        pl.col("high").alias(f"{name}_high"),
        pl.col("precision").alias(f"{name}_precision"),
        pl.col("read").alias(f"{name}__read"),
        pl.col("prefix").alias(f"{name}__prefix"),
    )


def _numbers(name: str, element: DataElement, take: Take, delivery: Delivery) -> pl.DataFrame:
    text = delivery.take(take)
    precision, scale = element.digits or _MONEY_DIGITS
    if take.transform == "money_yuan":
        currencies = delivery.plan.code_lists["currency"]
        yuan = read_yuan(text, currencies, precision, scale, take.params.get("unit", "万元"))
        return yuan.rename({"value": name, "read": f"{name}__read", "bare": f"{name}__bare"})
    if element.kind is Kind.BOOLEAN:
        numbers = read_booleans(text)
    elif element.kind is Kind.INTEGER:
        numbers = read_integers(text)
    elif take.transform == "money":
        currencies = delivery.plan.code_lists["currency"]
        numbers = read_money(text, currencies, precision, scale, take.params.get("unit", "万元"))
    else:
        numbers = read_decimals(text, precision, scale)
    return numbers.select(pl.col("value").alias(name), pl.col("read").alias(f"{name}__read"))


def _geometry(name: str, element: DataElement, take: Take, delivery: Delivery) -> pl.DataFrame:
    """Divisions get multipolygons and no ``inside``: a boundary file may well hold the neighbours of the city."""
    plan = delivery.plan
    is_division = _is_division(delivery)
    if take.transform == "point":
        longitude, latitude = (delivery.text((column,)) for column in take.columns)
        found = read_points(longitude, latitude, plan.crs)
    else:
        form: Form = "wkt" if take.transform == "wkt" else "wkb"
        found = read_geometries(delivery.geometry(take), form, plan.crs, multi=is_division)
    within = inside(found, plan.city.bbox)
    columns = {
        name: found["value"],
        f"{name}__read": found["read"],
        f"{name}__inside": within.set(is_division, None),
        f"{name}__repaired": found["repaired"],
    }
    if element.required is not None:
        columns[f"{name}__present"] = found["read"].is_not_null()
    return pl.DataFrame(columns)


def _is_division(delivery: Delivery) -> pl.Series:
    take, code_list = delivery.plan.mapped.get("place_type"), delivery.plan.code_lists.get("place_type")
    if take is None or code_list is None:
        return pl.Series([False]).new_from_index(0, delivery.raw.height)
    return (map_codes(delivery.take(take), code_list)["value"] == "division").fill_null(False)


_CLEANERS: dict[str, Callable[[pl.Series], pl.Series]] = {
    "person_name": person_names,
    "entity_name": entity_names,
    "phone": phones,
    "division_code": _division_text,
    "narrative": narratives,
    "document_number": document_numbers,
}

_READERS: dict[Kind, Callable[[str, DataElement, Take, Delivery], pl.DataFrame]] = {
    Kind.TEXT: _text,
    Kind.ITEMS: _items,
    Kind.CODE: _coded,
    Kind.DATE: _dates,
    Kind.PARTIAL_DATE: _dates,
    Kind.DECIMAL: _numbers,
    Kind.INTEGER: _numbers,
    Kind.BOOLEAN: _numbers,
    Kind.GEOMETRY: _geometry,
    Kind.IDENTIFIER: read_identifiers,
}
