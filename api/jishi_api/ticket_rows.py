"""The rows that tickets are about, as their department delivered them, for those who may see them; as JSON and as files
(disclose, respond).

The rows are those of the quarantine: of an accepted row the ticket names number, key and columns. What is shown is
disclosed first.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import Response

from jishi.access.officer import Officer
from jishi.delivery.escape import escape_formula
from jishi.delivery.sheet_file import workbook
from jishi.messages import render
from jishi.quality.raw_row import RawRow, open_row, under_masks
from jishi.quality.report import reason_text
from jishi.registers.register import Register
from jishi.stewardship import ticket_statements
from jishi.stewardship.terms import terms_of
from jishi.stewardship.tickets import Ticket
from jishi_api.looking import Channel, look
from jishi_api.serving import serving_of
from jishi_api.table import BYTE_ORDER_MARK

if TYPE_CHECKING:
    from asyncpg import Connection

MOST_ROWS = 10_000

OWN = ("NUMBER", "STATUS", "DUE", "LATE", "BATCH", "ROW", "KEY", "RULE", "REASON", "COLUMNS", "ASSIGNED")
"""The columns that are ours, before the department's: ``QLT-TICKET-COLUMN-…``."""

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@dataclass(frozen=True, slots=True)
class TicketRow:
    """``key``: the cells by which the department knows the row; ``in_clear``: as they were sent."""

    row: RawRow
    key: Mapping[str, str]
    in_clear: bool


async def rows_of(
    request: Request, connection: Connection[Any], officer: Officer, channel: Channel, found: Sequence[Ticket]
) -> dict[int, TicketRow]:
    """Ticket → its row, of those that are kept; all of them disclosed."""
    serving = serving_of(request)
    by_number = {ticket.ticket_id: ticket for ticket in found if ticket.row_number is not None}
    kept = await connection.fetch(ticket_statements.ROWS, list(by_number))
    rows: dict[int, TicketRow] = {}
    shown: dict[tuple[str, bool], tuple[Register, set[str], list[str]]] = {}
    for one in kept:
        ticket = by_number[one["ticket_id"]]
        if not one["raw"]:  # emptied when its time was over
            continue
        columns: Mapping[str, Sequence[str]] = json.loads(one["columns"])
        clear = officer.in_clear(ticket.department)
        row = open_row(serving.sealer.keys, ticket.batch_id, ticket.row_number or 0, one["raw"])
        row = row if clear else under_masks(row, ticket.register, columns)
        key = {name: row.cells[name] or "" for name in one["key_columns"] if name in row.cells}
        rows[ticket.ticket_id] = TicketRow(row, key, clear)
        _, elements, told = shown.setdefault((ticket.register.name, clear), (ticket.register, set(), []))
        elements |= {element for names in columns.values() for element in names}
        told.append(f"{ticket.batch_id}/{ticket.row_number}")
    for (_, clear), (register, elements, told) in shown.items():
        named = sorted(elements)
        await look(
            request,
            serving,
            officer,
            channel,
            "ticket-rows",
            register,
            told,
            clear=named if clear else (),
            masked=() if clear else named,
        )
    return rows


def row_json(found: TicketRow) -> dict[str, Any]:
    """``surplus``: what of a ragged row fits no column."""
    return {
        "key": dict(found.key),
        "cells": dict(found.row.cells),
        "surplus": json.loads(found.row.surplus) if found.row.surplus and found.in_clear else found.row.surplus,
        "in_clear": found.in_clear,
    }


def as_file(request: Request, found: Sequence[Ticket], rows: Mapping[int, TicketRow], form: str) -> Response:
    """All of them as one table, the columns of their deliveries beside each other."""
    lines = _lines(request, found, rows)
    headers = {"Cache-Control": "private, no-store", "Content-Disposition": f'attachment; filename="tickets.{form}"'}
    if form == "xlsx":
        return Response(workbook(lines), media_type=XLSX, headers=headers)
    out = io.StringIO(newline="")
    out.write(BYTE_ORDER_MARK)
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerows([list(map(escape_formula, line)) for line in lines])
    return Response(out.getvalue().encode(), media_type="text/csv; charset=utf-8", headers=headers)


def _lines(request: Request, found: Sequence[Ticket], rows: Mapping[int, TicketRow]) -> list[list[str]]:
    serving, language = serving_of(request), request.state.language
    terms = terms_of(serving.settings, serving.city)
    theirs = list(dict.fromkeys(name for row in rows.values() for name in row.row.cells))
    ours = [render(f"QLT-TICKET-COLUMN-{name}", language) for name in OWN]
    lines = [[*(f"{title}*" if title in theirs else title for title in ours), *theirs]]
    mark = "；" if language.startswith("zh") else "; "
    for ticket in found:
        row = rows.get(ticket.ticket_id)
        lines.append(
            [
                str(ticket.ticket_id),
                render(f"QLT-TICKET-STATUS-{ticket.status.upper()}", language),
                ticket.due.isoformat(),
                str(terms.late(ticket.due, ticket.closed_at)),
                str(ticket.batch_id),
                "" if ticket.row_number is None else str(ticket.row_number),
                mark.join(row.key.values()) if row else "",
                ticket.rule or "",
                reason_text(ticket.register.name, ticket.rule, language) if ticket.rule else "",
                mark.join(ticket.headers),
                ticket.assigned_to or "",
                *((row.row.cells.get(name) or "") if row else "" for name in theirs),
            ]
        )
    return lines
