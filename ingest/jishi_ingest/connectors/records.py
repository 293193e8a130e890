"""json (a list of records, or an object with one such list) and ndjson as text columns (step *read*).

Numbers keep the digits they were sent with; nested values become JSON text again.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from typing import Any, BinaryIO, cast

import polars as pl

from jishi.errors import InputRefusedError
from jishi_ingest.connectors.encoding import TextFacts, Utf8Stream, detect, last_line
from jishi_ingest.connectors.reading import (
    MEBIBYTE,
    Reading,
    ReadOptions,
    begin,
    clean_headers,
    mark_rows,
    surplus_text,
)


class Literal(str):
    """A JSON number as it was written."""

    __slots__ = ()


_DECODER = json.JSONDecoder(parse_float=Literal, parse_int=Literal, parse_constant=Literal)


def parse_document(stream: BinaryIO) -> tuple[Any, str]:
    """The JSON document and its encoding. Raises ``ING-READ-JSON`` with line and byte where it breaks off."""
    facts = detect(stream)
    source = Utf8Stream(stream, facts, block=16 * MEBIBYTE)
    text = b"".join(iter(source.read, b"")).decode("utf-8").strip()
    if not text:
        raise InputRefusedError("ING-READ-EMPTY")
    try:
        return _DECODER.decode(text), facts.encoding
    except json.JSONDecodeError as error:
        raise InputRefusedError("ING-READ-JSON", line=error.lineno, byte=None) from error
    except RecursionError as error:
        raise InputRefusedError("ING-READ-JSON") from error


def read_records(document: Any, encoding: str, options: ReadOptions) -> Reading:
    """Records of a parsed document; columns are the members of all records in the order they first appear."""
    records = find_records(document)
    columns = _member_names(records)
    return Reading(
        format="json",
        encoding=encoding,
        columns=clean_headers(columns),
        chunks=begin(lambda: record_frames(records, columns, options.chunk_rows)),
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


def record_frames(records: list[dict[str, Any]], columns: list[str], chunk_rows: int) -> Iterator[pl.DataFrame]:
    """Frames of at most ``chunk_rows`` records, members as text."""
    names = clean_headers(columns)
    for start in range(0, len(records), chunk_rows):
        part = records[start : start + chunk_rows]
        yield mark_rows(_frame(part, columns, names), names, start + 1)


def read_ndjson(stream: BinaryIO, options: ReadOptions) -> Reading:
    """One JSON object a line, read twice: first for the members there are, then for the values.

    A line that is no object is a ragged row whose text stands in ``row_surplus``; a last one without newline was cut
    off.
    """
    facts = detect(stream)
    members: dict[str, None] = {}
    for _, record, _ in _objects(stream, facts):
        members.update(dict.fromkeys(record or ()))
    if not members:
        raise InputRefusedError("ING-READ-EMPTY" if facts.empty else "ING-READ-NO-ROWS")
    columns = list(members)
    return Reading(
        format="ndjson",
        encoding=facts.encoding,
        columns=clean_headers(columns),
        chunks=begin(lambda: _ndjson_frames(stream, facts, columns, options.chunk_rows)),
    )


def text_of(value: Any) -> str | None:
    """A JSON value as the text of a cell."""
    if value is None or isinstance(value, str):
        return None if value is None else str(value)
    return _dump(value)


def _ndjson_frames(stream: BinaryIO, facts: TextFacts, columns: list[str], chunk_rows: int) -> Iterator[pl.DataFrame]:
    names = clean_headers(columns)
    part: list[dict[str, Any]] = []
    broken: dict[int, str] = {}
    first = 1
    for number, record, text in _objects(stream, facts):
        part.append(record if record is not None else {})
        if record is None:
            broken[number] = text
        if len(part) == chunk_rows:
            yield _with_broken(mark_rows(_frame(part, columns, names), names, first), broken)
            first, part, broken = number + 1, [], {}
    if part:
        yield _with_broken(mark_rows(_frame(part, columns, names), names, first), broken)


def _with_broken(frame: pl.DataFrame, broken: dict[int, str]) -> pl.DataFrame:
    if not broken:
        return frame
    is_broken = pl.col("row_number").is_in(list(broken))
    surplus = {number: surplus_text([text]) for number, text in broken.items()}
    return frame.with_columns(
        pl.when(is_broken).then(pl.lit("ragged")).otherwise(pl.col("row_fault")).alias("row_fault"),
        pl.col("row_number").replace_strict(surplus, default=None, return_dtype=pl.String).alias("row_surplus"),
    )


def _objects(stream: BinaryIO, facts: TextFacts) -> Iterator[tuple[int, dict[str, Any] | None, str]]:
    """Number (1-based, blank lines not counted), object (None when the line is none) and text of each line."""
    number, text = 0, ""
    record: dict[str, Any] | None = {}
    for line in _lines(stream, facts):
        text = line.strip()
        if not text:
            continue
        number += 1
        try:
            value = _DECODER.decode(text)
        except (json.JSONDecodeError, RecursionError):
            value = None
        record = value if isinstance(value, dict) else None
        yield number, record, text
    if not facts.ends_in_newline and record is None:
        raise InputRefusedError("ING-READ-TRUNCATED", line=last_line(stream, facts))


def _lines(stream: BinaryIO, facts: TextFacts) -> Iterator[str]:
    stream.seek(facts.mark)
    wrapper = io.TextIOWrapper(stream, encoding=facts.codec, newline="\n")
    try:
        yield from wrapper
    finally:
        wrapper.detach()


def _member_names(records: list[dict[str, Any]]) -> list[str]:
    members: dict[str, None] = {}
    for record in records:
        members.update(dict.fromkeys(record))
    return list(members)


def _frame(records: list[dict[str, Any]], columns: list[str], names: tuple[str, ...]) -> pl.DataFrame:
    return pl.DataFrame(
        {
            name: pl.Series(name, [text_of(record.get(column)) for record in records], dtype=pl.String)
            for column, name in zip(columns, names, strict=True)
        }
    )


def _dump(value: Any) -> str:
    if isinstance(value, Literal):
        return str(value)
    if isinstance(value, dict):
        members = (f"{json.dumps(key, ensure_ascii=False)}: {_dump(member)}" for key, member in value.items())
        return "{" + ", ".join(members) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_dump, value)) + "]"
    return json.dumps(value, ensure_ascii=False)
