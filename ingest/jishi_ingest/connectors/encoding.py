"""Which encoding a text file has, found by decoding all of it, and the same bytes as a stream of UTF-8 (step *read*).

Detection never guesses in silence: a byte order mark decides; else the whole file must be UTF-8; else the whole file
must be GB18030. A file that was good UTF-8 for a stretch no GB18030 text can imitate is damaged UTF-8 and refused, and
so is GB18030 in which such stretches stand, and a file with a hole of NUL bytes.
"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass
from typing import BinaryIO

from jishi.errors import InputRefusedError
from jishi_ingest.connectors.reading import MEBIBYTE, REPLACEMENT

MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig", "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le", "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be", "utf-16-be"),
)

CERTAIN = 48
"""So many continuation bytes of valid UTF-8 do not happen in GB18030, where one character in five fits."""


HOLE = 64
"""So many NUL bytes on end are what a transfer that broke off and went on left behind, no damaged cell."""

_UTF8_WORD = re.compile(rb"(?<![\x80-\xff])(?:[\xe3-\xe9\xef][\x80-\xbf]{2}){5,}(?![\x80-\xff])")
"""Five Chinese characters or signs in UTF-8 that stand by themselves; in GB18030 one word in 10^12 looks so."""

_CLASSES = bytes(
    ord("L") if byte in (*range(0xE3, 0xEA), 0xEF) else ord("C") if 0x80 <= byte < 0xC0 else ord(".")
    for byte in range(256)
)
"""Bytes by what they may be in such a word: so translated, it is found many times faster than by the expression."""

_OVERLAP = 256
"""Bytes that a block is searched again with the next."""


@dataclass(frozen=True, slots=True)
class TextFacts:
    """What one pass over a text file found."""

    encoding: str  # as reported: utf-8, utf-8-sig, utf-16-le, utf-16-be, gb18030
    codec: str
    mark: int  # bytes of the byte order mark
    empty: bool  # nothing but the mark
    replaced: bool  # holds U+FFFD or NUL somewhere
    nul: bool
    ends_in_newline: bool


def detect(stream: BinaryIO) -> TextFacts:
    """Decode the whole stream once; afterwards it stands at its start again.

    Raises InputRefusedError ``ING-READ-ENCODING``, ``-MIXED`` (UTF-8 inside GB18030) or ``-NUL`` with the byte (0-based)
    and line (1-based) of the first fault.
    """
    stream.seek(0)
    head = stream.read(4)
    for mark, name, codec in MARKS:
        if head.startswith(mark):
            found = _examine(stream, name, codec, len(mark))
            break
    else:
        found = _without_mark(stream)
    if isinstance(found, _Fault):
        line = count_newlines(stream, found.codec, found.mark, found.byte) + 1
        raise InputRefusedError(found.code, byte=found.byte, line=line)
    stream.seek(0)
    return found


def last_line(stream: BinaryIO, facts: TextFacts) -> int:
    """Number (1-based) of the line after the last line end."""
    return count_newlines(stream, facts.codec, facts.mark, None) + 1


class Utf8Stream:
    """The text behind ``facts`` as UTF-8 without a mark, ``block`` bytes a read, whatever was asked for.

    A read never ends between CR and LF: a reader that takes blocks apart would lose one of the two inside quotes.
    NUL comes out as U+FFFD, for PostgreSQL stores none. ``tail`` ends the last read: by itself it could leave a short
    block without the end of a row, which Arrow does not take. ``skip``: bytes of UTF-8 left out at the beginning.
    """

    def __init__(
        self, stream: BinaryIO, facts: TextFacts, block: int = 4 * MEBIBYTE, tail: bytes = b"", skip: int = 0
    ) -> None:
        self._stream, self._facts, self._block, self._tail = stream, facts, block, tail
        self._decoder = codecs.getincrementaldecoder(facts.codec)("strict")
        self.closed = False
        stream.seek(facts.mark)
        self._ahead = self._whole_piece()
        while skip and self._ahead:
            taken = min(skip, len(self._ahead))
            skip, self._ahead = skip - taken, self._ahead[taken:] or self._whole_piece()

    def read(self, _size: int = -1) -> bytes:
        piece, self._ahead = self._ahead, self._whole_piece()
        if not self._ahead:
            piece, self._tail = piece + self._tail, b""
        return piece

    def readable(self) -> bool:
        return True

    def writable(self) -> bool:
        return False

    def seekable(self) -> bool:
        return False

    def close(self) -> None:
        self.closed = True

    def _whole_piece(self) -> bytes:
        piece = self._piece(self._block)
        while piece.endswith(b"\r") and (more := self._piece(2)):
            piece += more
        return piece

    def _piece(self, size: int) -> bytes:
        while raw := self._stream.read(size):
            text = raw if self._facts.codec == "utf-8" else self._decoder.decode(raw).encode()
            if text:
                return text.replace(b"\x00", REPLACEMENT.encode()) if self._facts.nul else text
        return b""


def count_newlines(stream: BinaryIO, codec: str, mark: int, end: int | None) -> int:
    """Line ends (LF, CR LF or CR) from the mark up to byte ``end``, None = to the end of the file."""
    decoder = codecs.getincrementaldecoder(codec)("ignore")
    stream.seek(mark)
    left, count, last = (1 << 62) if end is None else end - mark, 0, ""
    while left > 0 and (raw := stream.read(min(MEBIBYTE, left))):
        text = decoder.decode(raw)
        count += text.count("\n") + text.count("\r") - text.count("\r\n") - (last == "\r" and text[:1] == "\n")
        last = text[-1:] or last
        left -= len(raw)
    return count


@dataclass(frozen=True, slots=True)
class _Fault:
    byte: int
    codec: str
    mark: int
    continued: int  # continuation bytes of UTF-8 before the fault
    code: str = "ING-READ-ENCODING"


def _without_mark(stream: BinaryIO) -> TextFacts | _Fault:
    utf8 = _examine(stream, "utf-8", "utf-8", 0)
    if isinstance(utf8, TextFacts) or utf8.continued >= CERTAIN or utf8.code == "ING-READ-NUL":
        return utf8
    other = _examine(stream, "gb18030", "gb18030", 0)
    if isinstance(other, TextFacts) or other.code != "ING-READ-ENCODING":
        return other
    return max(utf8, other, key=lambda fault: fault.byte)


def _examine(stream: BinaryIO, name: str, codec: str, mark: int) -> TextFacts | _Fault:
    """Strictly decode everything after the mark with ``codec``; a fault says where it lies."""
    stream.seek(mark)
    decoder = codecs.getincrementaldecoder(codec)("strict")
    position, continued, last, replaced, before = mark, 0, "", False, b""
    nuls = _Nuls(codec, mark)
    while True:
        raw = stream.read(MEBIBYTE)
        waiting = len(decoder.getstate()[0])
        if codec == "gb18030" and (found := _find_utf8(before + raw)) >= 0:
            return _Fault(position - len(before) + found, codec, mark, continued, "ING-READ-MIXED")
        try:
            text = decoder.decode(raw, final=not raw)
        except UnicodeDecodeError as error:
            place = position - waiting + error.start
            nuls.look(raw[: max(place - position, 0)], error.object[: error.start].decode(codec, "ignore"))
            return nuls.fault(place) or _Fault(place, codec, mark, continued + _continued(error))
        nuls.look(raw, text)
        replaced = replaced or REPLACEMENT in text
        last = text[-1:] or last
        if not raw:
            break
        continued += len(raw) - len(text)
        position += len(raw)
        before = raw[-_OVERLAP:]
    return nuls.fault(position) or TextFacts(
        encoding=name,
        codec=codec,
        mark=mark,
        empty=position == mark,
        replaced=replaced or nuls.count > 0,
        nul=nuls.count > 0,
        ends_in_newline=last in ("\n", "\r"),
    )


def _find_utf8(raw: bytes) -> int:
    """Where a word in UTF-8 begins, -1 without one."""
    likely = raw.translate(_CLASSES).find(b"LCC" * 5)
    found = _UTF8_WORD.search(raw, max(likely - 3, 0)) if likely >= 0 else None
    return found.start() if found else -1


class _Nuls:
    """NUL characters of a text: how many, where the first and the first hole of them lie."""

    def __init__(self, codec: str, mark: int) -> None:
        self._codec, self._mark = codec, mark
        self._width = 2 if codec.startswith("utf-16") else 1
        self.count, self._first, self._hole, self._run = 0, -1, -1, 0
        self._position = mark

    def look(self, raw: bytes, text: str) -> None:
        found = text.count("\x00")
        if found:
            self.count += found
            whole = b"\x00" * self._run * self._width + raw
            if self._first < 0:
                self._first = self._position + max(raw.find(b"\x00" * self._width), 0)
            if self._hole < 0 and (at := whole.find(b"\x00" * HOLE * self._width)) >= 0:
                self._hole = self._position + at - self._run * self._width
        ending = len(text) - len(text.rstrip("\x00"))
        self._run = min(self._run + ending if ending == len(text) else ending, HOLE)
        self._position += len(raw)

    def fault(self, end: int) -> _Fault | None:
        """UTF-16 without a mark, no text at all, or a hole; None where single cells hold a NUL."""
        if self._hole < 0 and self.count * 16 <= end:
            return None
        place = self._hole if self._hole >= 0 else self._first
        return _Fault(place, self._codec, self._mark, CERTAIN, "ING-READ-NUL")


def _continued(error: UnicodeDecodeError) -> int:
    """Continuation bytes of UTF-8 in the piece that was good before the fault."""
    return sum(byte & 0xC0 == 0x80 for byte in error.object[: error.start]) if error.encoding == "utf-8" else 0
