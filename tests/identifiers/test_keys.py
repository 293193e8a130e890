"""The key file: made once, kept private, rotated without losing what older keys sealed."""

from __future__ import annotations

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from jishi.errors import DeclarationError
from jishi.identifiers.keys import Keys, Use, load, load_or_create, rotate


def test_the_file_is_made_once_and_only_its_owner_may_read_it(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "sealing.json"
    keys = load_or_create(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert load_or_create(path) == keys == load(path)
    assert [item.name for item in path.parent.iterdir()] == ["sealing.json"]


def test_many_who_make_it_at_once_get_the_same_keys(tmp_path: Path) -> None:
    path = tmp_path / "sealing.json"
    with ThreadPoolExecutor(16) as pool:
        made = list(pool.map(lambda _: load_or_create(path), range(64)))
    assert all(keys == made[0] for keys in made)
    assert [item.name for item in tmp_path.iterdir()] == ["sealing.json"]


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644])
def test_a_file_others_may_read_is_refused(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "sealing.json"
    load_or_create(path)
    path.chmod(mode)
    with pytest.raises(DeclarationError, match="SET-KEY-MODE"):
        load_or_create(path)


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{}",
        "[]",
        '{"current": 1, "secrets": []}',
        '{"current": 1, "secrets": {"1": "short"}}',
        '{"current": 1, "secrets": {"1": "c2hvcnQ="}}',
        '{"current": 2, "secrets": {"1": "' + "A" * 43 + '="}}',
        '{"current": 200, "secrets": {"200": "' + "A" * 43 + '="}}',
        '{"current": 1, "secrets": {"1": 7}}',
    ],
)
def test_a_file_that_holds_no_keys_is_refused_without_quoting_it(tmp_path: Path, content: str) -> None:
    path = tmp_path / "sealing.json"
    path.write_text(content)
    path.chmod(0o600)
    with pytest.raises(DeclarationError, match="SET-KEY-FILE") as caught:
        load_or_create(path)
    assert "AAAA" not in caught.value.text()
    assert caught.value.__cause__ is None


def test_a_missing_file_is_no_reason_to_make_one_where_keys_are_only_loaded(tmp_path: Path) -> None:
    with pytest.raises(DeclarationError, match="SET-KEY-FILE"):
        load(tmp_path / "sealing.json")


def test_every_use_has_a_key_of_its_own_that_never_changes() -> None:
    keys = Keys(1, {1: bytes(range(32))})
    assert len({keys.key(use) for use in Use}) == len(Use)
    assert keys.key(Use.CIPHER, detail="aes") != keys.key(Use.CIPHER, detail="sm4")
    assert keys.key(Use.LOOKUP_MAC).hex() == "601df06f6a09c6a79d070db9386e532af8fa49afa74188a6258de2ff9df54d14"
    assert keys.key(Use.DIGEST).hex() == "21621d963a66b04e89cb357fddcaea620a11d8a640390aa86afc4dc6a3c57d33"


def test_rotation_changes_lookups_and_ciphers_but_neither_digests_nor_source_keys(tmp_path: Path) -> None:
    path = tmp_path / "sealing.json"
    old = load_or_create(path)
    new = rotate(path)
    assert new == load(path)
    assert new.versions == (2, 1)
    assert path.stat().st_mode & 0o777 == 0o600
    for use in (Use.LOOKUP_MAC, Use.CIPHER, Use.FILE, Use.QUERY):
        assert new.key(use) != old.key(use)
        assert new.key(use, version=1) == old.key(use)
    assert new.key(Use.DIGEST) == old.key(Use.DIGEST)
    assert new.key(Use.SOURCE_KEY) == old.key(Use.SOURCE_KEY)


def test_a_version_that_is_not_in_the_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(DeclarationError, match="SET-KEY-VERSION"):
        load_or_create(tmp_path / "sealing.json").key(Use.CIPHER, version=9)


def test_keys_are_not_printed(tmp_path: Path) -> None:
    path = tmp_path / "sealing.json"
    keys = load_or_create(path)
    text = json.loads(path.read_text())["secrets"]["1"]
    assert text not in repr(keys)
    assert repr(keys.secrets[1]) not in repr(keys)


def test_what_the_api_needs_of_identifiers_loads_no_columnar_library() -> None:
    modules = "document, uscc, certificate_id, division_code, masks, mask_sql, sealing, sealed_file, digests, keys"
    program = f"from jishi.identifiers import {modules}; import sys; print({{'polars', 'numpy'}} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
