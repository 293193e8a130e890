"""One file of the defect corpus with its stated outcome, and the road up to the rules without a database."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from typing import Any

import polars as pl

from jishi.dictionary.addresses import load_address_words
from jishi.dictionary.codes import CodeList, load_lists
from jishi.dictionary.divisions import Divisions
from jishi.errors import InputRefusedError
from jishi.identifiers import organisation_code, uscc
from jishi.identifiers.keys import Keys
from jishi.identifiers.sealing import Sealer
from jishi.registers.catalog import registers
from jishi.registers.element import Rule, Severity, Test
from jishi.settings import City, Settings
from jishi.standardise.address.gazetteer import Gazetteer
from jishi.standardise.batch import standardise
from jishi_ingest.connectors import read_delivery
from jishi_ingest.source import Source, fit, load_sources, read_options, source_plan

ENTERPRISES, PLACES, BORDERS, PERSONS = "enterprise-registration", "places", "boundaries", "population"
HEADERS = ("企业名称", "统一社会信用代码", "注册日期", "注册资金", "经营范围")
TODAY = date(2026, 11, 21)


@dataclass(frozen=True)
class Case:
    """A file and what must come of it. Without ``fault``, ``received`` rows, of which ``refused`` fall to each rule."""

    name: str  # of the file as it is sent
    make: Callable[[], bytes]
    received: int = 0
    refused: Mapping[str, int] = field(default_factory=dict)  # rule → rows
    warned: Mapping[str, int] = field(default_factory=dict)
    bad: int | None = None  # rows refused by any rule; None = the sum
    fault: str | None = None  # code with which the whole file is refused
    line: int | None = None
    byte: int | None = None
    says: str = ""  # what the English sentence must hold beside that
    encoding: str | None = None
    format: str | None = None
    notes: tuple[str, ...] = ()
    source: str = ENTERPRISES
    declared: Mapping[str, Any] = field(default_factory=dict)  # members of the source that this delivery needs
    values: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)  # element → values of all rows, in order


@dataclass(frozen=True)
class Outcome:
    """What did come of it."""

    received: int
    refused: dict[str, int]
    warned: dict[str, int]
    bad: int
    encoding: str | None
    format: str
    notes: tuple[str, ...]
    frame: pl.DataFrame


def uscc_of(number: int) -> str:
    """A well-formed code of an invented enterprise."""
    inner = f"MA{number:06d}"
    body = f"91320505{inner}{organisation_code.check_character(inner)}"
    return body + uscc.check_character(body)


def rows_of(count: int, first: int = 1, name: str = "苏州某某{}有限公司") -> list[tuple[str, ...]]:
    """Rows of invented enterprises under HEADERS."""
    return [
        (name.format(number), uscc_of(number), f"20{number % 20:02}-01-04", "100万元", "生产、销售某某")
        for number in range(first, first + count)
    ]


def csv_text(
    rows: Sequence[tuple[str, ...]], headers: tuple[str, ...] = HEADERS, mark: str = ",", end: str = "\n"
) -> str:
    return "".join(mark.join(row) + end for row in [headers, *rows])


@cache
def code_lists() -> dict[str, CodeList]:
    return load_lists(Path(__file__).resolve().parents[2] / "dictionaries" / "codes")


@cache
def known_divisions() -> frozenset[str]:
    return Divisions(code_lists()["division"]).ever_known


@cache
def gazetteer() -> Gazetteer:
    folder = settings().dictionaries_dir / "address"
    words = load_address_words(folder, settings().home_dir / "dictionaries" / "address")
    return Gazetteer(code_lists()["division"], words, code_lists()["ethnicity"].names.values())


@cache
def settings() -> Settings:
    return Settings(home=Path("/nonexistent"))


@cache
def sources() -> dict[str, Source]:
    return load_sources(settings())


def source_of(case: Case) -> Source:
    source = sources()[case.source]
    return source.model_copy(update=dict(case.declared)) if case.declared else source


def travel(case: Case, data: bytes, chunk_rows: int | None = None) -> Outcome:
    """Read, fit, standardise and judge; raises InputRefusedError where the file is refused whole."""
    source = source_of(case)
    options = read_options(source, settings())
    options = options if chunk_rows is None else replace(options, chunk_rows=chunk_rows)
    reading = read_delivery(io.BytesIO(data), case.name, options)
    plan = source_plan(
        source,
        fit(source, reading.columns, reading.crs),
        delivered_at=datetime(2026, 11, 21, 8, tzinfo=UTC),
        code_lists=code_lists(),
        known_divisions=known_divisions(),
        sealer=Sealer(Keys(current=1, secrets={1: b"k" * 32})),
        city=City(),
        gazetteer=gazetteer(),
    )
    chunks = list(reading.chunks)
    numbers = [number for chunk in chunks for number in chunk["row_number"]]
    assert numbers == list(range(1, len(numbers) + 1)), "row numbers do not run on"
    frame = pl.concat([standardise(chunk, plan) for chunk in chunks])
    assert frame.height == len(numbers), "rows were lost in standardise"
    failed = {rule: numbers for rule, numbers in _failures(frame, source.register_name) if numbers}
    refusing = {rule: rows for rule, rows in failed.items() if rule.severity is not Severity.WARN}
    return Outcome(
        received=frame.height,
        refused={rule.id: len(rows) for rule, rows in refusing.items()},
        warned={rule.id: len(rows) for rule, rows in failed.items() if rule.severity is Severity.WARN},
        bad=len(set().union(*refusing.values())),
        encoding=reading.encoding,
        format=reading.format,
        notes=tuple(sorted(Counter(note.code for note in reading.ignored))),
        frame=frame,
    )


def refusal(case: Case, data: bytes) -> InputRefusedError | None:
    try:
        travel(case, data)
    except InputRefusedError as error:
        return error
    return None


def _failures(frame: pl.DataFrame, register: str) -> Iterator[tuple[Rule, set[int]]]:
    """A plain reading of each rule; the road's own tests hold it against Great Expectations."""
    for rule in registers()[register].rules:
        if rule.column in frame.columns and (rule.other is None or rule.other in frame.columns):
            numbers = frame.filter(_fails(rule).fill_null(rule.test is Test.NOT_NULL))["row_number"]
            yield rule, set(numbers)


def _fails(rule: Rule) -> pl.Expr:
    column, other = pl.col(rule.column), pl.col(str(rule.other))
    tests: dict[Test, Callable[[], pl.Expr]] = {
        Test.NOT_NULL: column.is_null,
        Test.IN_SET: lambda: ~column.is_in(list(rule.param("values"))),
        Test.MAX_LENGTH: lambda: column.str.len_chars() > rule.param("max"),
        Test.REGEX: lambda: ~column.str.contains(rule.param("regex")),
        Test.BETWEEN: lambda: _is_outside(column, *(_bound(rule.param(side)) for side in ("min", "max"))),
        Test.PAIR_EQUAL: lambda: column != other,
        Test.PAIR_NOT_BEFORE: lambda: column < other,
    }
    return tests[rule.test]()


def _is_outside(column: pl.Expr, low: Any, high: Any) -> pl.Expr:
    below = pl.lit(False) if low is None else column < low
    return below if high is None else below | (column > high)


def _bound(value: Any) -> Any:
    if value == "today":
        return TODAY
    return date.fromisoformat(value) if isinstance(value, str) else value
