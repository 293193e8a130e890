"""Encrypted files 加密文件: deliveries as landed, quarantined rows, exports; whole or not there, and any change is
found.

A file is a head (magic, key byte, random salt) and frames of 1 MiB, each under GCM with AES-256 or SM4. The file's
own key is derived from the file key and the head, so nonces never meet those of another file. A frame's nonce is
its number and whether it is the last (the STREAM construction of Hoang, Reyhanitabar, Rogaway and Vizár, "Online
Authenticated-Encryption and its Nonce-Reuse Misuse-Resistance", 2015): a frame moved, dropped, doubled or cut off
at the end does not open.
"""

from __future__ import annotations

import hashlib
import io
import os
import secrets
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, BinaryIO

from jishi.errors import InternalError
from jishi.identifiers.frames import TAG_BYTES, Frames, key_byte
from jishi.identifiers.keys import Keys
from jishi.identifiers.sealing import CipherName

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer, WriteableBuffer

MAGIC = b"jishi\x00f1"
SALT_BYTES = 23
HEAD_BYTES = len(MAGIC) + 1 + SALT_BYTES
FRAME_BYTES = 1 << 20
VALUE_SALT_BYTES = 16


class SealedWriter(io.BufferedIOBase):
    """A binary file to write to once, from beginning to end; ``path`` appears, whole, when it is closed.

    After closing, ``size`` and ``sha256`` (hex) are those of the clear bytes. Leaving a ``with`` block by an
    exception, or forgetting to close, leaves nothing behind; an existing file at ``path`` is replaced only by a
    whole one.
    """

    def __init__(self, path: Path, keys: Keys, cipher: CipherName = "aes") -> None:
        mark = key_byte(keys, cipher)
        head = MAGIC + mark + secrets.token_bytes(SALT_BYTES)
        self.path = path
        self.size = 0
        self._draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}.part")
        self._frames = Frames(keys, mark[0], head)
        self._number = 0
        self._rest = bytearray()
        self._digest = hashlib.sha256()
        handle = os.open(self._draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        self._file: BinaryIO | None = os.fdopen(handle, "wb")
        self._file.write(head)

    @property
    def sha256(self) -> str:
        """Hex digest of the clear bytes written so far."""
        return self._digest.hexdigest()

    def writable(self) -> bool:
        return True

    def tell(self) -> int:
        return self.size

    def write(self, data: ReadableBuffer, /) -> int:
        file = self._open_file()
        view = memoryview(data).cast("B")
        self._digest.update(view)
        self._rest += view
        self.size += len(view)
        # A full frame waits until something follows it: only then it is known not to be the last.
        while len(self._rest) > FRAME_BYTES:
            file.write(self._frames.seal(self._number, bytes(self._rest[:FRAME_BYTES]), last=False))
            del self._rest[:FRAME_BYTES]
            self._number += 1
        return len(view)

    def close(self) -> None:
        """Seal the last frame, make it durable and put the file in its place."""
        if self._file is None:
            return
        try:
            self._file.write(self._frames.seal(self._number, bytes(self._rest), last=True))
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()
            self._draft.replace(self.path)
        except BaseException:
            self.discard()
            raise
        self._file = None
        super().close()
        folder = os.open(self.path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def discard(self) -> None:
        """Close and leave nothing behind."""
        if self._file is None:
            return
        file, self._file = self._file, None
        try:
            file.close()
        finally:
            self._draft.unlink(missing_ok=True)
            super().close()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self.close()
        else:
            self.discard()

    def __del__(self) -> None:
        # The inherited one closes, which would publish a half-written file.
        if getattr(self, "_file", None) is not None:
            self.discard()

    def _open_file(self) -> BinaryIO:
        if self._file is None:
            raise ValueError("I/O operation on closed file")
        return self._file


def open_sealed(path: Path, keys: Keys) -> io.BufferedReader:
    """The clear bytes of a sealed file, to be read and sought in as any binary file.

    Raises ``STO-FILE-FORMAT`` (no sealed file), ``STO-FILE-BROKEN`` (now when the end is missing, else when the damaged
    frame is read), ``SET-KEY-VERSION`` (the key is not in the key file).
    """
    return io.BufferedReader(_SealedReader(path.open("rb"), path.name, keys))


def seal_bytes(data: bytes, keys: Keys, cipher: CipherName = "aes", *, context: bytes = b"") -> bytes:
    """A small value sealed by itself (33 bytes longer); it opens only with the same ``context``, so it cannot be put
    in another row's place. Equal values give different results."""
    mark = key_byte(keys, cipher)
    salt = secrets.token_bytes(VALUE_SALT_BYTES)
    return mark + salt + Frames(keys, mark[0], mark + salt).seal(0, data, last=True, context=context)


def open_bytes(sealed: bytes, keys: Keys, *, context: bytes = b"") -> bytes:
    """The value of :func:`seal_bytes`. Raises ``STO-VALUE-BROKEN``, or ``SET-KEY-VERSION`` without its key."""
    head, body = sealed[: 1 + VALUE_SALT_BYTES], sealed[1 + VALUE_SALT_BYTES :]
    if len(body) < TAG_BYTES:
        raise InternalError("STO-VALUE-BROKEN")
    data = Frames(keys, head[0], head).open(0, body, last=True, context=context)
    if data is None:
        raise InternalError("STO-VALUE-BROKEN")
    return data


class _SealedReader(io.RawIOBase):
    """One frame in memory at a time."""

    def __init__(self, file: BinaryIO, name: str, keys: Keys) -> None:
        self._name = name
        self._file = file
        try:
            head = self._file.read(HEAD_BYTES)
            if len(head) < HEAD_BYTES or not head.startswith(MAGIC):
                raise InternalError("STO-FILE-FORMAT", path=name)
            self._frames = Frames(keys, head[len(MAGIC)], head)
            body = os.fstat(self._file.fileno()).st_size - HEAD_BYTES
            self._last = max(0, -(-body // (FRAME_BYTES + TAG_BYTES)) - 1)
            self._size = body - (self._last + 1) * TAG_BYTES
            self._place = 0
            self._number = -1
            self._load(self._last)
        except BaseException:
            self._file.close()
            raise

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._place

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        origin = {io.SEEK_SET: 0, io.SEEK_CUR: self._place, io.SEEK_END: self._size}[whence]
        if origin + offset < 0:
            raise OSError(22, "negative seek position")
        self._place = origin + offset
        return self._place

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        if self._place >= self._size:
            return 0
        number, start = divmod(self._place, FRAME_BYTES)
        if number != self._number:
            self._load(number)
        view = memoryview(buffer).cast("B")
        part = self._frame[start : start + len(view)]
        view[: len(part)] = part
        self._place += len(part)
        return len(part)

    def close(self) -> None:
        if not self.closed:
            self._file.close()
        super().close()

    def _load(self, number: int) -> None:
        self._file.seek(HEAD_BYTES + number * (FRAME_BYTES + TAG_BYTES))
        sealed = self._file.read(FRAME_BYTES + TAG_BYTES)
        frame = self._frames.open(number, sealed, last=number == self._last)
        if frame is None:
            raise InternalError("STO-FILE-BROKEN", path=self._name, frame=number + 1)
        self._frame, self._number = memoryview(frame), number
