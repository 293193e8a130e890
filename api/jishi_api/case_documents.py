"""Disputes 异议 and tickets 校核纠错 as officers and departments are told of them (respond, road out)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from jishi.quality.report import reason_text
from jishi.stewardship.disputes import Dispute
from jishi.stewardship.disputes import Step as DisputeStep
from jishi.stewardship.terms import Terms
from jishi.stewardship.tickets import Lateness, Ticket
from jishi.stewardship.tickets import Step as TicketStep

Json = dict[str, Any]


def dispute_json(found: Dispute, terms: Terms, *, owned: bool) -> Json:
    """``owned``: for who may know the row it came from: the department that delivered it and the city's officers."""
    answered = None if found.status == "open" else found.resolved_at
    told = {
        "id": found.dispute_id,
        "collection": found.register.collection,
        "uid": str(found.uid),
        "element": found.element,
        "element_title": found.register.elements[found.element].title,
        "status": found.status,
        "flagged": found.resolved_at is None,
        "raised_by": found.raised_by,
        "raised_department": found.raised_department,
        "raised_department_name": found.raised_department_name,
        "raised_at": found.raised_at.isoformat(),
        "case_no": found.case_no,
        "department": found.department,
        "department_name": found.department_name,
        "due": found.due.isoformat(),
        "late_days": terms.late(found.due, answered) if found.status == "open" else 0,
        "resolved_at": found.resolved_at.isoformat() if found.resolved_at else None,
        "ticket": found.ticket_id,
    }
    if owned:
        told["row"] = {"source": found.source, "batch": found.batch_id, "row_number": found.row_number}
    return told


def ticket_json(found: Ticket, terms: Terms, language: str) -> Json:
    return {
        "id": found.ticket_id,
        "origin": found.origin,
        "status": found.status,
        "source": found.source,
        "source_title": found.source_title,
        "collection": found.register.collection,
        "department": found.department,
        "department_name": found.department_name,
        "batch": found.batch_id,
        "row_number": found.row_number,
        "rule": found.rule,
        "reason": reason_text(found.register.name, found.rule, language) if found.rule else None,
        "elements": list(found.elements),
        "columns": list(found.headers),
        "dispute": found.dispute_id,
        "opened_by": found.opened_by,
        "opened_at": found.opened_at.isoformat(),
        "due": found.due.isoformat(),
        "late_days": terms.late(found.due, found.closed_at),
        "assigned_to": found.assigned_to,
        "closed_at": found.closed_at.isoformat() if found.closed_at else None,
        "closed_by_batch": found.closed_by_batch,
        "step": found.last_step,
    }


def steps_json(steps: Sequence[DisputeStep] | Sequence[TicketStep]) -> list[Json]:
    """What was done, by whom, when, with which words."""
    return [
        {
            "act": step.act,
            "by": step.actor,
            "department": step.department,
            "words": step.words,
            **({"assigned_to": step.assigned_to} if isinstance(step, TicketStep) and step.assigned_to else {}),
            "late_days": step.late_days,
            "at": step.taken_at.isoformat(),
        }
        for step in steps
    ]


def lateness_json(found: Lateness) -> Json:
    return {
        "department": found.department,
        "department_name": found.department_name,
        "tickets": found.tickets,
        "unclosed": found.unclosed,
        "late_now": found.late_now,
        "late_ever": found.late_ever,
        "late_days": found.late_days,
    }
