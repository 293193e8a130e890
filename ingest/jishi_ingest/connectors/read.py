"""The door of step *read*: what kind of file a delivery is, by its content, then its name, and its reader."""

from __future__ import annotations

from pathlib import PurePath
from typing import BinaryIO

from jishi.errors import InputRefusedError
from jishi_ingest.connectors import delimited, geojson, parquet, records, shapefile, unpack, workbook
from jishi_ingest.connectors.reading import Reading, ReadOptions

TEXTS = {
    ".csv": "csv",
    ".tsv": "csv",
    ".txt": "csv",
    ".json": "json",
    ".geojson": "json",
    ".ndjson": "ndjson",
    ".jsonl": "ndjson",
    ".geojsonl": "ndjson",
}
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


def read_delivery(stream: BinaryIO, name: str, options: ReadOptions | None = None) -> Reading:
    """Open a delivery's plain bytes (seekable) as text columns; ``name`` is that of the file as it was sent.

    Raises InputRefusedError when the file cannot be read as a whole, with line or byte where known; the same error may
    come while the chunks are read. Rows that are damaged alone come out with their ``row_fault``.
    """
    options = options or ReadOptions()
    stream.seek(0)
    head = stream.read(4096)
    stream.seek(0)
    if not head:
        raise InputRefusedError("ING-READ-EMPTY")
    if head.startswith(b"\x1f\x8b"):
        return read_delivery(unpack.open_gzip(stream, options), _without_suffix(name, ".gz"), options)
    if head.startswith(b"PK\x03\x04") or head.startswith(b"PK\x05\x06"):
        return _read_zip(stream, name, options)
    if head.startswith(b"PAR1"):
        return parquet.read_parquet(stream, options)
    if head.startswith(OLE):
        return workbook.read_workbook(stream, "xls", options)
    return _read_text(stream, name, head, options)


def _read_zip(stream: BinaryIO, name: str, options: ReadOptions) -> Reading:
    """A workbook, a shapefile with its side files, or one packed file."""
    archive, members = unpack.zip_members(stream)
    names = {member.filename for member in members}
    if names & {"xl/workbook.xml", "xl/workbook.bin"}:
        for member in members:
            unpack.refuse_bomb(member.file_size, member.compress_size, options)
        return workbook.read_workbook(stream, "xlsx", options)
    if any(member.lower().endswith(".shp") for member in names):
        for member in members:
            unpack.refuse_bomb(member.file_size, member.compress_size, options)
        return shapefile.read_shapefile(stream, options)
    if len(members) != 1:
        raise InputRefusedError("ING-READ-MEMBERS", count=len(members))
    if PurePath(members[0].filename).suffix.lower() in (".zip", ".gz"):
        raise InputRefusedError("ING-READ-NESTED")
    return read_delivery(unpack.open_zip_member(archive, members[0], options), members[0].filename, options)


def _read_text(stream: BinaryIO, name: str, head: bytes, options: ReadOptions) -> Reading:
    first = head.lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n\x00")[:1]
    kind = TEXTS.get(PurePath(name).suffix.lower())
    if first == b"<" or head.startswith((b"%PDF", b"\x89PNG", b"Rar!", b"7z\xbc\xaf")):
        raise InputRefusedError("ING-READ-FORMAT")
    if kind is None:
        kind = "json" if first in (b"{", b"[") else "csv"
    if kind == "csv":
        return delimited.read_delimited(stream, options)
    if kind == "ndjson":
        return records.read_ndjson(stream, options)
    document, encoding = records.parse_document(stream)
    if isinstance(document, dict) and document.get("type") == "FeatureCollection":
        return geojson.read_geojson(document, encoding, options)
    return records.read_records(document, encoding, options)


def _without_suffix(name: str, suffix: str) -> str:
    return name[: -len(suffix)] if name.lower().endswith(suffix) else name
