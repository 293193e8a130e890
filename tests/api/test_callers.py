from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from fastapi import FastAPI

from jishi.access import clients, holders, signing, tokens
from jishi.access.holders import Holder
from jishi.errors import DeniedError
from jishi.identifiers.keys import Keys
from jishi_api import callers as callers_room
from jishi_api.callers import Callers
from jishi_api.guessing import LARGEST, REFILL_S, TRIES, Guesses

if TYPE_CHECKING:
    from asyncpg import Connection


@pytest.fixture
def callers(api: FastAPI) -> Callers:
    found: Callers = api.state.serving.callers
    return found


@pytest.fixture
async def headers(keys: Keys, connection: Connection[Any]) -> list[tuple[bytes, bytes]]:
    made = await clients.create(connection, keys, "one")
    return [(b"host", b"x"), (b"x-api-key", made.api_key.encode())]


async def test_many_requests_with_one_new_key_look_it_up_once(
    callers: Callers, headers: list[tuple[bytes, bytes]], monkeypatch: pytest.MonkeyPatch
) -> None:
    looked_up = 0
    real = holders.by_key

    async def counted(*words: Any) -> Holder | None:
        nonlocal looked_up
        looked_up += 1
        return await real(*words)

    monkeypatch.setattr(holders, "by_key", counted)
    await _quiet(callers)
    found = await asyncio.gather(*(callers.of(headers) for _ in range(50)))
    assert {caller.client.name for caller in found} == {"one"} and looked_up == 1
    assert callers.known(headers) is found[0]


async def test_what_a_change_overtook_is_answered_and_not_kept(
    callers: Callers, headers: list[tuple[bytes, bytes]], connection: Connection[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    real = holders.by_key
    heard = asyncio.Event()

    async def overtaken(*words: Any) -> Holder | None:
        found = await real(*words)
        callers.revocations.subscribe(lambda _: heard.set())
        await connection.execute("UPDATE jishi.client SET disabled_at = now()")
        await heard.wait()
        return found

    monkeypatch.setattr(holders, "by_key", overtaken)
    await _quiet(callers)
    assert (await callers.of(headers)).client.name == "one"
    assert callers.known(headers) is None
    monkeypatch.undo()
    with pytest.raises(DeniedError) as refused:
        await callers.of(headers)
    assert refused.value.code == "ACC-CLIENT-DISABLED"


async def test_a_token_is_kept_no_longer_than_it_lives(
    callers: Callers, keys: Keys, connection: Connection[Any]
) -> None:
    made = await clients.create(connection, keys, "one")
    key = await signing.current(connection, keys, "token")
    client = await clients.named(connection, made.client_id)
    token = tokens.issue(key, client, tokens.issuer("3205"), 2, datetime.now(UTC))
    headers = [(b"authorization", b"Bearer " + token.encode())]
    await _quiet(callers)
    await callers.of(headers)
    assert callers.known(headers) is not None
    await asyncio.sleep(2.05)
    assert callers.known(headers) is None
    with pytest.raises(DeniedError) as refused:
        await callers.of(headers)
    assert refused.value.code == "ACC-TOKEN-ENDED"


async def test_what_is_kept_is_bounded(
    callers: Callers, keys: Keys, connection: Connection[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(callers_room, "MOST_KEPT", 3)
    monkeypatch.setattr(callers_room, "MOST_REFUSED", 3)
    made = [await clients.create(connection, keys, f"client {number}") for number in range(5)]
    sent = [[(b"x-api-key", client.api_key.encode())] for client in made]
    await _quiet(callers)
    for headers in sent:
        await callers.of(headers)
    assert [callers.known(headers) is not None for headers in sent] == [False, False, True, True, True]
    for number in range(10):
        with pytest.raises(DeniedError):
            await callers.of([(b"x-api-key", b"jk_%d" % number)])
    assert len(callers._refused) == 3


async def test_the_same_wrong_key_again_is_no_further_guess(callers: Callers) -> None:
    for _ in range(3 * TRIES):
        with pytest.raises(DeniedError) as refused:
            await callers.of([(b"x-api-key", b"jk_old")], "192.0.2.1")
        assert refused.value.code == "ACC-KEY-UNKNOWN"


def test_tries_are_used_up_and_come_back_one_by_one() -> None:
    now = 1000.0
    guesses = Guesses(lambda: now)
    used_up = [guesses.count("192.0.2.1") for _ in range(TRIES)]
    assert used_up == [False] * (TRIES - 1) + [True]
    with pytest.raises(DeniedError) as refused:
        guesses.check("192.0.2.1")
    assert refused.value.values == {"retry_after_s": 3}
    guesses.check("192.0.2.2")
    guesses.check("192.0.2.1", "c-1")
    now += REFILL_S
    guesses.check("192.0.2.1")
    guesses.count("192.0.2.1")
    with pytest.raises(DeniedError):
        guesses.check("192.0.2.1")
    now += REFILL_S * TRIES * 10
    assert not any(guesses.count("192.0.2.1") for _ in range(TRIES - 1)), "never more than all of them"


def test_addresses_of_one_network_are_one_and_few_are_remembered() -> None:
    guesses = Guesses()
    for number in range(TRIES):
        guesses.count(f"2001:db8:0:1::{number:x}")
    with pytest.raises(DeniedError):
        guesses.check("2001:db8:0:1:ffff::1")
    guesses.check("2001:db8:0:2::1")
    guesses.check("no:address")
    for number in range(2 * LARGEST):
        guesses.count(f"address {number}")
    assert len(guesses._buckets) == LARGEST


async def _quiet(callers: Callers) -> None:
    """Until what was changed so far has been heard."""
    await asyncio.sleep(0.1)
    deadline = time.monotonic() + 5
    while not callers.revocations.current:
        assert time.monotonic() < deadline
        await asyncio.sleep(0.01)
