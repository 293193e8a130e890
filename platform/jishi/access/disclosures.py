"""What is written of each disclosure 披露 before anything is released (disclose, road out)."""

from __future__ import annotations

import hmac
import json
from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Disclosure:
    """One request that was answered from a register: who received which elements of whom, for which purpose.

    ``register``: its number, None where several or none. ``masked`` and ``clear``: the elements that were in the answer.
    ``subjects``: the uid of every entity delivered. ``misses``: keys asked for and not found or not shown.
    ``query_digest``: keyed digest of what was asked (16 bytes or more). ``result``: ``ok``, ``none``, ``match``, ….
    Writer, number, time and hashes are the writer's to add.
    """

    request_id: UUID
    channel: str  # api, console, command, export
    act: str  # page, item, search, batch, verify, history, related, …
    caller_kind: str  # client, user, operator
    caller: str
    department: str | None
    grant_id: int | None
    purpose: str | None
    case_no: str | None
    register: int | None
    masked: tuple[str, ...]
    clear: tuple[str, ...]
    subjects: tuple[UUID, ...]
    misses: int
    query_digest: bytes
    result: str


def digest_of(key: bytes, asked: object) -> bytes:
    """Keyed digest of what was asked: equal questions are seen to be equal, nothing more."""
    return hmac.digest(key, _TEXT.encode(asked).encode("utf-8", "surrogatepass"), "sha256")


_TEXT = json.JSONEncoder(ensure_ascii=False, sort_keys=True, default=str)
"""One for all: making it anew costs as much as a question."""
