"""What people wrote about a case, which may name anybody: at rest only sealed, bound to the case it was written of (beside
the road)."""

from __future__ import annotations

from dataclasses import dataclass

from jishi.errors import CallerError, Fault
from jishi.identifiers.keys import Keys
from jishi.identifiers.sealed_file import open_bytes, seal_bytes
from jishi.identifiers.sealing import CipherName

LONGEST = 2000
"""Characters of a reason, a reply, a claimed value."""


@dataclass(frozen=True, slots=True)
class Pen:
    """Seals and opens words under the deployment's keys. ``kind``: dispute, ticket, …; what is sealed of one case opens as no
    other's."""

    keys: Keys
    kind: str
    cipher: CipherName = "aes"

    def seal(self, subject: object, words: str) -> bytes:
        return seal_bytes(words.encode(), self.keys, self.cipher, context=self._context(subject))

    def open(self, subject: object, sealed: bytes | None) -> str | None:
        """None where nothing was written."""
        return None if sealed is None else open_bytes(sealed, self.keys, context=self._context(subject)).decode()

    def _context(self, subject: object) -> bytes:
        return f"{self.kind}/{subject}".encode()


def demand_words(words: str, name: str = "reason") -> str:
    """The words without blanks around them; CallerError ``QLT-CASE-WORDS`` where there are none or too many."""
    stripped = words.strip()
    if not stripped or len(stripped) > LONGEST or "\0" in stripped:
        raise CallerError("QLT-CASE", faults=(Fault(name, "QLT-CASE-WORDS", {"longest": LONGEST}),))
    return stripped
