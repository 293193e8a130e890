"""Sealing: the same in bulk as one by one, opened only with the keys, and any change is found."""

from __future__ import annotations

from uuid import UUID

import polars as pl
import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, modes
from cryptography.hazmat.primitives.ciphers.algorithms import AES256, SM4
from hypothesis import given, settings
from hypothesis import strategies as st

from jishi.errors import DeclarationError, InternalError
from jishi.identifiers.keys import Keys, Use
from jishi.identifiers.sealing import CipherName, Sealed, Sealer, message

KEYS = Keys(1, {1: bytes(range(32))})
ROTATED = Keys(2, {1: bytes(range(32)), 2: bytes(range(1, 33))})
CIPHERS: list[CipherName] = ["aes", "sm4"]
_values = st.text(st.characters(exclude_categories=["Cs"]), max_size=31)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.one_of(_values, st.none()), max_size=30), st.sampled_from(CIPHERS))
def test_a_column_is_sealed_and_opened_as_single_values_are(values: list[str | None], cipher: CipherName) -> None:
    sealer = Sealer(KEYS, cipher)
    column: pl.Series = pl.Series(values, dtype=pl.String)
    frame = sealer.seal_column(column)
    assert frame.columns == ["lookup", "cipher"]
    for value, (lookup, text) in zip(values, frame.rows(), strict=True):
        if value is None:
            assert lookup is text is None
            continue
        one = sealer.seal(value)
        assert (one.lookup.hex, "\\x" + one.cipher.hex()) == (lookup, text)
        assert one.lookup == sealer.tag(value)
        assert sealer.open(one.lookup, one.cipher) == value
    assert sealer.open_column(frame["lookup"], frame["cipher"]).to_list() == values


@pytest.mark.parametrize("size", [0, 1, 13, 14, 15, 30, 31, 125, 126])
def test_every_length_up_to_126_bytes_comes_back(size: int) -> None:
    sealer = Sealer(KEYS)
    one = sealer.seal("7" * size)
    assert sealer.open(one.lookup, one.cipher) == "7" * size
    assert (len(one.cipher) - 1) % 16 == 0


@pytest.mark.parametrize("value", ["7" * 127, "汉" * 43])
def test_a_longer_value_is_refused(value: str) -> None:
    for act in (Sealer(KEYS).seal, Sealer(KEYS).tag, lambda text: Sealer(KEYS).seal_column(pl.Series([text]))):
        with pytest.raises(InternalError, match="STO-SEAL-LENGTH") as caught:
            act(value)
        assert value not in str(caught.value)


def test_no_message_is_the_beginning_of_another() -> None:
    texts = ["", "\0", "1", "1\0", "12345678901234", "123456789012345", "12345678901234" + "\0" * 16]
    made = [message(text) for text in texts]
    assert not any(one is not other and other.startswith(one) for one in made for other in made)


