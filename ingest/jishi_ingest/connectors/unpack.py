"""gz and single-member zip opened in place, with a limit on what comes out; nothing is ever written (step *read*)."""

from __future__ import annotations

import gzip
import io
import lzma
import zipfile
import zlib
from typing import IO, Any, BinaryIO, cast

from jishi.errors import InputRefusedError
from jishi_ingest.connectors.reading import MEBIBYTE, ReadOptions

FREE = 16 * MEBIBYTE
"""Up to this size no one asks for the ratio: a small file of blanks may well shrink a thousandfold."""

MEMBERS = 10_000
"""More files than this are no delivery."""

DAMAGE = (
    zlib.error,
    lzma.LZMAError,
    zipfile.BadZipFile,
    gzip.BadGzipFile,
    *(EOFError, RuntimeError, NotImplementedError, OSError, ValueError),
)


def size_of(stream: BinaryIO) -> int:
    """Bytes of a seekable stream, which stands at its start afterwards."""
    size = stream.seek(0, io.SEEK_END)
    stream.seek(0)
    return size


def open_gzip(stream: BinaryIO, options: ReadOptions) -> BinaryIO:
    """The content of a gzip file as a seekable stream; seeking back unpacks again, nothing is kept."""
    packed = size_of(stream)
    return _limited(cast("IO[bytes]", gzip.GzipFile(fileobj=stream)), packed, stream, options)


def open_zip_member(archive: zipfile.ZipFile, member: zipfile.ZipInfo, options: ReadOptions) -> BinaryIO:
    """One member of a zip as a seekable stream. Raises ``ING-READ-PASSWORD`` when it is encrypted."""
    refuse_bomb(member.file_size, member.compress_size, options)
    try:
        return _limited(archive.open(member), member.compress_size, cast(BinaryIO, archive.fp), options)
    except DAMAGE as error:
        raise InputRefusedError("ING-READ-ARCHIVE", byte=member.header_offset) from error


def zip_members(stream: BinaryIO) -> tuple[zipfile.ZipFile, list[zipfile.ZipInfo]]:
    """The archive and its files, without folders and what a Mac leaves beside them.

    Names are GB18030 where nothing says UTF-8, as Windows in China packs them. Raises ``ING-READ-ARCHIVE``,
    ``-PASSWORD`` and ``-MEMBER-TWICE``.
    """
    archive = _open(stream)
    members = [
        member
        for member in archive.infolist()
        if not member.filename.endswith("/")
        and "__MACOSX" not in member.filename
        and not member.filename.endswith(".DS_Store")
    ]
    if len(members) > MEMBERS:
        raise InputRefusedError("ING-READ-MEMBERS", count=len(members))
    seen: set[str] = set()
    for member in members:
        if member.flag_bits & 0x1:
            raise InputRefusedError("ING-READ-PASSWORD")
        if member.filename in seen:
            raise InputRefusedError("ING-READ-MEMBER-TWICE", member=member.filename)
        seen.add(member.filename)
    return archive, members


def refuse_bomb(unpacked: int, packed: int, options: ReadOptions) -> None:
    """Raise ``ING-READ-BOMB`` when a file grows beyond what an honest delivery does."""
    if unpacked > options.max_bytes or (unpacked > FREE and unpacked > packed * options.max_ratio):
        raise InputRefusedError("ING-READ-BOMB", mebibytes=unpacked // MEBIBYTE, ratio=unpacked // max(packed, 1))


def check_members(archive: zipfile.ZipFile, members: list[zipfile.ZipInfo], limit: int, options: ReadOptions) -> None:
    """Unpack every member once, so that what its library is told of sizes and checksums is true.

    ``limit``: bytes of all members together. Raises ``ING-READ-BOMB`` and ``-ARCHIVE``.
    """
    total = sum(member.file_size for member in members)
    if total > limit:
        packed = sum(member.compress_size for member in members)
        raise InputRefusedError("ING-READ-BOMB", mebibytes=total // MEBIBYTE, ratio=total // max(packed, 1))
    for member in members:
        source = open_zip_member(archive, member, options)
        while source.read(MEBIBYTE):
            pass


def _open(stream: BinaryIO) -> zipfile.ZipFile:
    size = size_of(stream)
    try:
        return zipfile.ZipFile(stream, metadata_encoding="gb18030")
    except UnicodeDecodeError:
        stream.seek(0)
    except DAMAGE as error:
        raise InputRefusedError("ING-READ-ARCHIVE", byte=size) from error
    try:
        return zipfile.ZipFile(stream)
    except DAMAGE as error:
        raise InputRefusedError("ING-READ-ARCHIVE", byte=size) from error


def _limited(source: IO[bytes], packed: int, raw: BinaryIO, options: ReadOptions) -> BinaryIO:
    return cast(BinaryIO, io.BufferedReader(_Limited(source, packed, raw, options), buffer_size=MEBIBYTE))


class _Limited(io.RawIOBase):
    """Passes reads on, and stops when more came out than the limits allow or when the archive is damaged.

    ``raw``: the packed stream, whose position says where.
    """

    def __init__(self, source: IO[bytes], packed: int, raw: BinaryIO, options: ReadOptions) -> None:
        self._source, self._packed, self._raw, self._options = source, packed, raw, options

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._source.tell()

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        if whence == io.SEEK_END:  # the only way to the end is through the limit
            while self.read(MEBIBYTE):
                pass
            return self._seek(self._source.tell() + offset)
        return self._seek(offset, whence)

    def readinto(self, buffer: Any) -> int:
        try:
            piece = self._source.read(len(buffer))
        except DAMAGE as error:
            raise self._damaged() from error
        refuse_bomb(self._source.tell(), self._packed, self._options)
        buffer[: len(piece)] = piece
        return len(piece)

    def _seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        try:
            return self._source.seek(offset, whence)
        except DAMAGE as error:
            raise self._damaged() from error

    def _damaged(self) -> InputRefusedError:
        return InputRefusedError("ING-READ-ARCHIVE", byte=self._raw.tell())
