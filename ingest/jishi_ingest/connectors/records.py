"""json (a list of records, or an object with one such list) and ndjson as text columns (step *read*).

Numbers keep the digits they were sent with; nested values become JSON text again.
"""

from __future__ import annotations

import io
import itertools
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, BinaryIO, cast

import polars as pl

from jishi.errors import InputRefusedError
from jishi_ingest.connectors.encoding import TextFacts, Utf8Stream, detect, last_line
from jishi_ingest.connectors.json_values import Twice, decode, text_of, whole
from jishi_ingest.connectors.reading import (
    MEBIBYTE,
    Reading,
    ReadOptions,
    begin,
    clean_headers,
    mark_rows,
    refuse_large,
    surplus_text,
)
from jishi_ingest.connectors.unpack import size_of

LONGEST = 32 * MEBIBYTE
"""Characters of one line."""


@dataclass(frozen=True, slots=True)
class Document:
    """A parsed JSON document and its encoding."""

    content: Any
    encoding: str


def read_lines_or_document(stream: BinaryIO, kind: str, options: ReadOptions) -> Reading | Document:
    """A file of one object a line is read as such, whatever its name says; any other must be one document."""
    facts = detect(stream)
    first, more = _first_line(stream, facts)
    if (more or kind == "ndjson") and isinstance(_value(first), dict):
        return read_ndjson(stream, facts, options)
    if kind == "ndjson" and not first.startswith("["):
        try:
            return parse_document(stream, facts, options)  # an object that was printed over several lines
        except InputRefusedError:
            return read_ndjson(stream, facts, options)
    return parse_document(stream, facts, options)


def parse_document(stream: BinaryIO, facts: TextFacts, options: ReadOptions) -> Document:
    """Raises ``ING-READ-JSON`` with line and byte of the fault, ``-TRUNCATED``, ``-NAMED-TWICE``, ``-DEEP``, ``-LARGE``."""
    refuse_large(size_of(stream), "JSON", options)
    source = Utf8Stream(stream, facts, block=16 * MEBIBYTE)
    text = b"".join(iter(source.read, b"")).decode("utf-8")
    if not text.strip():
        raise InputRefusedError("ING-READ-EMPTY")
    try:
        content = decode(text)
    except json.JSONDecodeError as error:
        line = _line_of(text, error.pos)
        if _breaks_off(text, error):
            raise InputRefusedError("ING-READ-TRUNCATED", line=_line_of(text, len(text.rstrip()))) from error
        byte = facts.mark + len(text[: error.pos].encode(facts.codec))
        raise InputRefusedError("ING-READ-JSON", line=line, byte=byte) from error
    if isinstance(content, Twice):
        raise InputRefusedError("ING-READ-NAMED-TWICE")
    return Document(content, facts.encoding)


def read_records(document: Any, encoding: str, options: ReadOptions) -> Reading:
    """Records of a parsed document; columns are the members of all records in the order they first appear."""
    records = find_records(document)
    columns = _member_names(records)
    return Reading(
        format="json",
        encoding=encoding,
        columns=clean_headers(map(whole, columns)),
        chunks=begin(lambda: _record_frames(records, columns, options.chunk_rows)),
    )


def find_records(document: Any) -> list[dict[str, Any]]:
    """The one list of objects in a document. Raises ``ING-READ-SHAPE`` when there is none, or more than one."""
    lists = [document] if isinstance(document, list) else []
    if isinstance(document, dict):
        lists = [member for member in document.values() if isinstance(member, list)]
    if len(lists) != 1 or not all(isinstance(record, dict) for record in lists[0]):
        raise InputRefusedError("ING-READ-SHAPE")
    if not lists[0]:
        raise InputRefusedError("ING-READ-NO-ROWS")
    return cast("list[dict[str, Any]]", lists[0])


def read_ndjson(stream: BinaryIO, facts: TextFacts, options: ReadOptions) -> Reading:
    """One JSON object a line, read twice: first for the members there are, then for the values.

    A line that is no object is a ragged row whose text stands in ``row_surplus``; a last one without newline was cut
    off.
    """
    members: dict[str, None] = {}
    for _, record, _ in _objects(stream, facts):
        members.update(dict.fromkeys(record or ()))
    if not members:
        raise InputRefusedError("ING-READ-EMPTY" if facts.empty else "ING-READ-NO-ROWS")
    columns = list(members)
    return Reading(
        format="ndjson",
        encoding=facts.encoding,
        columns=clean_headers(map(whole, columns)),
        chunks=begin(lambda: _ndjson_frames(stream, facts, columns, options.chunk_rows)),
    )


