"""The demo city takes the real road: every planted row ends as the truth file says, and a second time nothing happens."""

from __future__ import annotations

import csv
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from jishi.access.acts import Actor
from jishi.access.officer import Officer
from jishi.quality import quarantine_search
from jishi.quality.quarantine_search import Wanted
from jishi.registers.catalog import register_of
from jishi.settings import Settings
from jishi.storage import engine
from jishi_ingest.demo.generate import generate
from jishi_ingest.demo.ingest import ingest_city, standing
from jishi_ingest.demo.manifest import TRUTH, Expected, Manifest
from jishi_ingest.road import Road

REGISTERS = ("natural_person", "legal_entity", "place", "credit_record", "certificate")
STATES = ("withheld", "expired", "resolved", "pending")
Receipt = Mapping[str, Any]


@pytest.fixture(scope="module")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> Manifest:
    return generate(3_000, 7, tmp_path_factory.mktemp("city"))


async def test_the_city_ends_as_its_manifest_and_truth_say_and_is_ingested_once(
    settings: Settings, manifest: Manifest
) -> None:
    road = Road.open(settings)
    steps: list[str] = []
    before = await standing(road, manifest)
    assert not before.is_begun
    receipts = await ingest_city(road, manifest, before, lambda delivery, progress: steps.append(delivery.file))
    assert set(steps) == {delivery.file for delivery in manifest.deliveries}
    assert [*_unlike(manifest, receipts)] == []

    connection = await engine.connect(road.url)
    try:
        ledger = await _Ledger.read(connection, receipts)
        assert [line for line in _planted(manifest.folder) if not ledger.agrees(line)] == []
        assert await _not_found(connection, ledger, manifest.folder) == []
        assert [*ledger.unaccounted()] == []
        assert [*_other_states(manifest, await _states(connection), receipts)] == []
        assert await _changed_by_a_second_time(road, connection, manifest) == 0
    finally:
        await connection.close()


async def _not_found(connection: asyncpg.Connection, ledger: _Ledger, folder: Path) -> list[Mapping[str, str]]:
    """Planted rows that were to be refused and that the city's steward does not find in the quarantine by their rule."""
    steward = Officer(Actor("user", "hui"), None, frozenset({"steward"}))
    found: dict[tuple[int, str], set[int]] = {}
    absent: list[Mapping[str, str]] = []
    for line in _planted(folder):
        batch, rule = ledger.batch_of[line["file"]], line["rule"]
        if line["expected"] not in ("refused", "quarantined") or not int(line["row"]):
            continue
        if (batch, rule) not in found:
            rows = await quarantine_search.search(connection, steward, Wanted(batch=batch, rule=rule), limit=100_000)
            found[batch, rule] = {row.row_number for row in rows}
        if int(line["row"]) not in found[batch, rule]:
            absent.append(line)
    assert found
    return absent


async def _changed_by_a_second_time(road: Road, connection: asyncpg.Connection, manifest: Manifest) -> int:
    """Batches that ingesting the city again would add."""
    before = await connection.fetchval("SELECT count(*) FROM jishi.batch")
    known = await standing(road, manifest)
    assert known.is_complete
    assert known.others == 0
    again = await ingest_city(road, manifest, known, lambda delivery, progress: None)
    assert [receipt["status"] for receipt in again] == [delivery.expected.status for delivery in manifest.deliveries]
    return int(await connection.fetchval("SELECT count(*) FROM jishi.batch") - before)


def _unlike(manifest: Manifest, receipts: list[dict[str, Any]]) -> Iterator[tuple[str, str, object, object]]:
    """File, member, what was expected, what came."""
    for delivery, receipt in zip(manifest.deliveries, receipts, strict=True):
        expected = delivery.expected
        for member, wanted, found in _compared(expected, receipt):
            if wanted != found:
                yield delivery.file, member, wanted, found
        if receipt["encoding"] != delivery.encoding and expected.status in ("published", "held"):
            yield delivery.file, "encoding", delivery.encoding, receipt["encoding"]


