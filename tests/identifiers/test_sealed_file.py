"""Sealed files and values: what was written comes back, and any damage or exchange is found."""

from __future__ import annotations

import hashlib
import io
import random
import zipfile
from pathlib import Path
from typing import BinaryIO, cast

import polars as pl
import pytest

from jishi.errors import DeclarationError, InternalError
from jishi.identifiers.keys import Keys
from jishi.identifiers.sealed_file import FRAME_BYTES, HEAD_BYTES, SealedWriter, open_bytes, open_sealed, seal_bytes
from jishi.identifiers.sealing import CipherName

KEYS = Keys(1, {1: bytes(range(32))})
CIPHERS: list[CipherName] = ["aes", "sm4"]
SEALED_FRAME = FRAME_BYTES + 16
BROKEN = "STO-FILE-BROKEN"


def _bytes(size: int) -> bytes:
    return random.Random(size).randbytes(size)


def _written(path: Path, data: bytes, cipher: CipherName = "aes") -> SealedWriter:
    with SealedWriter(path, KEYS, cipher) as writer:
        writer.write(data)
    return writer


@pytest.mark.parametrize("cipher", CIPHERS)
@pytest.mark.parametrize("size", [0, 1, FRAME_BYTES - 1, FRAME_BYTES, FRAME_BYTES + 1, 2 * FRAME_BYTES, 2_500_000])
def test_what_was_written_comes_back(tmp_path: Path, size: int, cipher: CipherName) -> None:
    data = _bytes(size)
    path = tmp_path / "delivery.sealed"
    with SealedWriter(path, KEYS, cipher) as writer:
        for start in range(0, size, 300_001):
            assert writer.write(memoryview(data)[start : start + 300_001]) == len(data[start : start + 300_001])
        assert writer.tell() == size
        assert not path.exists()
    assert (writer.size, writer.sha256) == (size, hashlib.sha256(data).hexdigest())
    assert path.stat().st_mode & 0o777 == 0o600
    assert [item.name for item in tmp_path.iterdir()] == [path.name]
    with open_sealed(path, KEYS) as file:
        assert file.read() == data
    assert size < 64 or data[:64] not in path.read_bytes()


def test_reading_may_begin_anywhere(tmp_path: Path) -> None:
    data = _bytes(3 * FRAME_BYTES + 77)
    path = tmp_path / "a.sealed"
    _written(path, data)
    chance = random.Random(1)
    with open_sealed(path, KEYS) as file:
        assert file.seekable()
        assert file.seek(0, io.SEEK_END) == len(data)
        assert file.read(1) == b""
        for _ in range(60):
            place, size = chance.randrange(len(data) + 10), chance.randrange(100_000)
            file.seek(place)
            assert file.read(size) == data[place : place + size]
            assert file.tell() == max(place, min(place + size, len(data)))
        file.seek(-5, io.SEEK_END)
        assert file.read() == data[-5:]
        with pytest.raises(OSError, match="negative"):
            file.seek(-1)


def test_libraries_read_and_write_through_it(tmp_path: Path) -> None:
    frame = pl.DataFrame({"a": list(range(1000)), "b": ["x"] * 1000})
    path = tmp_path / "table.sealed"
    with SealedWriter(path, KEYS) as writer:
        frame.write_parquet(cast(BinaryIO, writer))
    with open_sealed(path, KEYS) as file:
        assert pl.read_parquet(file).equals(frame)
    with SealedWriter(path, KEYS) as writer, zipfile.ZipFile(writer, "w") as archive:
        archive.writestr("a.txt", "hello")
    with open_sealed(path, KEYS) as file, zipfile.ZipFile(file) as archive:
        assert archive.read("a.txt") == b"hello"
    import pyarrow.parquet

    with SealedWriter(path, KEYS) as writer:
        pyarrow.parquet.write_table(frame.to_arrow(), writer)
    with open_sealed(path, KEYS) as file:
        assert pyarrow.parquet.read_table(file).num_rows == 1000


@pytest.mark.parametrize(
    "cut", [1, 16, 77 + 16, 77 + 16 + 1, 77 + 16 + SEALED_FRAME, 77 + 16 + 2 * SEALED_FRAME], ids=str
)
def test_a_file_cut_short_does_not_open(tmp_path: Path, cut: int) -> None:
    path = tmp_path / "a.sealed"
    _written(path, _bytes(2 * FRAME_BYTES + 77))
    whole = path.read_bytes()
    path.write_bytes(whole[:-cut])
    with pytest.raises(InternalError, match=BROKEN):
        open_sealed(path, KEYS)


