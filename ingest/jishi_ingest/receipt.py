"""What a run tells its caller: the ledger row of a batch in the shape of the contract."""

from __future__ import annotations

import json
from typing import Any

import asyncpg

from jishi.errors import NotFoundError
from jishi.golden.tables import OUTCOMES
from jishi.messages import render


async def receipt(connection: asyncpg.Connection, batch_id: int, language: str = "zh-CN") -> dict[str, Any]:
    """The document that ``jishi ingest run --json`` and ``status --json`` print."""
    row = await connection.fetchrow(
        "SELECT b.*, s.name AS source, s.register FROM jishi.batch b JOIN jishi.source s USING (source_id)"
        " WHERE b.batch_id = $1",
        batch_id,
    )
    if row is None:
        raise NotFoundError("ING-BATCH-UNKNOWN", batch=batch_id)
    fault = json.loads(row["fault"]) if row["fault"] else None
    if fault and language.startswith("en"):
        fault["message"] = fault["message_en"]
    notes = [_told(note, language) for note in json.loads(row["notes"])]
    return {
        "batch": row["batch_id"],
        "source": row["source"],
        "register": row["register"],
        "status": row["status"],
        "file": row["file_name"],
        "received": row["received"] or 0,
        **{name: row[name] or 0 for name in OUTCOMES},
        "ended_by_absence": row["ended_by_absence"] or 0,
        "golden": {
            "created": row["golden_created"] or 0,
            "changed": row["golden_changed"] or 0,
            "ended": row["golden_ended"] or 0,
            "review": row["golden_review"] or 0,
        },
        "reasons": json.loads(row["reasons"]),
        "warnings": json.loads(row["warnings"]),
        "encoding": row["encoding"],
        "format": row["format"],
        "fault": {key: fault[key] for key in ("code", "message", "line", "byte")} if fault else None,
        "notes": notes,
        "same_as": row["same_as"],
        "seconds": json.loads(row["seconds"]),
        "report": f"/stewardship/batches/{row['batch_id']}",
    }


def _told(note: dict[str, Any], language: str) -> dict[str, Any]:
    values = {name: value for name, value in note.items() if name != "code"}
    return note | {"message": render(note["code"], language, **values)}
