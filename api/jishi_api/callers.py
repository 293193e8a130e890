"""Who asks, for one process: credentials to callers, kept for a minute and dropped when access changes (authenticate).

What is kept is named by the SHA-256 of the header that carried it. It is used only while changes of access are heard
(:mod:`jishi.access.revocation`); a lookup that a change overtook is answered and not kept.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import asyncpg

from jishi.access import clients, holders, tokens
from jishi.access.clients import Client
from jishi.access.holders import Holder
from jishi.access.revocation import Change, Revocations
from jishi.errors import DeniedError, InternalError
from jishi.identifiers.keys import Keys
from jishi.logs import logger
from jishi.settings import Settings
from jishi.storage import cluster, engine, roles
from jishi_api.caller import Caller
from jishi_api.credentials import Credential, credential_in, digest_of
from jishi_api.guessing import Guesses

if TYPE_CHECKING:
    from asyncpg import Pool
    from joserfc.jwk import OKPKey

    from jishi.access.signing import SigningKey

Headers = Iterable[tuple[bytes, bytes]]

KEPT_S = 60.0
MOST_KEPT = 4096
REFUSED_S = 5.0
MOST_REFUSED = 1024
CONNECTIONS = 2
"""Apart from the lanes of data, so that a request that holds one can be authenticated however busy they are."""

CONNECTION_TIMEOUT_S = 5.0
KEYS_AGE_S = 1.0
"""A token signed by a key nobody knows makes the keys be fetched again, but no more often than this."""

ALERT_PAUSE_S = 60.0

log = logger(__name__)


@dataclass(frozen=True, slots=True)
class Issued:
    """A new access token. ``scope``: the roles it stands for, None = all the client has."""

    token: str = field(repr=False)
    lifetime_s: int
    scope: tuple[str, ...] | None


@dataclass(frozen=True, slots=True)
class _Kept:
    caller: Caller
    until: float


class Callers:
    """Credentials to callers. ``start`` listens for changes; without it every request is refused as unheard."""

    def __init__(self, settings: Settings, keys: Keys, issuer: str) -> None:
        self._settings, self._keys, self._issuer = settings, keys, issuer
        self.revocations = Revocations(self._url)
        self.revocations.subscribe(self._on_change)
        self._guesses = Guesses()
        self._kept: dict[bytes, _Kept] = {}
        self._refused: dict[bytes, tuple[str, float]] = {}
        self._loading: dict[bytes, asyncio.Future[None]] = {}
        self._changes = 0
        self._believed: tuple[dict[str, OKPKey], float] = ({}, float("-inf"))
        self._signer: tuple[SigningKey, float] | None = None
        self._pool: Pool[Any] | None = None
        self._opening = asyncio.Lock()
        self._alert_from = float("-inf")

    async def start(self) -> None:
        await self.revocations.start()

    async def close(self) -> None:
        await self.revocations.close()
        if self._pool is not None:
            await self._pool.close()
            self._pool = None

    def known(self, headers: Headers) -> Caller | None:
        """The caller without waiting, None where :meth:`of` has to be asked."""
        digest = digest_of(headers)
        kept = self._kept.get(digest) if digest is not None else None
        if kept is None or kept.until <= time.monotonic() or not self.revocations.current:
            return None
        return kept.caller

    async def of(self, headers: Headers, remote: str = "") -> Caller:
        """The caller whose credential stands in ``headers`` (lower-case names); ``remote``: the address it came from.

        Raises CallerError ``ACC-CREDENTIALS``; DeniedError ``ACC-KEY-MISSING``, ``ACC-KEY-UNKNOWN``, ``ACC-TOKEN``,
        ``ACC-TOKEN-ENDED``, ``ACC-CLIENT-DISABLED``, ``ACC-GUESSING``; InternalError ``ACC-REVOCATION-UNHEARD``,
        ``STO-CONNECT``, ``QRY-BUSY``.
        """
        headers = list(headers)
        if (caller := self.known(headers)) is not None:
            return caller
        given = credential_in(headers)
        self.revocations.check()
        if (leader := self._loading.get(given.digest)) is not None:
            await asyncio.shield(leader)
            if (caller := self.known(headers)) is not None:
                return caller
        self._check_refused(given)
        self._guesses.check(remote)
        changes = self._changes
        done = asyncio.get_running_loop().create_future()
        self._loading.setdefault(given.digest, done)
        try:
            return await self._load(given, changes)
        except DeniedError as error:
            self._keep_refusal(given, error, changes)
            if error.code == given.code and self._guesses.count(remote):
                await self._alert("unknown")
            raise
        finally:
            done.set_result(None)
            if self._loading.get(given.digest) is done:
                del self._loading[given.digest]

    async def token_for(
        self, client_id: str, secret: str, scope: Sequence[str] | None = None, remote: str = ""
    ) -> Issued:
        """A token for whoever knows the secret. Raises DeniedError ``ACC-SECRET`` (wrong, or the client is disabled),
        ``ACC-SCOPE`` (a role the client does not have), ``ACC-GUESSING``; InternalError as :meth:`of`,
        ``ACC-SIGNING-KEY``.
        """
        self.revocations.check()
        self._guesses.check(remote)
        self._guesses.check(remote, client_id)
        async with self.connection() as connection:
            client = await clients.authenticate_secret(connection, self._keys, client_id, secret)
            if client is None or client.disabled:
                used_up = self._guesses.count(remote, client_id)
                if self._guesses.count(remote) or used_up:
                    await self._alert("unknown" if client is None else client.client_id)
                raise DeniedError("ACC-SECRET")
            if scope is not None and not client.roles.issuperset(scope):
                raise DeniedError("ACC-SCOPE")
            key = await self._signing_key(connection)
        lifetime_s = self._settings.token_lifetime_s
        token = tokens.issue(key, client, self._issuer, lifetime_s, datetime.now(UTC), scope)
        return Issued(token, lifetime_s, None if scope is None else tuple(scope))

    async def public_keys(self) -> list[dict[str, Any]]:
        """JWKs of the keys whose tokens are believed, the newest first."""
        async with self.connection() as connection:
            return [key.as_dict(private=False) for key in (await tokens.believed(connection)).values()]

    async def _load(self, given: Credential, changes: int) -> Caller:
        left_s = KEPT_S
        async with self.connection() as connection:
            if given.kind == "key":
                holder = await holders.by_key(connection, self._keys, given.text)
                scope = None
            else:
                now = datetime.now(UTC)
                claims = tokens.read(given.text, await self._token_keys(connection, given.text), self._issuer, now)
                holder = await holders.by_id(connection, claims.client_id)
                if holder is not None and not claims.made_with(holder.client):
                    holder = None
                scope = claims.scope
                left_s = min(left_s, (claims.expires_at - now).total_seconds())
        if holder is None:
            raise DeniedError(given.code)
        if holder.client.disabled:
            raise DeniedError("ACC-CLIENT-DISABLED")
        caller = _caller(holder, scope)
        if self._changes == changes and self.revocations.current:
            _put(self._kept, given.digest, _Kept(caller, time.monotonic() + left_s), MOST_KEPT)
        return caller

    def _check_refused(self, given: Credential) -> None:
        code, until = self._refused.get(given.digest, ("", 0.0))
        if until > time.monotonic() and self.revocations.current:
            raise DeniedError(code)

    def _keep_refusal(self, given: Credential, error: DeniedError, changes: int) -> None:
        if self._changes == changes and self.revocations.current:
            _put(self._refused, given.digest, (error.code, time.monotonic() + REFUSED_S), MOST_REFUSED)

    async def _token_keys(self, connection: Any, token: str) -> dict[str, OKPKey]:
        keys, at = self._believed
        fresh = self.revocations.current and time.monotonic() - at < KEPT_S
        if not fresh or (tokens.kid_of(token) not in keys and time.monotonic() - at > KEYS_AGE_S):
            changes = self._changes
            keys = await tokens.believed(connection)
            if self._changes == changes:
                self._believed = (keys, time.monotonic())
        return keys

    async def _signing_key(self, connection: Any) -> SigningKey:
        if self._signer is None or self._signer[1] <= time.monotonic() or not self.revocations.current:
            changes = self._changes
            key = await tokens.signer(connection, self._keys)
            if self._changes != changes:
                return key
            self._signer = (key, time.monotonic() + KEPT_S)
        return self._signer[0]

    def _on_change(self, change: Change) -> None:
        """Drop what ``change`` may have made wrong. Any change may let in who was refused."""
        self._changes += 1
        self._refused.clear()
        if change.touches("signing_key"):
            self._kept.clear()
            self._believed = ({}, float("-inf"))
            self._signer = None
        elif change.touches("client", "access_grant"):
            whose = change.key
            gone = [name for name, kept in self._kept.items() if whose in {None, kept.caller.client.client_id}]
            for name in gone:
                del self._kept[name]

    async def _alert(self, caller: str) -> None:
        """Tell the auditors that somebody tries credentials; once in a while, and never in the way of an answer."""
        if time.monotonic() < self._alert_from:
            return
        self._alert_from = time.monotonic() + ALERT_PAUSE_S
        with suppress(InternalError):
            async with self.connection() as connection:
                await connection.execute(_ALERT, caller)

    async def _url(self) -> str:
        return await asyncio.to_thread(cluster.url, self._settings, roles.API)

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Any]:
        """A connection that may write what the API's role may; errors ``QRY-BUSY``, ``STO-CONNECT``."""
        try:
            pool = self._pool or await self._open()
            connection = await pool.acquire(timeout=CONNECTION_TIMEOUT_S)
        except TimeoutError as error:
            raise InternalError("QRY-BUSY") from error
        except _LOST as error:
            raise InternalError("STO-CONNECT", reason=type(error).__name__) from error
        try:
            yield connection
        except _LOST as error:
            with suppress(asyncpg.InterfaceError):
                connection.terminate()
            raise InternalError("STO-CONNECT", reason=type(error).__name__) from error
        finally:
            await pool.release(connection)

    async def _open(self) -> Pool[Any]:
        async with self._opening:
            if self._pool is None:
                self._pool = await engine.pool(await self._url(), CONNECTIONS, application="jishi-access")
            return self._pool


_LOST = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)
"""Nobody is authenticated by a database that fails, in whatever way it does."""


def _caller(holder: Holder, scope: frozenset[str] | None) -> Caller:
    client: Client = holder.client
    if scope is not None:
        client = replace(client, roles=client.roles & scope)
    return Caller(client, holder.grants)


def _put(into: dict[bytes, Any], name: bytes, value: object, most: int) -> None:
    """Keep one more; the oldest makes room."""
    into.pop(name, None)
    if len(into) >= most:
        del into[next(iter(into))]
    into[name] = value


_ALERT = """
-- Somebody tries credentials.
INSERT INTO jishi.access_alert (kind, caller)
VALUES ('guessing', $1)
"""
