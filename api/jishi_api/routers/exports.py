"""``/exports``: a collection as a whole, made by a worker and fetched when it is done 批量导出 (query, road out)."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from io import BufferedReader
from typing import Any
from uuid import UUID, uuid4

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import BaseRoute, Route

from jishi.access.disclosures import Disclosure
from jishi.delivery import export_store
from jishi.delivery.export_store import FORMATS, MOST_WAITING, Export, path_of, remove_file
from jishi.errors import CallerError, DeniedError, NotFoundError
from jishi.identifiers.sealed_file import open_sealed
from jishi.registers.catalog import registers
from jishi_api import position, problem
from jishi_api.asked import asked_of, read_body
from jishi_api.auth import caller_of
from jishi_api.caller import Caller
from jishi_api.disclose import digest
from jishi_api.export_plan import known_members, question_of, wish_of
from jishi_api.links import address
from jishi_api.position import Place
from jishi_api.serving import Serving, serving_of

PART_BYTES = 1 << 20
MOST_LISTED = 100
PRIVATE = {"Cache-Control": "private, no-store"}


def routes() -> list[BaseRoute]:
    return [
        Route("/exports", create, methods=["POST"]),
        Route("/exports", listed),
        Route("/exports/{export_id}", status),
        Route("/exports/{export_id}", cancel, methods=["DELETE"]),
        Route("/exports/{export_id}/data", data),
    ]


async def create(request: Request) -> Response:
    """Ask for an export: 202 with where it will be. Everything is checked now, and again when it is made."""
    serving = serving_of(request)
    caller = await caller_of(request)
    body = await read_body(request, known_members())
    wish = wish_of(body)
    asked = await asked_of(request, serving, caller, wish.register, body)
    asked.authorise(question_of(wish.register, asked.grant, wish.members).wanted)
    made = Export(
        uuid4(),
        caller.client.client_id,
        asked.grant.grant_id,
        wish.register.number,
        wish.form,
        wish.members,
        asked.stated.purpose,
        asked.stated.case_no,
        asked.request_id,
    )
    async with serving.callers.connection() as connection:
        if not await export_store.add(connection, made):
            raise CallerError("QRY-EXPORT-MANY", most=MOST_WAITING, retry_after_s=30)
        found = await export_store.find(connection, made.export_id)
    told = _document(request, serving, found or made)
    return _json(told, 202, {"Location": address(request, "exports", str(made.export_id)), "Retry-After": "2"})


async def listed(request: Request) -> Response:
    """One's own exports, the newest first."""
    serving = serving_of(request)
    caller = await caller_of(request)
    async with serving.connection() as connection:
        found = await export_store.of_client(connection, caller.client.client_id, MOST_LISTED)
    return _json({"exports": [_document(request, serving, one) for one in found]})


async def status(request: Request) -> Response:
    serving = serving_of(request)
    return _json(_document(request, serving, await _own(request, serving, await caller_of(request))))


async def cancel(request: Request) -> Response:
    """Call it off, or let its file go."""
    serving = serving_of(request)
    found = await _own(request, serving, await caller_of(request))
    async with serving.callers.connection() as connection:
        await export_store.cancel(connection, found.export_id)
        after = await export_store.find(connection, found.export_id)
    await asyncio.to_thread(remove_file, serving.settings, found.export_id)
    return _json(_document(request, serving, after or found))


async def data(request: Request) -> Response:
    """The file, or the part of it that ``Range`` asks for; each fetch is a row in the log."""
    serving = serving_of(request)
    caller = await caller_of(request)
    found = await _own(request, serving, caller)
    _demand_file(found, caller)
    tag = f'"{(found.sha256 or b"").hex()}"'
    size = found.size or 0
    headers = {**PRIVATE, "ETag": tag, "Accept-Ranges": "bytes", "Content-Disposition": _name(found)}
    if request.headers.get("If-None-Match") in (tag, "*"):
        return Response(status_code=304, headers=headers)
    part = _range(request, tag, size)
    if part is not None and not part:
        answer = problem.respond(CallerError("QRY-RANGE", bytes=size), request.state.language, request.state.request_id)
        answer.headers["Content-Range"] = f"bytes */{size}"
        return answer
    start, end = (part.start, part.stop) if part else (0, size)
    headers["Content-Length"] = str(end - start)
    if part:
        headers["Content-Range"] = f"bytes {start}-{end - 1}/{size}"
    kind = FORMATS[found.format][0]
    if request.state.head:
        return Response(status_code=206 if part else 200, headers=headers, media_type=kind)
    try:
        file = await asyncio.to_thread(open_sealed, path_of(serving.settings, found.export_id), serving.sealer.keys)
    except FileNotFoundError:  # let go in this moment
        raise CallerError("QRY-EXPORT-OVER", status="expired") from None
    await _disclose(request, serving, caller, found, start, end)
    parts = _parts(file, start, end)
    return StreamingResponse(parts, 206 if part else 200, headers=headers, media_type=kind)


