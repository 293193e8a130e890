"""What was received is kept whole and encrypted, and comes back byte for byte."""

from __future__ import annotations

import hashlib
import io
import os
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from jishi.errors import InternalError
from jishi.identifiers.keys import Keys, load_or_create
from jishi.settings import Settings
from jishi_ingest.connectors import read_delivery
from jishi_ingest.landing import land, landed_files, open_landed, sweep

DATA = "姓名,公民身份号码\n张三,320599200001010010\n".encode() * 50_000


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(state=tmp_path, landing_days=10)


@pytest.fixture
def keys(settings: Settings) -> Keys:
    return load_or_create(settings.key_path)


def test_a_landed_delivery_comes_back_byte_for_byte_and_is_unreadable_on_disk(settings: Settings, keys: Keys) -> None:
    landed = land(io.BytesIO(DATA), settings, keys, "population", "人口.csv")
    assert (landed.sha256, landed.bytes, landed.name) == (hashlib.sha256(DATA).hexdigest(), len(DATA), "人口.csv")
    assert landed.path.parent.parent == settings.landing_dir / "population"
    assert b"3205992000" not in landed.path.read_bytes()
    with open_landed(landed.path, keys) as stream:
        assert stream.read() == DATA


def test_a_landed_delivery_is_read_without_a_clear_copy(settings: Settings, keys: Keys) -> None:
    landed = land(io.BytesIO(DATA), settings, keys, "population", "a.csv")
    with open_landed(landed.path, keys) as stream:
        reading = read_delivery(stream, landed.name)
        assert sum(chunk.height for chunk in reading.chunks) == 50_000
        assert [note.values for note in reading.ignored] == [{"count": 49_999}]  # the header over and over
    assert [path for path in settings.landing_dir.rglob("*") if path.is_file()] == [landed.path]


def test_a_delivery_that_breaks_off_leaves_nothing(settings: Settings, keys: Keys) -> None:
    class Broken(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            raise OSError("connection lost")

    with pytest.raises(OSError, match="connection lost"):
        land(Broken(), settings, keys, "population", "a.csv")
    assert not [path for path in settings.landing_dir.rglob("*") if path.is_file()]


def test_half_written_files_go_after_a_day_and_nothing_else_does(settings: Settings, keys: Keys) -> None:
    old, fresh = (land(io.BytesIO(b"a\n1\n"), settings, keys, "places", "a.csv").path for _ in range(2))
    left, growing = old.with_name(".x.sealed.part"), old.with_name(".y.sealed.part")
    left.write_bytes(b"")
    growing.write_bytes(b"")
    eleven_days_ago = time.time() - 11 * 86_400
    for path in (old, left):
        os.utime(path, (eleven_days_ago, eleven_days_ago))
    assert sweep(settings, datetime.now(UTC)) == 1
    assert landed_files(settings) == sorted([old, fresh])
    assert (left.exists(), growing.exists()) == (False, True)


def test_a_delivery_that_is_gone_is_told_as_such(settings: Settings, keys: Keys) -> None:
    path = land(io.BytesIO(b"a\n1\n"), settings, keys, "places", "a.csv").path
    path.unlink()
    with pytest.raises(InternalError) as caught:
        open_landed(path, keys)
    assert caught.value.code == "ING-LANDED-GONE"
