"""Login sessions of the console: begun by a login, looked up at every request, over at once when the user is (authenticate).

A session is 256 random bits in a cookie, of which the table keeps a keyed hash. It lasts while it is used, a day's work at
most. Whoever is disabled, or given another password, has no session from that moment on, in whichever process he asks: the
lookup reads his account as it is. Roles and department are those of now.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal

from jishi.access.users import User
from jishi.errors import DeniedError
from jishi.identifiers.keys import Keys, Use

if TYPE_CHECKING:
    from asyncpg import Connection

Method = Literal["password", "oidc"]

KEPT = timedelta(days=30)
"""Longer than any session lasts."""

ID_BYTES = 32
ID_LENGTH = 43
"""Letters of an id, base64url without padding."""

SEEN_EVERY = timedelta(minutes=1)
"""A session in use is noted no more often than this."""


@dataclass(frozen=True, slots=True)
class Limits:
    """``idle``: since the last request; ``whole``: since the login."""

    idle: timedelta
    whole: timedelta


@dataclass(frozen=True, slots=True)
class Session:
    """A session that holds. ``csrf``: what every form of it carries."""

    user: User
    csrf: str = field(repr=False)
    method: Method = "password"


async def begin(connection: Connection[Any], keys: Keys, login: str, method: Method) -> str:
    """A new session of ``login``: the id for the cookie, which is nowhere else. DeniedError ``ACC-LOGIN`` where he is no user."""
    session_id = secrets.token_urlsafe(ID_BYTES)
    begun = await connection.fetchval(_BEGIN, _hash(keys, session_id), login, method)
    if begun is None:
        raise DeniedError("ACC-LOGIN")
    return session_id


async def find(connection: Connection[Any], keys: Keys, session_id: str, limits: Limits) -> Session | None:
    """The session of a cookie's id; None where there is none, it is over, or its user may not log in any more."""
    if len(session_id) != ID_LENGTH or not session_id.isascii():
        return None
    row = await connection.fetchrow(_FIND, _hash(keys, session_id), limits.idle, limits.whole)
    if row is None:
        return None
    if row["unseen"] > SEEN_EVERY:
        await connection.execute(_SEEN, _hash(keys, session_id))
    user = User(row["login"], row["department"], frozenset(row["roles"]), None, None)
    return Session(user, csrf_token(keys, session_id), row["method"])


async def end(connection: Connection[Any], keys: Keys, session_id: str) -> None:
    """Logged out: the id is of no use any more."""
    await connection.execute(_END, _hash(keys, session_id))


async def forget(connection: Connection[Any], before: datetime) -> int:
    """Remove sessions begun before then, all long over; how many. That somebody logged in stays told by an act."""
    status = await connection.execute("DELETE FROM jishi.console_session WHERE begun_at < $1", before)
    return int(status.rsplit(" ", 1)[-1])


def csrf_token(keys: Keys, session_id: str) -> str:
    """What proves that a form was made for this session; tells nothing about its id."""
    return hmac.digest(keys.key(Use.API_KEY, detail="console-csrf"), session_id.encode(), hashlib.sha256).hex()


def _hash(keys: Keys, session_id: str) -> bytes:
    return hmac.digest(keys.key(Use.API_KEY, detail="console-session"), session_id.encode(), hashlib.sha256)


_BEGIN = """
-- A session of a user who is not disabled.
INSERT INTO jishi.console_session (session_hash, login, method, credential)
SELECT $1, login, $3, sha256(convert_to(password_hash, 'UTF8'))
FROM jishi.user_account
WHERE login = $2 AND disabled_at IS NULL
RETURNING login
"""

_FIND = """
-- A session that holds, with its user as he is now.
SELECT s.method, u.login, u.department, u.roles, clock_timestamp() - s.seen_at AS unseen
FROM jishi.console_session s
JOIN jishi.user_account u USING (login)
WHERE s.session_hash = $1
  AND s.ended_at IS NULL
  AND s.seen_at > clock_timestamp() - $2::interval
  AND s.begun_at > clock_timestamp() - $3::interval
  AND u.disabled_at IS NULL
  AND s.credential = sha256(convert_to(u.password_hash, 'UTF8'))
"""

_SEEN = "UPDATE jishi.console_session SET seen_at = clock_timestamp() WHERE session_hash = $1"

_END = """
-- Since when a session is over.
UPDATE jishi.console_session
SET ended_at = COALESCE(ended_at, clock_timestamp())
WHERE session_hash = $1
"""