async def _own(request: Request, serving: Serving, caller: Caller) -> Export:
    """The caller's own export; of somebody else's nobody is told that there is one."""
    try:
        export_id = UUID(request.path_params["export_id"])
    except ValueError:
        raise NotFoundError("QRY-EXPORT-UNKNOWN") from None
    async with serving.connection() as connection:
        found = await export_store.find(connection, export_id)
    if found is None or found.client_id != caller.client.client_id:
        raise NotFoundError("QRY-EXPORT-UNKNOWN")
    return found


def _demand_file(found: Export, caller: Caller) -> None:
    """The file ends with its time and with its grant."""
    status = found.status_at(datetime.now(UTC))
    if status in ("expired", "cancelled", "failed"):
        raise CallerError("QRY-EXPORT-OVER", status=status)
    if status != "done":
        raise CallerError("QRY-EXPORT-NOT-DONE", status=status, retry_after_s=2)
    register = next(item for item in registers().values() if item.number == found.register)
    grant = caller.grant_on(register)
    if grant is None or grant.grant_id != found.grant_id or not grant.in_force(datetime.now(UTC)):
        raise DeniedError("QRY-EXPORT-GRANT")


_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")


def _range(request: Request, tag: str, size: int) -> range | None:
    """The one part asked for (RFC 9110 §14), None for the whole; empty where it lies outside. ``If-Range`` with another
    file's tag asks for the whole, and so does what we do not serve: several parts."""
    asked = _RANGE.fullmatch(request.headers.get("Range", "").replace(" ", ""))
    if asked is None or asked[0] == "bytes=-" or request.headers.get("If-Range", tag) != tag:
        return None
    first, last = asked.groups()
    if not first:
        return range(max(0, size - int(last)), size)
    if last and int(last) < int(first):
        return None
    return range(min(int(first), size), min(int(last) + 1, size) if last else size)


async def _parts(file: BufferedReader, start: int, end: int) -> AsyncIterator[bytes]:
    """Opened piece by piece, so that a file of any size takes a megabyte."""
    try:
        await asyncio.to_thread(file.seek, start)
        while start < end:
            piece = await asyncio.to_thread(file.read, min(PART_BYTES, end - start))
            if not piece:
                return
            start += len(piece)
            yield piece
    finally:
        file.close()


async def _disclose(request: Request, serving: Serving, caller: Caller, found: Export, start: int, end: int) -> None:
    """Whose data it is stands in the rows of the export itself, found by its request's number; this one says that it left."""
    await serving.log.write(
        Disclosure(
            request_id=UUID(request.state.request_id),
            channel="export",
            act="download",
            caller_kind="client",
            caller=caller.client.client_id,
            department=caller.client.department,
            grant_id=found.grant_id,
            purpose=found.purpose,
            case_no=found.case_no,
            register=found.register,
            masked=(),
            clear=(),
            subjects=(),
            misses=0,
            query_digest=digest(serving, [str(found.export_id), start, end]),
            result="ok",
        )
    )


def _document(request: Request, serving: Serving, one: Export) -> dict[str, Any]:
    register = next(item for item in registers().values() if item.number == one.register)
    here = address(request, "exports", str(one.export_id))
    now = datetime.now(UTC)
    links = [{"rel": "self", "href": here}]
    if one.status_at(now) == "done":
        links.append({"rel": "data", "href": f"{here}/data", "type": FORMATS[one.format][0]})
    after = None
    if one.seq is not None:
        place = {one.register: Place(one.seq, one.grant_id)}
        after = position.write(serving.cursor_secret, one.client_id, place)
    return {
        "id": str(one.export_id),
        "collection": register.collection,
        "format": one.format,
        "status": one.status_at(now),
        "fault": one.fault,
        "rows": one.rows,
        "bytes": one.size,
        "sha256": one.sha256.hex() if one.sha256 else None,
        "seq": one.seq,
        "after": after,
        "taken_at": _instant(one.taken_at),
        "created_at": _instant(one.created_at),
        "started_at": _instant(one.started_at),
        "finished_at": _instant(one.finished_at),
        "expires_at": _instant(one.expires_at),
        "links": links,
    }


def _instant(moment: datetime | None) -> str | None:
    return None if moment is None else moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _name(found: Export) -> str:
    register = next(item for item in registers().values() if item.number == found.register)
    return f'attachment; filename="{register.collection}-{found.export_id}.{FORMATS[found.format][1]}"'


def _json(told: dict[str, Any], status: int = 200, headers: dict[str, str] | None = None) -> Response:
    content = json.dumps(told, ensure_ascii=False, separators=(",", ":"))
    return Response(content, status, {**PRIVATE, **(headers or {})}, "application/json")