def _compared(expected: Expected, receipt: Receipt) -> Iterator[tuple[str, object, object]]:
    yield "status", expected.status, receipt["status"]
    yield "received", expected.received, receipt["received"]
    if expected.status in ("published", "unchanged"):
        yield "quarantined", expected.refused + expected.conflicting, receipt["quarantined"]
        yield "duplicate", expected.duplicate, receipt["duplicate"]
        yield "reasons", expected.reasons, receipt["reasons"]
        yield "warnings", expected.warnings, {rule: receipt["warnings"].get(rule) for rule in expected.warnings}
    if expected.status == "published":
        yield "reviews", expected.conflicts, receipt["golden"]["review"]


def _other_states(
    manifest: Manifest, states: Mapping[int, Mapping[str, int]], receipts: list[dict[str, Any]]
) -> Iterator[tuple[str, str, int, int]]:
    """File, state, how many rows or references were to be in it when the whole city is in, how many are."""
    found: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for receipt in receipts:
        if receipt["status"] == "published":
            found[receipt["file"]].update(states.get(receipt["batch"], {}))
    for delivery in manifest.deliveries:
        if delivery.expected.status == "published":
            for state in STATES:
                wanted, there = getattr(delivery.expected, state), found[delivery.file][state]
                if wanted != there:
                    yield delivery.file, state, wanted, there


async def _states(connection: asyncpg.Connection) -> dict[int, dict[str, int]]:
    """Batch → rows by the state of their golden record, references by whether they have found their target."""
    states: defaultdict[int, dict[str, int]] = defaultdict(dict)
    for statement in (_WITHHELD, _EXPIRED, _REFERRED):
        for row in await connection.fetch(statement):
            states[row["batch_id"]] |= dict(row)
    return dict(states)


class _Ledger:
    """What the database holds of the city's batches."""

    def __init__(self, receipts: list[dict[str, Any]]) -> None:
        self.receipts = receipts
        self.batch_of: dict[str, int] = {}
        for receipt in receipts:
            self.batch_of.setdefault(receipt["file"], receipt["batch"])
        self.reasons: dict[tuple[int, int], list[str]] = {}
        self.contributions: dict[tuple[int, int], dict[str, Any]] = {}
        self.accepted: defaultdict[int, int] = defaultdict(int)

    @classmethod
    async def read(cls, connection: asyncpg.Connection, receipts: list[dict[str, Any]]) -> _Ledger:
        ledger = cls(receipts)
        for row in await connection.fetch("SELECT batch_id, row_number, reasons FROM jishi.quarantine"):
            ledger.reasons[row["batch_id"], row["row_number"]] = list(row["reasons"])
        for register in REGISTERS:
            for row in await connection.fetch(_CONTRIBUTIONS[register]):
                ledger.contributions[row["batch_id"], row["row_number"]] = dict(row)
                ledger.accepted[row["batch_id"]] += 1
        return ledger

    def agrees(self, line: Mapping[str, str]) -> bool:
        """Whether a planted row ended as its line of the truth says."""
        at = self.batch_of[line["file"]], int(line["row"])
        contribution, reasons = self.contributions.get(at), self.reasons.get(at, [])
        if line["expected"] in ("refused", "quarantined"):
            return contribution is None and line["rule"] in reasons
        if line["expected"] in ("duplicate", "held"):
            return contribution is None and not reasons
        if contribution is None or reasons:
            return False
        if line["expected"] == "warning":
            told = line["rule"] in (contribution["warnings"] or [])
            return told and (line["defect"] != "27" or _value_agrees(line, contribution))
        is_conflict = line["expected"] == "identifier-conflict"
        return contribution["reviewed"] == is_conflict and _value_agrees(line, contribution)

    def unaccounted(self) -> Iterator[tuple[str, int, int]]:
        """Published files whose contributions are not as many as their receipt says."""
        for receipt in self.receipts:
            said = receipt["inserted"] + receipt["updated"] + receipt["ended"]
            if said != self.accepted[receipt["batch"]]:
                yield receipt["file"], said, self.accepted[receipt["batch"]]


def _value_agrees(line: Mapping[str, str], contribution: Mapping[str, Any]) -> bool:
    """What an accepted row must have become, where the truth states it."""
    fits = True
    match line["expected"], line["defect"]:
        case "withheld", _:
            fits = contribution["state"] == "withheld"
        case "expired", _:
            fits = contribution["golden_status"] == "05"
        case "pending", _:
            fits = contribution["waiting"] > 0 and not contribution["found_later"]
        case _, "29":
            fits = not contribution["waiting"] and contribution["found_later"] > 0
    return fits and _text_agrees(line, contribution)


