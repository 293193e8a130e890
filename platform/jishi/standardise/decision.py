"""The number of an official document 文号, and what identifies a credit record by it (step standardise).

A record is one decision on one party: several parties may stand in one decision, and the same decision comes from several
feeds. Its identity is class, number and the party's best code. The organ counts only where the party is known by name
alone: in real files its name is the dirtiest value (system names, dates, GUIDs), and the number's own prefix (代字) names
the organ already. The identity is a keyed tag, for it may hold a person's document number.
"""

from __future__ import annotations

import polars as pl

from jishi.identifiers.columns import normalise_column, person_documents
from jishi.identifiers.digests import tag_key
from jishi.standardise.code import map_codes
from jishi.standardise.delivery import Delivery
from jishi.standardise.text import entity_names, rewrite

PARTY_CODES = ("cp_uscc", "cp_reg_no", "cp_org_code", "cp_tax_no")
PERSON = "cp_id_no"
_YEAR_IN_BRACKETS = r"[\[({（〔【［〈<]\s*((?:19|20)\d{2})\s*[\])}）〕】］〉>]"


def document_numbers(text: pl.Series) -> pl.Series:
    """The year stands in 〔〕 (GB/T 9704-2012 §7.2.5), no blanks.

    >>> document_numbers(pl.Series(["演市监罚字[2023]6号", "演市监罚字（2023） 6 号", "无年份"])).to_list()
    ['演市监罚字〔2023〕6号', '演市监罚字〔2023〕6号', '无年份']
    """
    joined = rewrite(text, " ", lambda rows: rows.str.replace_all(" ", "", literal=True))
    return joined.str.replace(_YEAR_IN_BRACKETS, "〔${1}〕")


def decision_tags(columns: tuple[str, ...], delivery: Delivery) -> pl.DataFrame:
    """value (tag), read of the record's identity; ``columns`` are the headers of the document number.

    A list without document numbers is identified by its name and year. Null where number or party is missing.
    """
    party = _party(delivery)
    frame = pl.DataFrame({"class": _class(delivery), "number": _number(columns, delivery), "party": party})
    value = tag_key(delivery.plan.sealer.keys, frame, frame.columns).alias("value")
    return pl.DataFrame({"value": value}).with_columns(read=pl.when(pl.col("value").is_not_null()).then(pl.lit("ok")))


def _class(delivery: Delivery) -> pl.Series:
    take, code_list = delivery.plan.mapped.get("record_class"), delivery.plan.code_lists.get("credit_class")
    if take is None or code_list is None:
        return _nothing(delivery)
    return map_codes(delivery.take(take), code_list)["value"]


def _number(columns: tuple[str, ...], delivery: Delivery) -> pl.Series:
    """第0012号 and 12号 are one number; a list's name and year where there is none."""
    number = normalise_column(document_numbers(delivery.text(columns)))
    folded = number.str.replace(r"第?0*([0-9]+)号?$", "${1}")
    name, year = _text("list_name", delivery), _text("list_year", delivery)
    parts = pl.DataFrame({"name": normalise_column(name), "year": year, "number": number, "folded": folded})
    listed = pl.concat_str(pl.lit("list"), "name", pl.col("year").fill_null(""), separator=":")
    unnumbered = pl.col("number").is_null() | (pl.col("number") == pl.col("name")).fill_null(False)
    return parts.select(number=pl.when(unnumbered).then(listed).otherwise("folded"))["number"]


def _party(delivery: Delivery) -> pl.Series:
    """The party's codes in order of trust, then its name together with the organ."""
    codes = [
        pl.concat_str(pl.lit(f"{name}:"), _numbers(name, delivery).alias(name), ignore_nulls=False).alias(name)
        for name in PARTY_CODES
    ]
    name = entity_names(_text("counterparty_name", delivery))
    organ = pl.DataFrame({"uscc": _numbers("organ_uscc", delivery), "name": _text("organ_name", delivery)})
    found = pl.select(*codes, _documents(delivery).alias(PERSON)).with_columns(
        name=name, organ=organ.select(pl.coalesce("uscc", "name").fill_null(""))[:, 0]
    )
    by_name = pl.concat_str(pl.lit("name:"), "name", pl.lit("@"), "organ")
    return found.select(party=pl.coalesce(*PARTY_CODES, PERSON, by_name))["party"]


def _documents(delivery: Delivery) -> pl.Series:
    take, plan = delivery.plan.mapped.get(PERSON), delivery.plan
    if take is None:
        return _nothing(delivery)
    return person_documents(delivery.take(take), plan.known_divisions, plan.today)["value"]


def _numbers(name: str, delivery: Delivery) -> pl.Series:
    take = delivery.plan.mapped.get(name)
    return _nothing(delivery) if take is None else delivery.numbers(take)


def _text(name: str, delivery: Delivery) -> pl.Series:
    take = delivery.plan.mapped.get(name)
    return _nothing(delivery) if take is None else delivery.take(take)


def _nothing(delivery: Delivery) -> pl.Series:
    return pl.Series([None], dtype=pl.String).new_from_index(0, delivery.raw.height)
