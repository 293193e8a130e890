"""What a search for received rows tells: one JSON document written as it goes, or lines for a person; no value of a row."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

from jishi.messages import render
from jishi_ingest.find import Found, Search
from jishi_ingest.places import Place


async def document(search: Search) -> AsyncIterator[str]:
    """Pieces of the JSON document of ``jishi ingest find --json``."""
    sha256, same = await search.same_bytes()
    head = {"source": search.source.id, "file": search.file.name, "sha256": sha256, "same_bytes": same}
    yield _json(head)[:-1] + ', "rows": ['
    comma = ""
    async for found in search.rows():
        yield comma + _json({"row": found.row, "times": found.times, "places": [_place(one) for one in found.places]})
        comma = ",\n"
    fault = search.fault
    tail: dict[str, Any] = {
        "read": search.read,
        "found": search.found,
        "blind": sorted(search.blind),
        "fault": {"code": fault.code, "line": fault.line, "byte": fault.byte} if fault else None,
    }
    yield "], " + _json(tail)[1:]


async def lines(search: Search, language: str) -> AsyncIterator[str]:
    """A line a row of the file, below it one a place."""
    _, same = await search.same_bytes()
    if same:
        yield render("ING-FIND-WHOLE", language, batches=_listed(same))
    async for found in search.rows():
        for line in _row(found, language):
            yield line
    yield render("ING-FIND-READ", language, read=search.read, found=search.found)
    if search.blind:
        yield render("ING-FIND-BLIND", language, batches=_listed(sorted(search.blind)))
    if search.fault:
        yield f"{search.fault.code} {search.fault.text(language)}"


def _row(found: Found, language: str) -> list[str]:
    if not found.times:
        return [render("ING-FIND-NOWHERE", language, row=found.row)]
    told = [render("ING-FIND-ROW", language, row=found.row, times=found.times)]
    told += ["  " + _sentence(place, language) for place in found.places]
    if found.times > len(found.places):
        told.append("  " + render("ING-FIND-MORE", language, count=found.times - len(found.places)))
    return told


def _sentence(place: Place, language: str) -> str:
    outcome = render(f"ING-FATE-{place.fate.outcome.upper()}", language)
    if place.fate.quarantine:
        state = render(f"ING-QUARANTINE-{place.fate.quarantine.upper()}", language)
        outcome = f"{outcome} ({state}) [{', '.join(place.fate.reasons)}]"
    return render("ING-FIND-RECEIPT", language, batch=place.batch, row=place.row, outcome=outcome)


def _place(place: Place) -> dict[str, Any]:
    return {
        "batch": place.batch,
        "status": place.status,
        "row": place.row,
        "outcome": place.fate.outcome,
        "quarantine": place.fate.quarantine,
        "reasons": list(place.fate.reasons),
    }


def _json(content: dict[str, Any]) -> str:
    return json.dumps(content, ensure_ascii=False)


def _listed(batches: list[int]) -> str:
    return ", ".join(map(str, batches))
