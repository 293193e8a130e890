"""Refused rows, checks, suggestions and repairs as stewards are told of them (respond, road out)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from starlette.requests import Request

from jishi.quality.quarantine_search import Entry, Shown, Step
from jishi.quality.quarantine_values import Column
from jishi.stewardship.bulk_repairs import Bulk
from jishi.stewardship.near_misses import Suggestion
from jishi.stewardship.repair_check import Check
from jishi.stewardship.repairs import Repair
from jishi_api.links import address
from jishi_api.quarantine_view import Reason, reasons_of, told_rules

Json = dict[str, Any]


def row_json(request: Request, one: Shown) -> Json:
    """``sight``: clear or masked; ``digests`` tell which masked cells of a column hold the same."""
    entry = one.entry
    return {
        "id": entry.quarantine_id,
        "batch": entry.batch_id,
        "row": entry.row_number,
        "source": entry.source,
        "register": entry.register,
        "department": entry.department,
        "key": str(entry.source_key) if entry.source_key else None,
        "status": entry.status,
        "open": entry.is_open,
        "opened_at": _instant(entry.opened_at),
        "closed_at": _instant(entry.closed_at),
        "closed_by_batch": entry.closed_by_batch,
        "repair": entry.repair_id,
        "supersedes": entry.supersedes,
        "reasons": [_reason(reason) for reason in reasons_of(entry, request.state.language)],
        "sight": "masked" if one.masked or one.digests else "clear",
        "cells": dict(one.row.cells),
        "surplus": one.row.surplus,
        "fault": one.row.fault,
        "digests": dict(one.digests),
        "links": [{"rel": "self", "href": address(request, "stewardship", "quarantine", str(entry.quarantine_id))}],
    }


def step_json(step: Step) -> Json:
    """``officer`` null: the road itself."""
    return {
        "at": _instant(step.taken_at),
        "officer": step.officer,
        "step": step.step,
        "reason": step.reason,
        "repair": step.repair_id,
        "by_batch": step.by_batch,
    }


def check_json(request: Request, entry: Entry, check: Check) -> Json:
    """``accepted`` null while it is not done."""
    language, verdict = request.state.language, check.verdict

    def told(rules: Sequence[str]) -> list[Json]:
        headers = verdict.headers if verdict else {}
        return [_reason(reason) for reason in told_rules(entry, rules, headers, language)]

    here = address(request, "stewardship", "quarantine", str(entry.quarantine_id), "checks", str(check.check_id))
    return {
        "check": check.check_id,
        "status": check.status,
        "accepted": None if verdict is None else not verdict.refused,
        "refused": told(verdict.refused if verdict else ()),
        "warned": told(verdict.warned if verdict else ()),
        "fault": check.fault,
        "seconds": verdict.seconds if verdict else None,
        "links": [{"rel": "self", "href": here}],
    }


def suggestion_json(one: Suggestion) -> Json:
    """Masked whoever asks; ``n`` is what a check or a repair may name."""
    return {
        "n": one.place,
        "column": one.header,
        "element": one.element,
        "slip": one.slip,
        "uid": str(one.uid),
        "number": one.masked,
        "name": one.name,
        "name_agrees": one.name_agrees,
    }


def repair_json(request: Request, repair: Repair) -> Json:
    links = [{"rel": "self", "href": address(request, "stewardship", "repairs", str(repair.repair_id))}]
    if repair.repair_batch is not None:
        links.append({"rel": "batch", "href": address(request, "stewardship", "batches", str(repair.repair_batch))})
    return {
        "repair": repair.repair_id,
        "batch": repair.batch_id,
        "source": repair.source,
        "bulk": repair.bulk_id,
        "officer": repair.officer,
        "reason": repair.reason,
        "status": repair.status,
        "rows": repair.rows,
        "repaired": repair.repaired,
        "refused": repair.refused,
        "repair_batch": repair.repair_batch,
        "fault": repair.fault,
        "created_at": _instant(repair.created_at),
        "finished_at": _instant(repair.finished_at),
        "links": links,
    }


def bulk_json(request: Request, bulk: Bulk) -> Json:
    """``done``: rows looked at so far; the counts are null before the end. ``still``: rule → rows that would fail it."""
    here = address(request, "stewardship", "quarantine", "repairs", str(bulk.bulk_id))
    links = [{"rel": "self", "href": here}]
    links += [
        {"rel": "repair", "href": address(request, "stewardship", "repairs", str(number))} for number in bulk.repairs
    ]
    return {
        "bulk": bulk.bulk_id,
        "officer": bulk.officer,
        "reason": bulk.reason,
        "filter": {name: value for name, value in asdict(bulk.filter).items() if value is not None},
        "dry": bulk.dry,
        "status": bulk.status,
        "done": bulk.done,
        "selected": bulk.selected,
        "touched": bulk.touched,
        "passed": bulk.passed,
        "still": None if bulk.reasons is None else dict(bulk.reasons),
        "fault": bulk.fault,
        "repairs": list(bulk.repairs),
        "created_at": _instant(bulk.created_at),
        "finished_at": _instant(bulk.finished_at),
        "links": links,
    }


def column_json(column: Column) -> Json:
    """``value`` null: under masks, told by its shape and digest."""
    return {
        "header": column.header,
        "rows": column.rows,
        "distinct": column.distinct,
        "values": [
            {"value": one.value, "shape": one.shape, "digest": one.digest, "rows": one.rows} for one in column.held
        ],
    }


def _reason(reason: Reason) -> Json:
    return {
        "rule": reason.rule,
        "element": reason.element,
        "title": reason.title,
        "text": reason.text,
        "columns": list(reason.headers),
    }


def _instant(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()
