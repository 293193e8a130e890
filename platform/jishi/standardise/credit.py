"""What several elements of a credit record say together: terms of publicity, doubts of amounts, lateness (step
standardise).

The rules of publicity are those in force on the day a delivery is examined. Months count from the decision; a term's last
day is the day of the same number (Civil Code 民法典 art. 200 to 202).
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import polars as pl

from jishi.dictionary.calendar import NOT_KNOWN
from jishi.dictionary.credit import BARE_FINE, REPORT_WORKING_DAYS
from jishi.identifiers.columns import usccs
from jishi.standardise.category import holds_code
from jishi.standardise.decision import PARTY_CODES, PERSON
from jishi.standardise.delivery import Delivery
from jishi.standardise.organ import organ_forms
from jishi.standardise.sums import agree_with_text

LICENCE, PENALTY, BLACK_LIST = "2", "3", "7"
NATURAL_PERSON = "01"
FINE_CATEGORY = "03"
AGREED = "1"
PUBLISHED, GRADE_NOT_PUBLISHED, PERSON_NOT_PUBLISHED = "1", "2", "3"

FACTS: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "record_class": {"record_class__basis": "boolean"},
        "counterparty_name": {"counterparty_name__identified": "boolean"},
        "decided_on": {"decided_on__late": "boolean", "decided_on__agrees": "boolean"},
        "organ_name": {"organ_name__form": "text"},
        "organ_uscc": {"organ_uscc__right": "boolean"},
        "penalty_categories": {"penalty_categories__known": "boolean", "penalty_categories__fine_stated": "boolean"},
        "fine": {"fine__unit": "text", "fine__category": "boolean"},
        "confiscated": {"confiscated__unit": "text"},
        "repair_result_code": {"repair_result_code__duty_done": "boolean"},
    }
)
"""Element → its further columns of the stage table; ``decided_on__agrees`` is filled in SQL, from the register."""


def credit_facts(frame: pl.DataFrame, delivery: Delivery) -> pl.DataFrame:
    """``frame`` with the derived elements of a credit record and the facts of :data:`FACTS`."""
    frame = _derived(frame, delivery)
    facts = [
        pl.when(_is(frame, "record_class", BLACK_LIST))
        .then(_col(frame, "legal_basis_doc").is_not_null())
        .alias("record_class__basis"),
        pl.when(_is(frame, "record_class", LICENCE, PENALTY))
        .then(pl.any_horizontal(_col(frame, f"{name}__read").is_not_null() for name in (*PARTY_CODES, PERSON)))
        .alias("counterparty_name__identified"),
        pl.when(_is(frame, "repair_result_code", AGREED))
        .then(_col(frame, "duty_done", pl.Boolean()).fill_null(True))
        .alias("repair_result_code__duty_done"),
        *_fine_facts(frame),
    ]
    frame = frame.with_columns(*facts, _late(frame, delivery).alias("decided_on__late"))
    if "organ_name" in frame.columns:
        frame = frame.with_columns(organ_forms(frame["organ_name"]).alias("organ_name__form"))
    if "organ_uscc" in frame.columns:
        frame = frame.with_columns(_organ_codes(frame["organ_uscc"], delivery).alias("organ_uscc__right"))
    return _units(frame, delivery)


def _derived(frame: pl.DataFrame, delivery: Delivery) -> pl.DataFrame:
    """Terms by grade, what policy withholds, and the first day on which the row's own facts end publication."""
    plan = delivery.plan
    rules = plan.credit.on(plan.today) if plan.credit is not None else {}
    grade, decided = _col(frame, "severity_grade_code"), _col(frame, "decided_on", pl.Date())
    graded = grade.is_in(list(rules)).fill_null(False)
    needed = _col(frame, "publish_needed", pl.Boolean()).fill_null(False)
    silent = grade.is_in([rule.grade for rule in rules.values() if not rule.always]).fill_null(False) & ~needed
    person = _is_person(frame) & _is(frame, "record_class", PENALTY) & (not plan.city.publish_person_penalties)
    frame = frame.with_columns(
        publicity_min_until=_term(grade, decided, {key: rule.min_months for key, rule in rules.items()}),
        publicity_max_until=_term(grade, decided, {key: rule.max_months for key, rule in rules.items()}),
        grade_publication_code=pl.when(silent).then(pl.lit(GRADE_NOT_PUBLISHED)).when(graded).then(pl.lit(PUBLISHED)),
        party_publication_code=pl.when(person.fill_null(False)).then(pl.lit(PERSON_NOT_PUBLISHED)),
    )
    frame = frame.with_columns(withheld_from=_withheld_from(frame))
    read = [
        pl.when(pl.col(name).is_not_null()).then(pl.lit("ok")).alias(f"{name}__read")
        for name in ("publicity_min_until", "publicity_max_until", "withheld_from")
    ]
    known = [
        pl.when(pl.col(name).is_not_null()).then(pl.lit(True)).alias(f"{name}__known")
        for name in ("grade_publication_code", "party_publication_code")
    ]
    return frame.with_columns(*read, *known)


