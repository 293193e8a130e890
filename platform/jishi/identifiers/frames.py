"""One piece of data under GCM with a key of its own: what sealed files and sealed small values are made of (floor
of the road)."""

from __future__ import annotations

import hmac

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher, modes
from cryptography.hazmat.primitives.ciphers.algorithms import AES256, SM4

from jishi.identifiers.keys import Keys, Use
from jishi.identifiers.sealing import KEY_BYTES, SM4_BIT, CipherName

TAG_BYTES = 16


def key_byte(keys: Keys, cipher: CipherName) -> bytes:
    """Which key and cipher seal now, as one byte."""
    return bytes((keys.current | (SM4_BIT if cipher == "sm4" else 0),))


class Frames:
    """Seals and opens the numbered frames of one file or value.

    ``mark`` is the byte of :func:`key_byte`; ``head`` holds at least 128 random bits and is bound to every frame,
    because the key is derived from it. A frame opens only under its own number, its own place (last or not) and
    context.
    """

    def __init__(self, keys: Keys, mark: int, head: bytes) -> None:
        name: CipherName = "sm4" if mark & SM4_BIT else "aes"
        root = keys.key(Use.FILE, version=mark & ~SM4_BIT, detail=name)
        key = hmac.digest(root, head, "sha256")[: KEY_BYTES[name]]
        self._algorithm = SM4(key) if name == "sm4" else AES256(key)

    def seal(self, number: int, data: bytes | memoryview, *, last: bool, context: bytes = b"") -> bytes:
        """Ciphertext and 16 bytes of tag."""
        encryptor = Cipher(self._algorithm, modes.GCM(_nonce(number, last))).encryptor()
        encryptor.authenticate_additional_data(context)
        return encryptor.update(data) + encryptor.finalize() + encryptor.tag

    def open(self, number: int, sealed: bytes, *, last: bool, context: bytes = b"") -> bytes | None:
        """The data, None when it is not authentic."""
        if len(sealed) < TAG_BYTES:
            return None
        decryptor = Cipher(self._algorithm, modes.GCM(_nonce(number, last), sealed[-TAG_BYTES:])).decryptor()
        decryptor.authenticate_additional_data(context)
        try:
            return decryptor.update(sealed[:-TAG_BYTES]) + decryptor.finalize()
        except InvalidTag:
            return None


def _nonce(number: int, last: bool) -> bytes:
    return number.to_bytes(8) + int(last).to_bytes(4)
