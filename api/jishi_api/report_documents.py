"""Reports, failing rows and rules as stewards are told of them (respond, road out)."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from jishi.quality.failing_rows import FailingRow
from jishi.quality.lateness import Lateness, StatutoryClock
from jishi.quality.report_text import tested_document
from jishi.quality.steward_report import StewardReport

Json = dict[str, Any]


def report_json(report: StewardReport) -> Json:
    """What one batch is told beside its ledger row. What is listed and counted are the bad rows."""
    return {
        "why": [{"code": code, "message": sentence} for code, sentence in report.why],
        "rules": [tested_document(rule) for rule in report.tested],
        "could_not_run": list(report.could_not_run),
        "lateness": _lateness(report.lateness),
        "clocks": [_clock(clock) for clock in report.clocks],
    }


def row_json(row: FailingRow) -> Json:
    return {
        "row": row.row,
        "key": str(row.key) if row.key else None,
        "status": row.status,
        "rules": list(row.rules),
        "cells": dict(row.cells) if row.cells is not None else None,
        "surplus": row.surplus,
        "values": dict(row.values) if row.values is not None else None,
        "uid": str(row.uid) if row.uid else None,
    }


def _lateness(lateness: Lateness | None) -> Json | None:
    if lateness is None:
        return None
    return {**asdict(lateness), "due": lateness.due.isoformat()}


def _clock(clock: StatutoryClock) -> Json:
    return {**asdict(clock), "share": clock.share}