def _text_agrees(line: Mapping[str, str], contribution: Mapping[str, Any]) -> bool:
    match line["defect"], line["detail"]:
        case "14", _:
            return bool(contribution["golden_status"] == "2")
        case "17", _:
            return contribution["uscc"] is None and contribution["reg_no_legacy"] is not None
        case "18", detail:
            amount, currency = detail.split()
            return (contribution["reg_capital"], contribution["currency"] or "unsaid") == (Decimal(amount), currency)
        case "27", detail:
            return _county_agrees(detail, contribution)
        case "19", detail:
            return str(contribution["establish_date"]) == detail
    return True


def _county_agrees(detail: str, contribution: Mapping[str, Any]) -> bool:
    """What became of an address whose county is a former one, one of several, or not named."""
    code, candidates = contribution["addr_division_code"], contribution["addr_candidates"]
    if detail.startswith("former"):
        name, today = detail.removeprefix("former county: ").split()
        is_old = contribution["addr_named_code"] not in (None, today)
        return is_old and (contribution["addr_county"], code, contribution["addr_resolution"]) == (
            name,
            today,
            "history",
        )
    if detail.startswith("ambiguous"):
        return code is None and len(candidates.split("|")) > 1 and contribution["addr_resolution"] == "ambiguous"
    return code is None and candidates is None and contribution["addr_resolution"] == "none"


def _planted(folder: Path) -> list[dict[str, str]]:
    """The truth about rows; lines about a whole file are the manifest's."""
    with (folder / TRUTH).open(encoding="utf-8", newline="") as file:
        return [line for line in csv.DictReader(file) if line["row"] != "0"]


_REFERENCES = """,
  (SELECT count(*) FROM jishi.relation r
    WHERE r.contribution_id = c.contribution_id AND r.from_register = {number} AND r.to_uid IS NULL) AS waiting,
  (SELECT count(*) FROM jishi.relation r
    WHERE r.contribution_id = c.contribution_id AND r.from_register = {number} AND r.resolved_at > r.recorded_at
  ) AS found_later"""
_FURTHER = {
    "natural_person": ", (SELECT g.person_status_code FROM jishi.natural_person g WHERE g.uid = l.uid) AS golden_status",
    "legal_entity": ", c.uscc, c.reg_no_legacy, c.reg_capital, c.reg_capital_currency AS currency, c.establish_date",
    "place": ", c.addr_county, c.addr_division_code, c.addr_named_code, c.addr_candidates, c.addr_resolution",
    "credit_record": ", (SELECT g.state FROM jishi.credit_record g WHERE g.uid = l.uid) AS state"
    + _REFERENCES.format(number=register_of("credit_record").number),
    "certificate": ", (SELECT g.cert_status FROM jishi.certificate g WHERE g.uid = l.uid) AS golden_status"
    + _REFERENCES.format(number=register_of("certificate").number),
}
_CONTRIBUTIONS = {
    register: f"""
SELECT c.batch_id, c.row_number, l.warnings, EXISTS (
    SELECT FROM jishi.review r WHERE r.contribution_id = c.contribution_id AND r.batch_id = c.batch_id
      AND r.kind = 'identifier-conflict'
  ) AS reviewed{further}
FROM jishi.{register}_contribution c JOIN jishi.{register}_link l USING (contribution_id)
WHERE c.row_number > 0"""
    for register, further in _FURTHER.items()
}
_WITHHELD = """
SELECT c.batch_id, count(*) AS withheld
FROM jishi.credit_record_contribution c
JOIN jishi.credit_record_link l USING (contribution_id)
JOIN jishi.credit_record g ON g.uid = l.uid
WHERE g.state = 'withheld'
GROUP BY c.batch_id"""
_EXPIRED = """
SELECT c.batch_id, count(*) AS expired
FROM jishi.certificate_contribution c
JOIN jishi.certificate_link l USING (contribution_id)
JOIN jishi.certificate g ON g.uid = l.uid
WHERE g.cert_status = '05'
GROUP BY c.batch_id"""
_REFERRED = """
SELECT r.batch_id, count(r.to_uid) AS resolved, count(*) - count(r.to_uid) AS pending
FROM jishi.relation r
WHERE r.to_lookup IS NOT NULL
GROUP BY r.batch_id"""
"""References by number; those by value, such as a division's superior, are not the files'."""
