"""The opaque cursor of a page: the last uid, bound by a signature to the question it continues (plan, road out)."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from uuid import UUID

_UID_BYTES = 16
_TAG_BYTES = 16


def write(secret: bytes, question: str, last: UUID) -> str:
    """A cursor after ``last``; ``question`` says everything but the page (collection, filters, properties)."""
    return base64.urlsafe_b64encode(last.bytes + _tag(secret, question, last.bytes)).rstrip(b"=").decode("ascii")


def read(secret: bytes, question: str, cursor: str) -> UUID | None:
    """The uid to go on after; None where the cursor was not written here for this question."""
    try:
        given = base64.urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4))
    except (UnicodeEncodeError, binascii.Error):
        return None
    last, tag = given[:_UID_BYTES], given[_UID_BYTES:]
    if len(given) != _UID_BYTES + _TAG_BYTES or not hmac.compare_digest(tag, _tag(secret, question, last)):
        return None
    return UUID(bytes=last)


def _tag(secret: bytes, question: str, last: bytes) -> bytes:
    return hmac.new(secret, last + question.encode("utf-8"), hashlib.sha256).digest()[:_TAG_BYTES]
