"""gz and single-member zip opened in place, with a limit on what comes out (step *read*)."""

from __future__ import annotations

import gzip
import io
import zipfile
import zlib
from typing import IO, Any, BinaryIO, cast

from jishi.errors import InputRefusedError
from jishi_ingest.connectors.reading import MEBIBYTE, ReadOptions

FREE = 16 * MEBIBYTE
"""Up to this size no one asks for the ratio: a small file of blanks may well shrink a thousandfold."""

DAMAGE = (zlib.error, zipfile.BadZipFile, gzip.BadGzipFile, EOFError, RuntimeError, NotImplementedError)


def size_of(stream: BinaryIO) -> int:
    """Bytes of a seekable stream, which stands at its start afterwards."""
    size = stream.seek(0, io.SEEK_END)
    stream.seek(0)
    return size


def open_gzip(stream: BinaryIO, options: ReadOptions) -> BinaryIO:
    """The content of a gzip file as a seekable stream; seeking back unpacks again, nothing is kept."""
    packed = size_of(stream)
    return _limited(cast("IO[bytes]", gzip.GzipFile(fileobj=stream)), packed, options)


def open_zip_member(archive: zipfile.ZipFile, member: zipfile.ZipInfo, options: ReadOptions) -> BinaryIO:
    """One member of a zip as a seekable stream. Raises ``ING-READ-PASSWORD`` when it is encrypted."""
    if member.flag_bits & 0x1:
        raise InputRefusedError("ING-READ-PASSWORD")
    refuse_bomb(member.file_size, member.compress_size, options)
    try:
        return _limited(archive.open(member), member.compress_size, options)
    except DAMAGE as error:
        raise InputRefusedError("ING-READ-ARCHIVE") from error


def zip_members(stream: BinaryIO) -> tuple[zipfile.ZipFile, list[zipfile.ZipInfo]]:
    """The archive and its files, without folders and what a Mac leaves beside them."""
    try:
        archive = zipfile.ZipFile(stream)
    except DAMAGE as error:
        raise InputRefusedError("ING-READ-ARCHIVE") from error
    members = [
        member
        for member in archive.infolist()
        if not member.is_dir() and "__MACOSX" not in member.filename and not member.filename.endswith(".DS_Store")
    ]
    return archive, members


def refuse_bomb(unpacked: int, packed: int, options: ReadOptions) -> None:
    """Raise ``ING-READ-BOMB`` when a file grows beyond what an honest delivery does."""
    if unpacked > options.max_bytes or (unpacked > FREE and unpacked > packed * options.max_ratio):
        raise InputRefusedError("ING-READ-BOMB", mebibytes=unpacked // MEBIBYTE, ratio=unpacked // max(packed, 1))


def _limited(source: IO[bytes], packed: int, options: ReadOptions) -> BinaryIO:
    return cast(BinaryIO, io.BufferedReader(_Limited(source, packed, options), buffer_size=MEBIBYTE))


class _Limited(io.RawIOBase):
    """Passes reads on, and stops when more came out than the limits allow or when the archive is damaged."""

    def __init__(self, source: IO[bytes], packed: int, options: ReadOptions) -> None:
        self._source, self._packed, self._options = source, packed, options

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
            return self._source.seek(self._source.tell() + offset)
        return self._source.seek(offset, whence)

    def readinto(self, buffer: Any) -> int:
        try:
            piece = self._source.read(len(buffer))
        except DAMAGE as error:
            raise InputRefusedError("ING-READ-ARCHIVE") from error
        refuse_bomb(self._source.tell(), self._packed, self._options)
        buffer[: len(piece)] = piece
        return len(piece)