def _withheld_from(frame: pl.DataFrame) -> pl.Expr:
    """A repair withholds from its decision on, or from an earlier stop; else the terms end by themselves."""
    never = pl.any_horizontal(
        pl.col("grade_publication_code") == GRADE_NOT_PUBLISHED, pl.col("party_publication_code").is_not_null()
    )
    stop = pl.min_horizontal(
        _col(frame, "repair_decided_on", pl.Date()), _col(frame, "repair_stop_publish_on", pl.Date())
    )
    ends = pl.min_horizontal(_col(frame, "publicity_until", pl.Date()), pl.col("publicity_max_until"))
    result = _col(frame, "repair_result_code")
    return (
        pl.when(never.fill_null(False))
        .then(_col(frame, "decided_on", pl.Date()))
        .when(result == AGREED)
        .then(stop)
        .when(result.is_null())
        .then(ends.dt.offset_by("1d"))
    )


def _term(grade: pl.Expr, decided: pl.Expr, months: Mapping[str, int]) -> pl.Expr:
    """The last day of so many months after the decision; null without a grade or a rule for it."""
    found: pl.Expr = pl.lit(None, pl.Date)
    for code, count in months.items():
        found = pl.when(grade == code).then(decided.dt.offset_by(f"{count}mo")).otherwise(found)
    return found


def _is_person(frame: pl.DataFrame) -> pl.Expr:
    """Said by the category; where that is silent, by a document number without any code of an organisation."""
    category = _col(frame, "counterparty_category")
    codes = pl.any_horizontal(_col(frame, f"{name}__read").is_not_null() for name in PARTY_CODES)
    by_number = _col(frame, f"{PERSON}__read").is_not_null() & ~codes
    return pl.when(category.is_not_null()).then(category == NATURAL_PERSON).otherwise(by_number)


def _fine_facts(frame: pl.DataFrame) -> list[pl.Expr]:
    if "penalty_categories" not in frame.columns:
        return []
    fined = holds_code("penalty_categories", FINE_CATEGORY)
    amount = _col(frame, "fine", pl.Decimal(38, 2))
    return [
        pl.when(fined).then(_col(frame, "fine__read").is_not_null()).alias("penalty_categories__fine_stated"),
        pl.when(amount > 0).then(fined).alias("fine__category"),
    ]


def _units(frame: pl.DataFrame, delivery: Delivery) -> pl.DataFrame:
    """``ok``, ``text`` (the decision's own words name ten thousand times more or less), ``large`` (without a unit)."""
    plan = delivery.plan
    limit = plan.credit.limit(BARE_FINE, plan.today) if plan.credit is not None else None
    for name in ("fine", "confiscated"):
        if name not in frame.columns:
            continue
        amount, bare = pl.col(name), _col(frame, f"{name}__bare", pl.Boolean()).fill_null(False)
        large = bare & (amount >= limit * 10_000) if limit is not None else pl.lit(False)
        agrees = agree_with_text(name, frame[name], frame["content"] if "content" in frame.columns else None)
        frame = frame.with_columns(agrees.alias("agrees")).with_columns(
            pl.when(amount.is_null())
            .then(None)
            .when(~pl.col("agrees"))
            .then(pl.lit("text"))
            .when(large.fill_null(False) & pl.col("agrees").is_null())
            .then(pl.lit("large"))
            .otherwise(pl.lit("ok"))
            .alias(f"{name}__unit")
        )
    return frame


def _late(frame: pl.DataFrame, delivery: Delivery) -> pl.Series:
    """Whether more working days than the law allows lie between decision and delivery; null where nobody can count."""
    plan, nothing = delivery.plan, pl.Series([None], dtype=pl.Boolean).new_from_index(0, frame.height)
    limit = plan.credit.limit(REPORT_WORKING_DAYS, plan.today) if plan.credit is not None else None
    if plan.calendar is None or limit is None or "decided_on" not in frame.columns or not frame.height:
        return nothing
    days = frame["decided_on"].to_physical().cast(pl.Int64)
    counted = pl.Series(plan.calendar.working_days_to(days.fill_null(0).to_numpy(), plan.today))
    published = frame.select(_is(frame, "record_class", LICENCE, PENALTY))[:, 0]
    return pl.DataFrame({"days": counted, "there": days.is_not_null() & published}).select(
        late=pl.when(pl.col("there") & (pl.col("days") != NOT_KNOWN)).then(pl.col("days") > int(limit))
    )["late"]


def _organ_codes(codes: pl.Series, delivery: Delivery) -> pl.Series:
    facts = usccs(codes, delivery.plan.known_divisions)
    right = (facts["check_expected"] == facts["check_actual"]).fill_null(False)
    return right.set(codes.is_null(), None)


def _is(frame: pl.DataFrame, name: str, *values: str) -> pl.Expr:
    return _col(frame, name).is_in(list(values)).fill_null(False)


def _col(frame: pl.DataFrame, name: str, kind: pl.DataType | None = None) -> pl.Expr:
    """The column, null where nothing is mapped to it."""
    return pl.col(name) if name in frame.columns else pl.lit(None, kind or pl.String())
