"""The door of step *read*: what kind of file a delivery is, by its content, then its name, and its reader."""

from __future__ import annotations

import io
from dataclasses import replace
from typing import BinaryIO

from jishi.errors import Fault, InputRefusedError
from jishi_ingest.connectors import (
    delimited,
    geojson,
    markup,
    parquet,
    records,
    repaired,
    shapefile,
    unpack,
    workbook,
)
from jishi_ingest.connectors.kind import disguise, kind_of, zip_kind
from jishi_ingest.connectors.reading import Reading, ReadOptions, refuse_large

HEAD = 4096


def read_delivery(stream: BinaryIO, name: str, options: ReadOptions | None = None) -> Reading:
    """Open a delivery's plain bytes (seekable) as text columns; ``name`` is that of the file as it was sent.

    Raises InputRefusedError when the file cannot be read as a whole, with line or byte where known; the same error may
    come while the chunks are read. Rows that are damaged alone come out with their ``row_fault``.
    """
    return _read(stream, name, options or ReadOptions(), packed=False)


def read_batch(stream: BinaryIO, name: str, options: ReadOptions, *, repair: bool) -> Reading:
    """The same of what landed: a delivery, or rows of a ``repair``, in the form in which these land."""
    return repaired.read_repaired(stream, options) if repair else read_delivery(stream, name, options)


def _read(stream: BinaryIO, name: str, options: ReadOptions, *, packed: bool) -> Reading:
    stream.seek(0)
    head = stream.read(HEAD)
    stream.seek(0)
    if not head:
        raise InputRefusedError("ING-READ-EMPTY")
    kind, known = kind_of(head, name)
    if not known:
        raise InputRefusedError("ING-READ-FORMAT", kind=kind)
    if kind == "gz":
        if packed:
            raise InputRefusedError("ING-READ-NESTED")
        return _read(unpack.open_gzip(stream, options), _without_suffix(name, ".gz"), options, packed=True)
    if packed and kind in ("zip", "xls", "parquet"):  # their readers go back and forth
        stream = _held(stream, kind, options)
    if kind == "zip":
        return _read_zip(stream, name, options, packed=packed)
    return _said(_read_plain(stream, name, kind, options), name)


def _held(stream: BinaryIO, kind: str, options: ReadOptions) -> BinaryIO:
    content = stream.read(options.max_document_bytes + 1)
    refuse_large(len(content), kind, options)
    return io.BytesIO(content)


def _read_plain(stream: BinaryIO, name: str, kind: str, options: ReadOptions) -> Reading:
    match kind:
        case "parquet":
            return parquet.read_parquet(stream, options)
        case "xls":
            return workbook.read_workbook(stream, kind, name, options)
        case "html":
            return markup.read_html(stream, name, options)
        case "csv":
            return delimited.read_delimited(stream, name, options)
    return _read_json(stream, kind, options)


def _read_json(stream: BinaryIO, kind: str, options: ReadOptions) -> Reading:
    found = records.read_lines_or_document(stream, kind, options)
    if isinstance(found, Reading):
        return found
    if geojson.is_collection(found.content):
        return geojson.read_geojson(found.content, found.encoding, options)
    return records.read_records(found.content, found.encoding, options)


def _read_zip(stream: BinaryIO, name: str, options: ReadOptions, *, packed: bool) -> Reading:
    """A workbook, a shapefile with its side files, or one packed file."""
    archive, members = unpack.zip_members(stream)
    match zip_kind(archive):
        case "xlsx":
            unpack.check_members(archive, members, workbook.LARGEST, options)
            return _said(workbook.read_workbook(stream, "xlsx", name, options), name)
        case "shapefile":
            unpack.check_members(archive, members, options.max_document_bytes, options)
            return shapefile.read_shapefile(archive, members, options)
        case str() as kind:
            raise InputRefusedError("ING-READ-FORMAT", kind=kind)
    if packed:
        raise InputRefusedError("ING-READ-NESTED")
    if len(members) != 1:
        raise InputRefusedError("ING-READ-MEMBERS", count=len(members))
    member = members[0]
    if member.filename.lower().endswith((".zip", ".gz")):
        raise InputRefusedError("ING-READ-NESTED")
    return _read(unpack.open_zip_member(archive, member, options), member.filename, options, packed=True)


def _said(reading: Reading, name: str) -> Reading:
    """With a note where the name promised another kind of file."""
    suffix = disguise(name, "json" if reading.format == "geojson" else reading.format)
    if suffix is None:
        return reading
    note = Fault(name, "ING-NOTE-KIND", {"suffix": suffix, "kind": reading.format})
    if isinstance(reading.ignored, list):
        reading.ignored.append(note)
        return reading
    return replace(reading, ignored=[note])


def _without_suffix(name: str, suffix: str) -> str:
    return name[: -len(suffix)] if name.lower().endswith(suffix) else name
