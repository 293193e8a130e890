"""What is released is written first: the disclosure of an answer, and the numbers deciphered for it (disclose, road out)."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from jishi.access.disclosures import Disclosure, digest_of
from jishi.identifiers.sealing import Sealed, Sealer
from jishi.stewardship.disputes import Standing
from jishi_api.asked import Asked
from jishi_api.binding import bound
from jishi_api.disputes import NONE, flag
from jishi_api.limits import spend
from jishi_api.plan import Plan
from jishi_api.serving import Serving
from jishi_api.trust import Blocks

__all__ = ["NOBODY", "Outcome", "Row", "bound", "digest", "disclose", "features", "listed", "properties_of"]

Row = Mapping[str, Any]
NO_BLOCKS: Blocks = {}


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a request ended: who was shown, how many were asked for in vain, and in a word."""

    subjects: tuple[UUID, ...] = ()
    misses: int = 0
    result: str = "ok"


NOBODY = Outcome(misses=1, result="none")


async def disclose(
    serving: Serving, asked: Asked, act: str, plan: Plan | None, question: object, outcome: Outcome
) -> None:
    """Durable when it returns; an error means that nothing may leave. ``question`` is told as a keyed digest only.

    The subjects are charged to the grant's daily quota first: CallerError ``QRY-QUOTA`` where it is used up.
    """
    await _charge(serving, asked, len(outcome.subjects))
    d = Disclosure(
        request_id=asked.request_id,
        channel="api",
        act=act,
        caller_kind="client",
        caller=asked.caller.client.client_id,
        department=asked.caller.client.department,
        grant_id=asked.grant.grant_id,
        purpose=asked.stated.purpose,
        case_no=asked.stated.case_no,
        register=asked.register.number,
        masked=plan.masked if plan and outcome.subjects else (),
        clear=plan.clear if plan and outcome.subjects else (),
        subjects=outcome.subjects,
        misses=outcome.misses,
        query_digest=digest(serving, [asked.register.collection, act, question]),
        result=outcome.result,
    )
    await serving.log.write(d)
    if asked.protections:
        await serving.protections.alert(outcome.subjects, d.caller, d.request_id)


async def _charge(serving: Serving, asked: Asked, subjects: int) -> None:
    if asked.grant.quota_per_day is None or not subjects:
        return
    allowance = serving.quotas.take_now(asked.grant, subjects)
    if allowance is None:
        async with serving.callers.connection() as connection:
            allowance = await serving.quotas.take(connection, asked.grant, subjects)
    spend(asked.request, allowance)


def digest(serving: Serving, question: object) -> bytes:
    """As :func:`jishi.access.disclosures.digest_of`, under the key of this deployment."""
    return digest_of(serving.query_key, question)


def features(
    rows: Sequence[Row], plan: Plan, sealer: Sealer, disputed: Standing = NONE, trust: Blocks = NO_BLOCKS
) -> list[bytes]:
    """Each row as a feature up to the end of its properties, the closing brace left out: what PostgreSQL wrote, none of it
    read again. Numbers granted in clear are opened here. ``disputed``: values that bear a flag now; of another time none
    does, for what is disputed is what is served now. ``trust``: what else was asked for of each."""
    if not plan.deciphered:
        found = [row["feature"] for row in rows]
    else:
        found = [_feature(row, more) for row, more in zip(rows, _deciphered(rows, plan, sealer), strict=True)]
    if disputed and plan.source is None:
        for place, row in enumerate(rows):
            if row["uid"] in disputed:
                found[place] += flag(plan, disputed[row["uid"]])
    if trust:
        found = [feature + trust.get(row["uid"], b"") for row, feature in zip(rows, found, strict=True)]
    return found


def listed(
    rows: Sequence[Row], plan: Plan, sealer: Sealer, disputed: Standing = NONE, trust: Blocks = NO_BLOCKS
) -> bytes:
    """The rows as features joined by commas, each whole."""
    found = features(rows, plan, sealer, disputed, trust)
    return b"},".join(found) + b"}" if found else b""


def properties_of(row: Row, plan: Plan) -> dict[str, Any]:
    """The members of a row but for numbers to be opened, read."""
    if plan.deciphered:
        read: dict[str, Any] = json.loads(row["properties"])
    else:
        read = json.loads(row["feature"] + b"}")["properties"]
    return read


def _feature(row: Row, more: str) -> bytes:
    properties = f"{row['properties'][:-1]}{',' if row['properties'] != '{}' else ''}{more}}}"
    geometry = row["geometry"] or "null"
    return f'{{"type":"Feature","id":"{row["uid"]}","geometry":{geometry},"properties":{properties}'.encode()


def _deciphered(rows: Sequence[Row], plan: Plan, sealer: Sealer) -> list[str]:
    found: list[list[str]] = [[] for _ in rows]
    for element in plan.deciphered:
        places = [place for place, row in enumerate(rows) if row[f"{element}__cipher"] is not None]
        sealed = [Sealed(rows[place][f"{element}__lookup"], rows[place][f"{element}__cipher"]) for place in places]
        numbers = dict(zip(places, sealer.open_many(sealed), strict=True))
        for place, row in enumerate(rows):
            number = numbers.get(place, row[f"{element}__shown"])
            found[place].append(f'"{element}":{json.dumps(number, ensure_ascii=False)}')
    return [",".join(parts) for parts in found]
