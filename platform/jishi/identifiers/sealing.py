"""Seals identity numbers: a lookup tag that finds equal values, and a ciphertext only the keys open (steps
standardise, query).

**Construction.** Deterministic authenticated encryption after the SIV pattern of Rogaway and Shrimpton ("Deterministic
Authenticated-Encryption", 2006; RFC 5297 is its best known form), put together from a block cipher used in bulk:

1. message = layout byte, length byte, the value's UTF-8, zeros up to whole 16-byte blocks. The length stands in the
   first block, so no message is the beginning of another;
2. tag = CBC-MAC of the message under a key of its own. On such prefix-free messages CBC-MAC is a pseudo-random function
   (Bellare, Kilian, Rogaway 2000). The tag is the 128-bit ``lookup``;
3. ciphertext = message XOR the cipher's key stream in counter mode, starting from the tag, under a second key;
   before it a byte that names key version and cipher.

Why it authenticates: opening decrypts, computes the tag of what came out, compares it with the lookup in constant
time, and takes only a message of exactly the layout above (else CBC-MAC would be asked about messages that are not
prefix-free). Whoever changes lookup or ciphertext without the keys gets a message whose tag he had to guess. It is
not byte for byte RFC 5297, which takes the tag by S2V over CMAC.

**What it does not hide, by design**: whether two values are equal (that is what the lookup is for), and a value's
length to 16 bytes. Identity numbers are few enough to be tried one after another, so the lookup of a chosen value
must not be had without a grant. The tag does not depend on the scheme of a number.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal
from uuid import UUID

from cryptography.hazmat.primitives.ciphers import Cipher, modes
from cryptography.hazmat.primitives.ciphers.algorithms import AES256, SM4

from jishi.errors import InternalError
from jishi.identifiers import digests
from jishi.identifiers.keys import Keys, Use

if TYPE_CHECKING:
    import polars as pl

CipherName = Literal["aes", "sm4"]
KEY_BYTES: dict[CipherName, int] = {"aes": 32, "sm4": 16}
BLOCK = 16
LAYOUT = 1
HEAD = 2  # layout byte and length byte
LONGEST = 126  # bytes of UTF-8: eight blocks with the head
SM4_BIT = 0x80


@dataclass(frozen=True, slots=True)
class Sealed:
    """What the identifier table holds of one value."""

    lookup: UUID
    cipher: bytes = field(repr=False)


class Sealer:
    """Seals with the current keys and the cipher of the setting; opens whatever the keys it is given have sealed."""

    def __init__(self, keys: Keys, cipher: CipherName = "aes") -> None:
        self.keys = keys
        self.cipher = cipher

    def tag(self, value: str) -> UUID:
        """The lookup under the current keys. Raises ``STO-SEAL-LENGTH`` beyond 126 bytes of UTF-8."""
        return UUID(bytes=_mac(self.encryptor(Use.LOOKUP_MAC, self.seal_byte), message(value)))

    def tags(self, value: str) -> tuple[UUID, ...]:
        """The lookups under every key and cipher a stored row may carry, the current one first: for search while
        a rotation is still sealing rows anew."""
        blocks = message(value)
        marks = [self.seal_byte]
        marks += [_seal_byte(version, name) for version in self.keys.versions for name in KEY_BYTES]
        return tuple(UUID(bytes=_mac(self.encryptor(Use.LOOKUP_MAC, mark), blocks)) for mark in dict.fromkeys(marks))

    def seal(self, value: str) -> Sealed:
        """Tag and ciphertext of one value; the same as the bulk form gives."""
        blocks = message(value)
        tag = _mac(self.encryptor(Use.LOOKUP_MAC, self.seal_byte), blocks)
        stream = _stream(self.encryptor(Use.CIPHER, self.seal_byte), tag, len(blocks))
        return Sealed(UUID(bytes=tag), bytes((self.seal_byte,)) + _xor(blocks, stream))

    def open(self, lookup: UUID, cipher: bytes) -> str:
        """The value. Raises ``STO-SEAL-BROKEN`` when the two do not belong together, ``SET-KEY-VERSION`` without
        the key."""
        return self.open_many([Sealed(lookup, cipher)])[0]

    def open_many(self, sealed: Iterable[Sealed]) -> list[str]:
        """Values in the order given, without the columnar libraries (a page of an answer); errors as in
        :meth:`open`."""
        ciphers: dict[int, tuple[Callable[[bytes], bytes], Callable[[bytes], bytes]]] = {}
        values = []
        for item in sealed:
            mark, body = item.cipher[:1], item.cipher[1:]
            if not mark or not body or len(body) % BLOCK:
                raise InternalError("STO-SEAL-BROKEN")
            if mark[0] not in ciphers:
                ciphers[mark[0]] = self.encryptor(Use.LOOKUP_MAC, mark[0]), self.encryptor(Use.CIPHER, mark[0])
            authenticate, encrypt = ciphers[mark[0]]
            blocks = _xor(body, _stream(encrypt, item.lookup.bytes, len(body)))
            authentic = hmac.compare_digest(_mac(authenticate, blocks), item.lookup.bytes)
            if not authentic & _laid_out(blocks):
                raise InternalError("STO-SEAL-BROKEN")
            values.append(blocks[HEAD : HEAD + blocks[1]].decode())
        return values

    def seal_column(self, values: pl.Series) -> pl.DataFrame:
        """lookup (32 hex digits) and cipher (``\\x`` and hex digits, ready for COPY) of a column; nulls stay null."""
        from jishi.identifiers import sealed_columns

        return sealed_columns.seal_column(self, values)

    def open_column(self, lookup: pl.Series, cipher: pl.Series) -> pl.Series:
        """The values of two columns as :meth:`seal_column` makes them (or lookup as uuid text); errors as in
        :meth:`open`."""
        from jishi.identifiers import sealed_columns

        return sealed_columns.open_column(self, lookup, cipher)

    def digest_rows(self, frame: pl.DataFrame, columns: Sequence[str]) -> pl.Series:
        """Keyed digest of the named columns, 32 hex digits a row; see :func:`jishi.identifiers.digests.digest_rows`."""
        return digests.digest_rows(self.keys, frame, columns)

    def tag_key(self, frame: pl.DataFrame, columns: Sequence[str]) -> pl.Series:
        """Keyed tag of a source's key columns, null where a part is missing; see
        :func:`jishi.identifiers.digests.tag_key`."""
        return digests.tag_key(self.keys, frame, columns)

    @property
    def seal_byte(self) -> int:
        """The first byte of a ciphertext made now: key version, and the high bit for SM4."""
        return _seal_byte(self.keys.current, self.cipher)

    def encryptor(self, use: Use, seal_byte: int) -> Callable[[bytes], bytes]:
        """The block cipher itself, over any number of whole blocks each on its own; for one thread."""
        name: CipherName = "sm4" if seal_byte & SM4_BIT else "aes"
        key = self.keys.key(use, KEY_BYTES[name], version=seal_byte & ~SM4_BIT, detail=name)
        # ECB is the bare permutation here; CBC-MAC and counter mode are built from it.
        algorithm = SM4(key) if name == "sm4" else AES256(key)
        return Cipher(algorithm, modes.ECB()).encryptor().update  # noqa: S305


def message(value: str) -> bytes:
    """Layout byte, length byte, UTF-8 and zeros: whole blocks, no message the beginning of another."""
    text = value.encode()
    if len(text) > LONGEST:
        raise InternalError("STO-SEAL-LENGTH", size=len(text), longest=LONGEST)
    head = bytes((LAYOUT, len(text)))
    return (head + text).ljust(-(-(HEAD + len(text)) // BLOCK) * BLOCK, b"\0")


def _laid_out(blocks: bytes) -> bool:
    """Whether :func:`message` could have made it: layout, as many blocks as the length needs, zeros behind the
    value."""
    end = HEAD + blocks[1]
    return blocks[0] == LAYOUT and -(-end // BLOCK) * BLOCK == len(blocks) and not any(blocks[end:])


def _seal_byte(version: int, name: CipherName) -> int:
    return version | (SM4_BIT if name == "sm4" else 0)


def _mac(encrypt: Callable[[bytes], bytes], blocks: bytes) -> bytes:
    state = bytes(BLOCK)
    for start in range(0, len(blocks), BLOCK):
        state = encrypt(_xor(state, blocks[start : start + BLOCK]))
    return state


def _stream(encrypt: Callable[[bytes], bytes], tag: bytes, size: int) -> bytes:
    """Counter mode: block j encrypts the tag with j (below 8) XORed into its last byte."""
    return encrypt(b"".join(tag[:-1] + bytes((tag[-1] ^ block,)) for block in range(size // BLOCK)))


def _xor(left: bytes, right: bytes) -> bytes:
    return (int.from_bytes(left) ^ int.from_bytes(right)).to_bytes(len(left))
