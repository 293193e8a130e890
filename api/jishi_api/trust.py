"""The trust block 可信度: whose each returned value is, how old, and what speaks against it (query, respond).

Asked for by ``trust=true``; of what is served now alone, and of so many features at most that a page stays quick: it takes
four statements, however many features there are.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from jishi.errors import Fault
from jishi.golden.whose import Whose, Word, whose
from jishi.registers.register import Register
from jishi.stewardship.disputes import Standing
from jishi_api.clock import Clock
from jishi_api.disputes import flagged, rests_on
from jishi_api.negotiate import CSV
from jishi_api.plan import Plan
from jishi_api.serving import Serving

MOST_TRUSTED = 100
"""Features of one answer that may bear the block."""

BY_MODEL = 3
Blocks = Mapping[UUID, bytes]
"""uid → what stands behind the properties of its feature."""

_ROW = ""
"""In the place of an element: a reason that is about the row as a whole."""


def read_trust(given: Mapping[str, str], clock: Clock | None, limit: int, faults: list[Fault]) -> bool:
    """Whether the block is asked for, and may be."""
    text = given.get("trust", "false")
    if text not in ("true", "false"):
        faults.append(Fault("trust", "QRY-VALUE-BOOLEAN"))
    if text != "true":
        return False
    if clock is not None:
        faults.append(Fault("trust", "QRY-TRUST-TIME"))
    if limit > MOST_TRUSTED:
        faults.append(Fault("trust", "QRY-TRUST-LIMIT", {"most": MOST_TRUSTED}))
    if given.get("f") == CSV:
        faults.append(Fault("trust", "QRY-TRUST-FORM"))
    return True


async def blocks_of(serving: Serving, plan: Plan, disputed: Standing, uids: Sequence[UUID]) -> Blocks:
    """Of each entity what is to be known of the values the plan shows."""
    if not uids:
        return {}
    shown = {name: rests_on(plan.register.name, name) for name in (*plan.masked, *plan.clear)}
    elements = frozenset(element for names in shown.values() for element in names)
    fetch = serving.lanes.fetch
    said = await whose(fetch, plan.register, uids, elements)
    winners = {number for of in said.winners.values() for number in of.values()}
    words = [said.words[number] for number in winners]
    failures = await _failures(serving, plan.register, words)
    doubted = {row["contribution_id"] for row in await fetch(_DOUBTED, plan.register.number, list(winners))}
    found = {}
    for uid in uids:
        flags = flagged(plan.register, disputed.get(uid, {}), shown)
        told = {
            name: _entry(said, uid, rests, failures, doubted) | {"disputed": flags.get(name)}
            for name, rests in shown.items()
        }
        found[uid] = b',"trust":' + json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode()
    return found


def _entry(
    said: Whose,
    uid: UUID,
    elements: tuple[str, ...],
    failures: Mapping[tuple[int, UUID], frozenset[str]],
    doubted: set[int],
) -> dict[str, Any]:
    """Of a value that is computed from several: the source of the first, the oldest age, whatever speaks against any."""
    by_element = {name: said.words[n] for name in elements if (n := said.winners.get(uid, {}).get(name)) is not None}
    if not by_element:
        return {"source": None, "department": None, "department_name": None, "since": None, "age_days": None} | {
            "open_failure": False,
            "weak_link": False,
        }
    first = next(iter(by_element.values()))
    since = min(map(_since, by_element.values()))
    return {
        "source": first.source,
        "department": first.department,
        "department_name": first.department_name,
        "since": since.isoformat(),
        "age_days": (datetime.now(UTC).date() - since).days,
        "open_failure": any(
            {name, _ROW} & failures.get((word.source_id, word.source_key), frozenset())
            for name, word in by_element.items()
        ),
        "weak_link": any(word.method == BY_MODEL or word.contribution_id in doubted for word in by_element.values()),
    }


def _since(word: Word) -> date:
    """The day its delivery came."""
    return (word.delivered_at or word.recorded_at).astimezone(UTC).date()


async def _failures(
    serving: Serving, register: Register, words: Sequence[Word]
) -> dict[tuple[int, UUID], frozenset[str]]:
    """(source, key) → elements that a later row under that key was refused for and that is not settled."""
    keys = [word.source_id for word in words], [word.source_key for word in words]
    rows = await serving.lanes.fetch(_FAILING, *keys)
    return {
        (row["source_id"], row["source_key"]): frozenset(_element_of(register, rule) for rule in row["reasons"])
        for row in rows
    }


def _element_of(register: Register, rule: str) -> str:
    parts = rule.split(".")
    return parts[1] if len(parts) == 3 and parts[0] == register.name else _ROW


_FAILING = """
-- Open refusals under the keys of some contributions.
SELECT q.source_id, q.source_key, array_agg(DISTINCT r.rule) AS reasons
FROM unnest($1::smallint[], $2::uuid[]) k (source_id, source_key)
JOIN jishi.quarantine q ON q.source_id = k.source_id AND q.source_key = k.source_key AND q.status = 'open'
CROSS JOIN LATERAL unnest(q.reasons) r (rule)
GROUP BY 1, 2
"""

_DOUBTED = """
-- Contributions of which a steward has still to say whose they are.
SELECT DISTINCT r.contribution_id
FROM jishi.review r
WHERE r.register = $1 AND r.status = 'open' AND r.contribution_id = ANY($2::bigint[])
"""