def test_frames_moved_doubled_dropped_or_added_are_found(tmp_path: Path) -> None:
    path = tmp_path / "a.sealed"
    _written(path, _bytes(2 * FRAME_BYTES + 77))
    whole = path.read_bytes()
    head, body = whole[:HEAD_BYTES], whole[HEAD_BYTES:]
    first, second, last = body[:SEALED_FRAME], body[SEALED_FRAME : 2 * SEALED_FRAME], body[2 * SEALED_FRAME :]
    for frames in ((second, first, last), (first, first, last), (first, last), (first, second, second, last), (last,)):
        path.write_bytes(head + b"".join(frames))
        with pytest.raises(InternalError, match=BROKEN), open_sealed(path, KEYS) as file:
            file.read()
    other = tmp_path / "b.sealed"
    _written(other, _bytes(2 * FRAME_BYTES + 77))
    path.write_bytes(head + first + other.read_bytes()[HEAD_BYTES:][SEALED_FRAME:])
    with pytest.raises(InternalError, match=BROKEN):
        open_sealed(path, KEYS)


def test_any_changed_byte_is_found(tmp_path: Path) -> None:
    path = tmp_path / "a.sealed"
    _written(path, b"a short file")
    whole = path.read_bytes()
    for place in range(9, len(whole)):
        path.write_bytes(whole[:place] + bytes((whole[place] ^ 1,)) + whole[place + 1 :])
        with pytest.raises(InternalError, match=BROKEN):
            open_sealed(path, KEYS)
    path.write_bytes(whole[:8] + bytes((whole[8] ^ 0x80,)) + whole[9:])  # the other cipher
    with pytest.raises(InternalError, match=BROKEN):
        open_sealed(path, KEYS)


def test_a_file_of_another_kind_or_key_is_told_apart(tmp_path: Path) -> None:
    path = tmp_path / "a.sealed"
    for content in (b"", b"PK\x03\x04", b"x" * 100):
        path.write_bytes(content)
        with pytest.raises(InternalError, match="STO-FILE-FORMAT"):
            open_sealed(path, KEYS)
    with pytest.raises(FileNotFoundError):
        open_sealed(tmp_path / "absent", KEYS)
    _written(path, b"data")
    with pytest.raises(InternalError, match=BROKEN):
        open_sealed(path, Keys(1, {1: bytes(32)}))
    with pytest.raises(DeclarationError, match="SET-KEY-VERSION"):
        open_sealed(path, Keys(2, {2: bytes(32)}))


def test_a_failed_or_forgotten_writing_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "a.sealed"
    _written(path, b"old")
    with pytest.raises(RuntimeError), SealedWriter(path, KEYS) as writer:
        writer.write(b"new")
        raise RuntimeError
    forgotten = SealedWriter(path, KEYS)
    forgotten.write(b"new")
    del forgotten
    with open_sealed(path, KEYS) as file:
        assert file.read() == b"old"
    assert [item.name for item in tmp_path.iterdir()] == [path.name]
    with pytest.raises(ValueError, match="closed"):
        writer.write(b"more")


def test_closing_twice_is_closing_once(tmp_path: Path) -> None:
    writer = SealedWriter(tmp_path / "a.sealed", KEYS)
    writer.write(b"data")
    writer.close()
    writer.close()
    writer.discard()
    assert writer.closed
    with open_sealed(tmp_path / "a.sealed", KEYS) as file:
        assert file.read() == b"data"


@pytest.mark.parametrize("cipher", CIPHERS)
def test_a_small_value_opens_only_in_its_own_place(cipher: CipherName) -> None:
    sealed = seal_bytes(b"a row", KEYS, cipher, context=b"batch/7")
    assert open_bytes(sealed, KEYS, context=b"batch/7") == b"a row"
    assert sealed != seal_bytes(b"a row", KEYS, cipher, context=b"batch/7")
    for damaged in (sealed[:-1], sealed[:20], b"", sealed[:17] + b"x" + sealed[18:]):
        with pytest.raises(InternalError, match="STO-VALUE-BROKEN"):
            open_bytes(damaged, KEYS, context=b"batch/7")
    with pytest.raises(InternalError, match="STO-VALUE-BROKEN"):
        open_bytes(sealed, KEYS, context=b"batch/8")
    assert open_bytes(seal_bytes(b"", KEYS, cipher), KEYS) == b""