def member_frame(records: list[Mapping[str, Any]], columns: list[str], first: int) -> pl.DataFrame:
    """Members as text, a row a record; one that names a member twice is a ragged row."""
    names = clean_headers(map(whole, columns))
    frame = pl.DataFrame(
        {
            name: pl.Series(name, [text_of(record.get(column)) for record in records], dtype=pl.String)
            for column, name in zip(columns, names, strict=True)
        }
    )
    twice = {first + place: "" for place, record in enumerate(records) if isinstance(record, Twice)}
    return _with_broken(mark_rows(frame, names, first), twice)


def _record_frames(records: list[dict[str, Any]], columns: list[str], chunk_rows: int) -> Iterator[pl.DataFrame]:
    for start in range(0, len(records), chunk_rows):
        yield member_frame(cast("list[Mapping[str, Any]]", records[start : start + chunk_rows]), columns, start + 1)


def _ndjson_frames(stream: BinaryIO, facts: TextFacts, columns: list[str], chunk_rows: int) -> Iterator[pl.DataFrame]:
    part: list[Mapping[str, Any]] = []
    broken: dict[int, str] = {}
    first, size = 1, 0
    for number, record, text in _objects(stream, facts):
        part.append(record if record is not None else {})
        size += len(text)
        if record is None:
            broken[number] = text
        if len(part) == chunk_rows or size > 64 * MEBIBYTE:
            yield _with_broken(member_frame(part, columns, first), broken)
            first, part, broken, size = number + 1, [], {}, 0
    if part:
        yield _with_broken(member_frame(part, columns, first), broken)


def _with_broken(frame: pl.DataFrame, broken: dict[int, str]) -> pl.DataFrame:
    """Mark rows by number as ragged, with their text where they have one."""
    if not broken:
        return frame
    is_broken = pl.col("row_number").is_in(list(broken))
    surplus = {number: surplus_text([text] if text else []) for number, text in broken.items()}
    replaced = pl.col("row_fault").is_not_null() | pl.lit(False)
    return frame.with_columns(
        pl.when(is_broken & replaced)
        .then(pl.lit("ragged,replaced"))
        .when(is_broken)
        .then(pl.lit("ragged"))
        .otherwise("row_fault")
        .alias("row_fault"),
        pl.when(is_broken)
        .then(pl.col("row_number").replace_strict(surplus, default=None, return_dtype=pl.String))
        .otherwise("row_surplus")
        .alias("row_surplus"),
    )


def _objects(stream: BinaryIO, facts: TextFacts) -> Iterator[tuple[int, dict[str, Any] | None, str]]:
    """Number (1-based, blank lines not counted), object (None when the line is none) and text of each line."""
    record: dict[str, Any] | None = {}
    for number, text in enumerate(_lines(stream, facts), start=1):
        if len(text) >= LONGEST - 1:
            raise InputRefusedError("ING-READ-LONG", line=number, limit=LONGEST // MEBIBYTE)
        value = _value(text)
        record = value if isinstance(value, dict) else None
        yield number, record, text
    if not facts.ends_in_newline and record is None:
        raise InputRefusedError("ING-READ-TRUNCATED", line=last_line(stream, facts))


def _value(text: str) -> Any:
    """The value of one line, None where it is no JSON or nested too deep."""
    try:
        return decode(text)
    except (json.JSONDecodeError, RecursionError, InputRefusedError):
        return None


def _lines(stream: BinaryIO, facts: TextFacts) -> Iterator[str]:
    """Lines that are not blank, trimmed; one beyond ``LONGEST`` comes in pieces of that length."""
    stream.seek(facts.mark)
    wrapper = io.TextIOWrapper(stream, encoding=facts.codec, newline=None)
    try:
        while line := wrapper.readline(LONGEST):
            if text := line.strip():
                yield text
    finally:
        wrapper.detach()


def _first_line(stream: BinaryIO, facts: TextFacts) -> tuple[str, bool]:
    """The first line, and whether there is another."""
    lines = _lines(stream, facts)
    found = list(itertools.islice(lines, 2))
    lines.close()  # type: ignore[attr-defined]
    return (found or [""])[0], len(found) > 1


def _line_of(text: str, position: int) -> int:
    before = text[:position]
    return before.count("\n") + before.count("\r") - before.count("\r\n") + 1


def _breaks_off(text: str, error: json.JSONDecodeError) -> bool:
    """Whether the document was good up to its end: nothing but the rest is missing."""
    return error.pos >= len(text.rstrip()) or error.msg.startswith("Unterminated string")


def _member_names(records: list[dict[str, Any]]) -> list[str]:
    members: dict[str, None] = {}
    for record in records:
        members.update(dict.fromkeys(record))
    return list(members)
