"""Held batches and their previews as officers are told of them, disclosed before they are shown (respond, road out)."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from starlette.requests import Request

from jishi.access.officer import Officer
from jishi.messages import render
from jishi.registers.catalog import register_of
from jishi.stewardship.held import HeldBatch, Preview
from jishi_api.links import address
from jishi_api.looking import Channel, look
from jishi_api.serving import Serving

Json = dict[str, Any]


def reasons_of(batch: HeldBatch, language: str) -> list[tuple[str, str]]:
    """Why it is held: code and sentence."""
    return [
        (
            note["code"],
            render(note["code"], language, **{name: value for name, value in note.items() if name != "code"}),
        )
        for note in batch.why
    ]


def held_json(request: Request, batch: HeldBatch) -> Json:
    """``proposed_by``: who proposed its release, where that waits for another."""
    here = ("stewardship", "batches", str(batch.batch_id))
    return {
        "batch": batch.batch_id,
        "source": batch.source,
        "register": batch.register,
        "department": batch.department,
        "status": batch.status,
        "delivered_at": _instant(batch.delivered_at),
        "held_at": _instant(batch.held_at),
        "received": batch.received,
        "held": batch.held,
        "quarantined": batch.quarantined,
        "why": [{"code": code, "text": text} for code, text in reasons_of(batch, request.state.language)],
        "proposed_by": batch.proposed_by if batch.status == "held" else None,
        "decisions": [
            {
                "act": one.act,
                "officer": one.officer,
                "reason": one.reason,
                "carried_out": one.carried_out,
                "decided_at": _instant(one.decided_at),
            }
            for one in batch.decisions
        ],
        "links": [
            {"rel": "batch", "href": address(request, *here)},
            {"rel": "preview", "href": address(request, *here, "preview")},
        ],
    }


def preview_json(preview: Preview) -> Json:
    """``rows``, ``entities``, ``sample``, ``holders`` null while it is not done."""
    result = preview.result or {}
    return {
        "preview": preview.preview_id,
        "batch": preview.batch_id,
        "officer": preview.officer,
        "status": preview.status,
        "progress": dict(preview.progress),
        "rows": result.get("rows"),
        "entities": result.get("entities"),
        "review": result.get("review"),
        "sample": result.get("sample"),
        "holders": result.get("holders"),
        "fault": preview.fault,
        "created_at": _instant(preview.created_at),
        "finished_at": _instant(preview.finished_at),
    }


async def look_at_preview(
    request: Request, serving: Serving, officer: Officer, channel: Channel, batch: HeldBatch, preview: Preview
) -> None:
    """The sample's elements and entities are in the log when this returns; without a sample nothing is."""
    sample = (preview.result or {}).get("sample") or []
    if not sample:
        return
    elements = {name for one in sample for name in one["elements"]}
    await look(
        *(request, serving, officer, channel, "preview", register_of(batch.register), preview.preview_id),
        masked=sorted(elements),
        subjects=[UUID(one["uid"]) for one in sample if one["uid"]],
    )


def _instant(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()