@pytest.mark.parametrize("cipher", CIPHERS)
def test_any_changed_bit_is_found(cipher: CipherName) -> None:
    sealer = Sealer(KEYS, cipher)
    one = sealer.seal("11010519491231002X")
    for bit in range(8, 8 * len(one.cipher)):
        changed = bytearray(one.cipher)
        changed[bit // 8] ^= 1 << bit % 8
        with pytest.raises(InternalError, match="STO-SEAL-BROKEN"):
            sealer.open(one.lookup, bytes(changed))
    for bit in range(128):
        with pytest.raises(InternalError, match="STO-SEAL-BROKEN"):
            sealer.open(UUID(int=one.lookup.int ^ (1 << bit)), one.cipher)


def test_a_changed_row_among_many_is_found() -> None:
    sealer = Sealer(KEYS)
    frame = sealer.seal_column(pl.Series([f"1101051949123100{n:02d}" for n in range(50)]))
    swapped = frame["cipher"].gather([1, 0, *range(2, 50)])
    with pytest.raises(InternalError, match="STO-SEAL-BROKEN"):
        sealer.open_column(frame["lookup"], swapped)
    for damaged in ("\\x", "\\x01", "\\x01ab", "no hex", "\\x01" + "zz" * 16):
        with pytest.raises(InternalError, match="STO-SEAL-BROKEN"):
            sealer.open_column(frame["lookup"].head(1), pl.Series([damaged]))
    with pytest.raises(InternalError, match="STO-SEAL-BROKEN"):
        sealer.open_column(pl.Series([None], dtype=pl.String), frame["cipher"].head(1))
    for short in (b"", b"\x01", b"\x01abc"):
        with pytest.raises(InternalError, match="STO-SEAL-BROKEN"):
            sealer.open(UUID(int=0), short)


def test_a_message_that_sealing_never_makes_is_refused_though_its_tag_is_right() -> None:
    """The classic forgery on CBC-MAC: append (tag XOR message) and the tag of two blocks equals that of one."""
    sealer = Sealer(KEYS)
    authenticate = sealer.encryptor(Use.LOOKUP_MAC, 1)
    encrypt = sealer.encryptor(Use.CIPHER, 1)
    first = message("H12345678")
    tag = sealer.tag("H12345678").bytes
    forged = first + bytes(a ^ b for a, b in zip(first, tag, strict=True))
    assert authenticate(bytes(a ^ b for a, b in zip(forged[16:], tag, strict=True))) == tag
    stream = encrypt(tag + tag[:-1] + bytes((tag[-1] ^ 1,)))
    cipher = b"\x01" + bytes(a ^ b for a, b in zip(forged, stream, strict=True))
    with pytest.raises(InternalError, match="STO-SEAL-BROKEN"):
        sealer.open(UUID(bytes=tag), cipher)
    with pytest.raises(InternalError, match="STO-SEAL-BROKEN"):
        sealer.open_column(pl.Series([tag.hex()]), pl.Series(["\\x" + cipher.hex()]))


def test_equal_values_are_equal_and_different_keys_or_ciphers_have_nothing_in_common() -> None:
    value = "11010519491231002X"
    assert Sealer(KEYS).seal(value) == Sealer(KEYS).seal(value)
    made = [Sealer(keys, cipher).seal(value) for keys in (KEYS, ROTATED) for cipher in CIPHERS]
    assert len({one.lookup for one in made}) == len({one.cipher for one in made}) == 4
    assert Sealer(KEYS).seal("11010519491231003X").lookup != Sealer(KEYS).tag(value)


def test_what_an_older_key_or_the_other_cipher_sealed_still_opens_and_is_still_found() -> None:
    value, now = "H12345678", Sealer(ROTATED, "aes")
    older = [Sealer(KEYS, cipher).seal(value) for cipher in CIPHERS]
    assert now.open_many([*older, now.seal(value)]) == [value] * 3
    tags = now.tags(value)
    assert tags[0] == now.tag(value)
    assert {one.lookup for one in older} <= set(tags)
    mixed = pl.concat(
        [Sealer(KEYS, "sm4").seal_column(pl.Series(["a", "12345678901234567"])), now.seal_column(pl.Series(["b"]))]
    )
    assert now.open_column(mixed["lookup"], mixed["cipher"]).to_list() == ["a", "12345678901234567", "b"]


def test_without_the_key_version_nothing_opens() -> None:
    one = Sealer(ROTATED).seal("H12345678")
    with pytest.raises(DeclarationError, match="SET-KEY-VERSION"):
        Sealer(KEYS).open(one.lookup, one.cipher)


def test_a_lookup_may_come_as_uuid_text() -> None:
    sealer = Sealer(KEYS)
    one = sealer.seal("H12345678")
    found = sealer.open_column(pl.Series([str(one.lookup)]), pl.Series(["\\x" + one.cipher.hex()]))
    assert found.to_list() == ["H12345678"]


def test_a_sealed_value_does_not_show_in_its_print() -> None:
    assert "cipher" not in repr(Sealed(UUID(int=1), b"secret"))


@pytest.mark.parametrize("cipher", CIPHERS)
def test_the_parts_are_cbc_mac_and_counter_mode_as_the_library_knows_them(cipher: CipherName) -> None:
    """For a tag whose last three bits are zero the key stream is the library's own counter mode."""
    kind = AES256 if cipher == "aes" else SM4
    size = 32 if cipher == "aes" else 16
    sealer = Sealer(KEYS, cipher)
    value = next(f"1101051949123100{n:02d}X" for n in range(100) if not sealer.tag(f"1101051949123100{n:02d}X").int & 7)
    one = sealer.seal(value)
    chained = Cipher(kind(KEYS.key(Use.LOOKUP_MAC, size, detail=cipher)), modes.CBC(bytes(16))).encryptor()
    assert chained.update(message(value))[-16:] == one.lookup.bytes
    counting = Cipher(kind(KEYS.key(Use.CIPHER, size, detail=cipher)), modes.CTR(one.lookup.bytes)).encryptor()
    assert counting.update(message(value)) == one.cipher[1:]


def test_seals_are_the_same_in_every_version_of_the_libraries() -> None:
    one = Sealer(KEYS).seal("11010519491231002X")
    assert (one.lookup.hex, one.cipher.hex()) == (
        "bec3509989334f86cbf8591559a7e6c1",
        "01a84ad282e7f1bf286a43a72887982de2606d2a9c1a34e8055af4b68cdcd2ee47",
    )
    other = Sealer(KEYS, "sm4").seal("11010519491231002X")
    assert (other.lookup.hex, other.cipher.hex()) == (
        "4f25d27eae192b9d9f7e04e3e99c0764",
        "81aef961f7092786d79681e626c5d342ba52965b3139833653f406e941dffb41b2",
    )
