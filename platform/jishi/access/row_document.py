"""A row of the disclosure log as JSON and as the database gives it (behind the road out)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from jishi.access.chain import Row
from jishi.access.disclosures import Disclosure
from jishi.access.seals import INSTANT, instant

_PLAIN = (
    "channel",
    "act",
    "caller_kind",
    "caller",
    "department",
    "grant_id",
    "purpose",
    "register",
    "misses",
    "result",
)
_CASE = ("case_no", "salt")


def of_record(record: Mapping[str, Any]) -> Row:
    """Of a row of the table."""
    told = Disclosure(
        request_id=record["request_id"],
        case_no=record["case_no"],
        masked=tuple(record["masked"]),
        clear=tuple(record["clear"]),
        subjects=tuple(record["subjects"]),
        query_digest=record["query_digest"],
        **{name: record[name] for name in _PLAIN},
    )
    return Row(
        record["writer"],
        record["number"],
        record["disclosed_at"],
        told,
        record["salt"],
        record["commitment"],
        record["previous"],
        record["hash"],
    )


def as_document(row: Row, *, cases: bool = True) -> dict[str, Any]:
    """Bytes in hexadecimal. Without ``cases`` the case number and its salt are left out; the commitment stays."""
    told = row.told
    document = {
        "writer": str(row.writer),
        "number": row.number,
        "disclosed_at": instant(row.disclosed_at),
        "request_id": str(told.request_id),
        **{name: getattr(told, name) for name in _PLAIN},
        "masked": told.masked,
        "clear": told.clear,
        "subjects": [str(subject) for subject in told.subjects],
        "query_digest": told.query_digest.hex(),
        "commitment": _hex(row.commitment),
        "previous": row.previous.hex(),
        "hash": row.hash.hex(),
    }
    return {**document, "case_no": told.case_no, "salt": _hex(row.salt)} if cases else document


def of_document(document: Mapping[str, Any]) -> Row:
    """Raises ValueError, KeyError or TypeError where the document is none of a row."""
    told = Disclosure(
        request_id=UUID(document["request_id"]),
        case_no=document.get("case_no"),
        masked=tuple(document["masked"]),
        clear=tuple(document["clear"]),
        subjects=tuple(UUID(subject) for subject in document["subjects"]),
        query_digest=bytes.fromhex(document["query_digest"]),
        **{name: document[name] for name in _PLAIN},
    )
    return Row(
        UUID(document["writer"]),
        int(document["number"]),
        datetime.strptime(document["disclosed_at"], INSTANT).replace(tzinfo=UTC),
        told,
        _bytes(document.get("salt")),
        _bytes(document["commitment"]),
        bytes.fromhex(document["previous"]),
        bytes.fromhex(document["hash"]),
        withheld=not any(name in document for name in _CASE),
    )


def _hex(raw: bytes | None) -> str | None:
    return None if raw is None else raw.hex()


def _bytes(text: str | None) -> bytes | None:
    return None if text is None else bytes.fromhex(text)
