"""Passwords of console users: made here, kept as argon2id hashes (RFC 9106), checked off the event loop (authenticate).

Two are worked on at a time: each takes 64 MiB for some 50 ms.
"""

from __future__ import annotations

import asyncio
import secrets
from concurrent.futures import ThreadPoolExecutor
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

LONGEST = 200
AT_ONCE = 2

_LETTERS = "abcdefghjkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"  # none that looks like another
_LENGTH = 20


def generate() -> str:
    """A new password: 115 random bits, in letters nobody mistakes for another."""
    return "".join(secrets.choice(_LETTERS) for _ in range(_LENGTH))


async def hashed(password: str) -> str:
    """The argon2id hash, with its salt and parameters."""
    return await asyncio.get_running_loop().run_in_executor(_threads(), _hasher().hash, password)


async def matches(kept: str | None, password: str) -> bool:
    """Whether ``kept`` is a hash of ``password``; None (nobody's hash) takes as long and never matches."""
    return await asyncio.get_running_loop().run_in_executor(_threads(), _matches, kept, password[:LONGEST])


def _matches(kept: str | None, password: str) -> bool:
    decoy = _decoy()
    try:
        _hasher().verify(decoy if kept is None else kept, password.encode("utf-8", "surrogateescape"))
    except (VerificationError, InvalidHashError):
        return False
    return kept is not None


@cache
def _hasher() -> PasswordHasher:
    return PasswordHasher()


@cache
def _decoy() -> str:
    """What is compared with where there is no such login."""
    return _hasher().hash(secrets.token_urlsafe(16))


@cache
def _threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(AT_ONCE, thread_name_prefix="jishi-password")
