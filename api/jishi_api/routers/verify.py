"""``POST /verify``: whether claims about one subject are so; no value of a register is ever told (query, road out)."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from jishi.access import receipts
from jishi.access.authorise import Wanted
from jishi.errors import CallerError, Fault, NotFoundError
from jishi.registers.element import Kind
from jishi.registers.register import Register
from jishi_api import sql
from jishi_api.asked import Asked, Body, asked_of, read_body
from jishi_api.auth import caller_of
from jishi_api.compare import CLAIMABLE, Verdict, compare, interval
from jishi_api.condition import TEXT_LIMIT, Condition
from jishi_api.disclose import Outcome, Row, bound, digest, disclose, properties_of
from jishi_api.disputes import flagged
from jishi_api.guesses import Subject
from jishi_api.numbers import number_of
from jishi_api.parameters import included, report, texts
from jishi_api.personal import key_of, search_of
from jishi_api.plan import Plan, plan_of
from jishi_api.protected import demand_purpose
from jishi_api.routers.collections import register_by_collection
from jishi_api.routers.items import uid_of
from jishi_api.serving import Serving, serving_of

MEMBERS = frozenset({"collection", "key", "claims", "salt", "include"})
MOST_CLAIMS = 30
SALT_BYTES = (16, 64)
UID = "uid"

Claims = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Check:
    """One question of ``/verify``, understood: ``plan`` reads the claimed elements in clear for comparing."""

    plan: Plan
    page: sql.Page
    uid: UUID | None
    claims: Claims = field(repr=False)
    key: Claims = field(repr=False)
    salt: bytes | None = field(repr=False)
    include: frozenset[str] = frozenset()


def routes() -> list[BaseRoute]:
    return [Route("/verify", verify, methods=["POST"])]


async def verify(request: Request) -> Response:
    """Outcome of the whole and of each claim. Who lacks the right ``distinct`` cannot tell a subject that is not there from one
    about whom a claim is wrong: every claim is then said to be inconsistent."""
    serving = serving_of(request)
    caller = await caller_of(request)
    body = await read_body(request, MEMBERS)
    register = _register(body)
    asked = await asked_of(request, serving, caller, register, body)
    check = _check(asked, body)
    subject = _subject(serving, asked, sorted(check.key.items()))
    _refuse_guessing(serving, [subject])
    rows = await _rows(serving, asked, check)
    found = rows[0] if len(rows) == 1 else None
    subjects = [subject]
    if found is not None:
        await demand_purpose(serving, asked, (found["uid"],))
        subjects.append(_subject(serving, asked, str(found["uid"])))
        _refuse_guessing(serving, subjects)
    verdicts = _verdicts(serving, register, check, found, several=len(rows) > 1)
    outcome = _outcome(verdicts, there=bool(rows))
    if outcome in ("no_record", "mismatch"):
        serving.guesses.note(subjects)
    uids = tuple(row["uid"] for row in rows[:1]) if found is not None else ()
    question = [sorted(check.key.items()), sorted(check.claims.items())]
    await disclose(serving, asked, "verify", check.plan, question, Outcome(uids, int(not uids), outcome))
    outcome, verdicts = _as_told(asked, outcome, verdicts)
    receipt = await _receipt(serving, asked, check, outcome, verdicts)
    told_back: dict[str, Any] = {"outcome": outcome, "claims": verdicts, "receipt": receipt}
    flags = _flags(asked, check, found, outcome)
    if flags:
        told_back["disputed"] = flags
    return JSONResponse(told_back, headers={"Cache-Control": "no-store"})


def _register(body: Body) -> Register:
    try:
        return register_by_collection(str(body.get("collection")))
    except NotFoundError as error:
        raise CallerError("QRY-PARAMETERS", faults=(Fault("collection", "QRY-COLLECTION"),)) from error


def _check(asked: Asked, body: Body) -> Check:
    """CallerError with every fault of key, claims and salt; DeniedError where the grant does not let them be compared."""
    register, faults = asked.register, list[Fault]()
    claims = _claims(register, body.get("claims"), faults)
    key = key_of(body.get("key"), faults)
    given = texts({name: body[name] for name in ("include",) if name in body}, faults)
    salt = _salt(body.get("salt"), faults)
    include = included(given, faults)
    opened = replace(asked.grant, masked=frozenset(), clear=frozenset(claims))
    plan = plan_of(register, opened, tuple(name for name in register.elements if name in claims), geometry=False)
    uid, condition, wanted = None, None, Wanted()
    if set(key) == {UID}:
        uid = uid_of(key[UID])
        if uid is None:
            faults.append(Fault("key.uid", "QRY-VALUE-UID"))
    elif key:
        found = search_of(register, key, plan.first, faults)
        condition, wanted = (found.condition, found.wanted) if found else (Condition("false"), wanted)
    report(faults)
    asked.authorise(replace(wanted, matched=wanted.matched | claims.keys(), rights=include))
    page = sql.Page(condition, asked.hidden, include, limit=1)
    return Check(plan, page, uid, claims, key, salt, include)


def _claims(register: Register, given: object, faults: list[Fault]) -> Claims:
    if not isinstance(given, dict) or not 0 < len(given) <= MOST_CLAIMS:
        faults.append(Fault("claims", "QRY-VERIFY-CLAIMS", {"most": MOST_CLAIMS}))
        return {}
    found = {}
    for name, value in given.items():
        element = register.elements.get(name)
        if element is None or element.kind not in CLAIMABLE:
            faults.append(Fault(f"claims.{name}"[:80], "QRY-PROPERTY-UNKNOWN"))
            continue
        text = value if isinstance(value, str) else json.dumps(value)
        if not isinstance(value, str | int | float) or not text.strip() or len(text) > 20_000 or "\0" in text:
            faults.append(Fault(f"claims.{name}", "QRY-VALUE-TEXT", {"longest": TEXT_LIMIT}))
        elif element.kind in (Kind.DATE, Kind.PARTIAL_DATE) and interval(text) is None:
            faults.append(Fault(f"claims.{name}", "QRY-VALUE-DATE"))
        else:
            found[name] = text
    return found


def _salt(given: object, faults: list[Fault]) -> bytes | None:
    """The caller's own random bytes, base64url without padding or with it; None = no receipt is wanted."""
    if given is None:
        return None
    try:
        salt = base64.b64decode(str(given) + "=" * (-len(str(given)) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        salt = b""
    if not SALT_BYTES[0] <= len(salt) <= SALT_BYTES[1]:
        faults.append(Fault("salt", "QRY-VERIFY-SALT", {"least": SALT_BYTES[0], "most": SALT_BYTES[1]}))
        return None
    return salt


async def _rows(serving: Serving, asked: Asked, check: Check) -> list[Row]:
    """None, one, or two where the key fits several."""
    by_uid = None if check.uid is None else sql.by_uids(check.plan, (check.uid,), asked.hidden)
    statement = by_uid or sql.page(check.plan, check.page)
    rows: list[Row] = list(await serving.lanes.fetch(statement.text, *bound(statement.values, serving.sealer)))
    if check.uid is not None:
        rows = [row for row in rows if _is_open(row, check.include)]
    return rows


def _is_open(row: Row, include: frozenset[str]) -> bool:
    return (row["state"] != "withheld" or "withheld" in include) and (not row["inactive"] or "inactive" in include)


def _verdicts(
    serving: Serving, register: Register, check: Check, row: Row | None, *, several: bool
) -> dict[str, Verdict]:
    if row is None:
        return dict.fromkeys(check.claims, Verdict.UNVERIFIABLE if several else Verdict.INCONSISTENT)
    held = properties_of(row, check.plan)
    return {
        name: _of_number(serving, register, row, name, text)
        if name in check.plan.deciphered
        else compare(register.elements[name], text, held.get(name))
        for name, text in check.claims.items()
    }


def _of_number(serving: Serving, register: Register, row: Row, name: str, text: str) -> Verdict:
    """A sealed number is compared by its tag and not opened."""
    lookup = row[f"{name}__lookup"]
    if lookup is None:
        return Verdict.UNVERIFIABLE
    number = number_of(register.elements[name], text)
    return Verdict.CONSISTENT if number and lookup in serving.sealer.tags(number) else Verdict.INCONSISTENT


def _outcome(verdicts: Mapping[str, Verdict], *, there: bool) -> str:
    if not there:
        return "no_record"
    if Verdict.INCONSISTENT in verdicts.values():
        return "mismatch"
    return "unverifiable" if Verdict.UNVERIFIABLE in verdicts.values() else "match"


def _as_told(asked: Asked, outcome: str, verdicts: dict[str, Verdict]) -> tuple[str, dict[str, Verdict]]:
    if outcome in ("no_record", "mismatch") and "distinct" not in asked.grant.rights:
        return "mismatch", dict.fromkeys(verdicts, Verdict.INCONSISTENT)
    return outcome, verdicts


def _flags(asked: Asked, check: Check, row: Row | None, outcome: str) -> dict[str, str]:
    """Claimed elements that are disputed; not where that would tell that somebody is there."""
    if row is None or (outcome in ("no_record", "mismatch") and "distinct" not in asked.grant.rights):
        return {}
    return flagged(asked.register, asked.disputed.get(row["uid"], {}), check.claims)


def _subject(serving: Serving, asked: Asked, named: object) -> Subject:
    return asked.caller.client.client_id, digest(serving, [asked.register.collection, named])


def _refuse_guessing(serving: Serving, subjects: list[Subject]) -> None:
    wait_s = serving.guesses.wait_s(subjects)
    if wait_s:
        raise CallerError("ACC-GUESSING-SUBJECT", minutes=-(-wait_s // 60), retry_after_s=wait_s)


async def _receipt(
    serving: Serving, asked: Asked, check: Check, outcome: str, verdicts: Mapping[str, Verdict]
) -> dict[str, Any] | None:
    """A receipt of what was told; None without a salt."""
    if check.salt is None:
        return None
    key = await serving.receipt_key()
    claims = {name: (text, verdicts[name].value) for name, text in check.claims.items()}
    at = datetime.now(UTC)
    return receipts.issue(key, asked.request_id, at, check.salt, asked.register.collection, check.key, claims, outcome)
