"""Inputs of the fuzzer: a corpus file, bent byte by byte or in its own structure, by a random source alone."""

from __future__ import annotations

import gzip
import io
import random
import re
import warnings
import zipfile
import zlib
from collections.abc import Callable, Sequence
from typing import Any

Seed = tuple[Any, bytes]  # the corpus case and its file

WORDS = (
    b'"',
    b'""',
    b",",
    b"\n",
    b"\r",
    b"\r\n",
    b"\x00",
    b"\xff",
    b"\xef\xbb\xbf",
    b"\xff\xfe",
    b"\xed\xa0\x80",
    b"{",
    b"[",
    b"]}",
    b"null",
    b"NaN",
    b"1e999",
    b"-0",
    b"9" * 400,
    b"\\ud800",
    b"<f>",
    b"<v></v>",
    b'<c r="XFD1048576"><v>1</v></c>',
    b'<c r="A0">',
    b't="e"',
    b't="s"',
    b'rowspan="999999999"',
    b"<table>",
    b"</table>",
    b"<tr>",
    b"#REF!",
    "统一社会信用代码".encode(),
    "企业名称".encode("gb18030"),
    "合计".encode(),
    b"PK\x03\x04",
    b"PAR1",
    b"\x1f\x8b\x08",
    b"\x7f\xff\xff\xff",
    b"\xff\xff\xff\xff",
    b"\x80\x00\x00\x00",
)


def bend(seeds: Sequence[Seed], source: random.Random) -> tuple[Any, str, bytes, str]:
    """One input: the case it came from, its name, its bytes and the way it was bent."""
    case, data = source.choice(seeds)
    name = case.name if source.random() < 0.9 else source.choice(seeds)[0].name
    ways: list[tuple[str, Callable[[bytes, random.Random], bytes]]] = [
        ("bits", _bits),
        ("cut", _cut),
        ("words", _words),
        ("doubled", _doubled),
        ("spliced", lambda data, source: _spliced(data, source.choice(seeds)[1], source)),
        ("numbers", _numbers),
    ]
    way, act = source.choice(ways)
    if data.startswith(b"PK") and source.random() < 0.7:
        return case, name, _inside_zip(data, act, source), f"zip/{way}"
    if data.startswith(b"\x1f\x8b") and source.random() < 0.7:
        return case, name, _inside_gzip(data, act, source), f"gz/{way}"
    if source.random() < 0.25:
        return case, name, _recoded(act(data, source), source), f"recoded/{way}"
    for _ in range(source.choice((1, 1, 1, 2, 5))):
        data = act(data, source)
    return case, name, data, way


def _bits(data: bytes, source: random.Random) -> bytes:
    changed = bytearray(data)
    for _ in range(source.choice((1, 1, 2, 8, 64))):
        if changed:
            changed[source.randrange(len(changed))] ^= 1 << source.randrange(8)
    return bytes(changed)


def _cut(data: bytes, source: random.Random) -> bytes:
    """The end, the beginning or the middle goes."""
    first, last = sorted(source.randrange(len(data) + 1) for _ in range(2))
    return source.choice((data[:first], data[last:], data[:first] + data[last:]))


def _words(data: bytes, source: random.Random) -> bytes:
    for _ in range(source.choice((1, 2, 4))):
        place = source.randrange(len(data) + 1)
        gone = source.choice((0, 0, 1, 4))
        data = data[:place] + source.choice(WORDS) * source.choice((1, 1, 1, 3, 300)) + data[place + gone :]
    return data


def _doubled(data: bytes, source: random.Random) -> bytes:
    """A piece stands several times."""
    first, last = sorted(source.randrange(len(data) + 1) for _ in range(2))
    last = min(last, first + 4_000)
    return data[:last] + data[first:last] * source.choice((1, 2, 30)) + data[last:]


def _spliced(data: bytes, other: bytes, source: random.Random) -> bytes:
    return data[: source.randrange(len(data) + 1)] + other[source.randrange(len(other) + 1) :]


def _numbers(data: bytes, source: random.Random) -> bytes:
    """Numbers of the text, or four bytes as a count, become others."""
    found = list(re.finditer(rb"\d+", data))
    if found and source.random() < 0.6:
        one = source.choice(found)
        new = source.choice((b"0", b"-1", b"4294967296", b"99999999999999999999", b"1e308", b"", b"1048576"))
        return data[: one.start()] + new + data[one.end() :]
    place = source.randrange(len(data) + 1)
    count = source.choice((0, 1, 0x7FFFFFFF, 0xFFFFFFFF, source.getrandbits(16), source.getrandbits(32)))
    return data[:place] + count.to_bytes(4, source.choice(("little", "big"))) + data[place + 4 :]


def _recoded(data: bytes, source: random.Random) -> bytes:
    text = data.decode("utf-8", "replace")
    return text.encode(source.choice(("gb18030", "utf-16", "utf-16-le", "utf-8-sig", "utf-32")), "replace")


def _inside_zip(data: bytes, act: Callable[[bytes, random.Random], bytes], source: random.Random) -> bytes:
    """One member is bent, renamed, dropped or doubled, and the archive is a sound one again."""
    out = io.BytesIO()
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as old:
            members = [(info.filename, old.read(info)) for info in old.infolist()]
    except (zipfile.BadZipFile, RuntimeError, NotImplementedError, ValueError, OSError, EOFError, zlib.error):
        return act(data, source)
    if not members:
        return act(data, source)
    chosen = source.randrange(len(members))
    deed = source.random()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new, warnings.catch_warnings(action="ignore"):
        for place, (name, content) in enumerate(members):
            if place == chosen and deed < 0.1:
                continue
            bent = act(content, source) if place == chosen and deed < 0.8 else content
            new.writestr(
                name if place != chosen or deed < 0.9 else source.choice((f"../{name}", "a.csv", name.upper())), bent
            )
            if place == chosen and 0.8 <= deed < 0.9:
                new.writestr(name, content)
    return out.getvalue()


def _inside_gzip(data: bytes, act: Callable[[bytes, random.Random], bytes], source: random.Random) -> bytes:
    try:
        return gzip.compress(act(gzip.decompress(data), source), 1)
    except (OSError, EOFError, ValueError, zlib.error):
        return act(data, source)
