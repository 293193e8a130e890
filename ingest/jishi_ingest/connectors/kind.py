"""What kind of file a delivery is: by its content first, by its name where content says nothing (step *read*)."""

from __future__ import annotations

import re
import zipfile
from pathlib import PurePath

from jishi_ingest.connectors.encoding import MARKS

TEXTS = {
    ".csv": "csv",
    ".tsv": "csv",
    ".txt": "csv",
    ".json": "json",
    ".geojson": "json",
    ".ndjson": "ndjson",
    ".jsonl": "ndjson",
    ".geojsonl": "ndjson",
    ".geojsonseq": "ndjson",
}
"""What a name promises of a text."""

PROMISES = TEXTS | {".xls": "xls", ".xlsx": "xlsx", ".parquet": "parquet", ".html": "html", ".htm": "html"}
"""What a name promises of any file; the others promise nothing."""

_MAGIC = (
    (b"\x1f\x8b", "gz"),
    (b"PK\x03\x04", "zip"),
    (b"PK\x05\x06", "zip"),
    (b"PAR1", "parquet"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "xls"),
    (b"%PDF", "PDF"),
    (b"\x89PNG", "PNG"),
    (b"\xff\xd8\xff", "JPEG"),
    (b"GIF8", "GIF"),
    (b"II*\x00", "TIFF"),
    (b"MM\x00*", "TIFF"),
    (b"Rar!", "RAR"),
    (b"7z\xbc\xaf\x27\x1c", "7z"),
    (b"BZh", "bzip2"),
    (b"\xfd7zXZ\x00", "xz"),
    (b"\x28\xb5\x2f\xfd", "Zstandard"),
    (b"SQLite format 3\x00", "SQLite"),
    (b"\x00\x00\x27\x0a", "shapefile (.shp)"),
    (b"{\\rtf", "RTF"),
)
_READABLE = ("gz", "zip", "parquet", "xls")
_RECORDS = re.compile(r'\s*(?:\[\s*[{\]]|\{\s*["}])')
_MARKUP = re.compile(r"\s*<(?:!doctype|html|head|body|meta|table|style|div|!--)", re.IGNORECASE)


def kind_of(head: bytes, name: str) -> tuple[str, bool]:
    """Kind of the file that begins with ``head``, and whether we read it.

    ``csv``, ``json``, ``ndjson`` (either of the two may turn out to be the other), ``html``, ``parquet``, ``xls``,
    ``zip``, ``gz``; of others the name a person knows them by.
    """
    kind = next((kind for magic, kind in _MAGIC if head.startswith(magic)), None)
    kind = "tar" if head[257:262] == b"ustar" else kind
    if kind is not None:
        return kind, kind in _READABLE
    text = _text(head)
    if text.lstrip().startswith("<"):
        is_page = bool(_MARKUP.match(text)) and "<worksheet" not in text.lower()
        return ("html", True) if is_page else ("XML", False)
    return _text_kind(text, TEXTS.get(PurePath(name).suffix.lower())), True


def _text_kind(text: str, promised: str | None) -> str:
    """Which kind of text, by how it begins and what the name promises; damaged JSON is told so as JSON."""
    if _RECORDS.match(text):
        return promised if promised in ("json", "ndjson") else "json"
    looks_cut_up = re.search(r"[,;\t|]", text.partition("\n")[0]) is not None
    if promised == "json" and (text.lstrip()[:1] in ("[", "{") or not looks_cut_up):
        return "json"
    return "ndjson" if promised == "ndjson" else "csv"


def zip_kind(archive: zipfile.ZipFile) -> str | None:
    """``xlsx``, ``shapefile``, the name of a kind of document that is a zip and that we do not read, or None."""
    names = {name.lower() for name in archive.namelist()}
    if "xl/workbook.xml" in names:
        return "xlsx"
    if any(name.endswith(".shp") for name in names):
        return "shapefile"
    documents = {"xl/workbook.bin": "xlsb", "word/document.xml": "docx", "ppt/presentation.xml": "pptx"}
    documents |= {"content.xml": "OpenDocument", "ofd.xml": "OFD", "doc.kml": "KMZ"}
    return next((kind for part, kind in documents.items() if part in names), None)


def disguise(name: str, kind: str) -> str | None:
    """The suffix of a name that promises another kind than the file is."""
    suffix = PurePath(name).suffix.lower()
    promised = PROMISES.get(suffix)
    return suffix if promised is not None and promised != kind else None


def _text(head: bytes) -> str:
    """The head as far as it is text; a mark says how, else every byte counts as one character."""
    for mark, _, codec in MARKS:
        if head.startswith(mark):
            return head[len(mark) :].decode(codec, "ignore").lstrip("\x00")
    return head.decode("latin-1").lstrip("\x00")
