"""Invented disclosures for tests of the log."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID, uuid4

from jishi.access.disclosures import Disclosure


def disclosure(*subjects: int, **changed: object) -> Disclosure:
    """A visit of one client to the subjects of these numbers, with what the test changes of it."""
    told = Disclosure(
        request_id=uuid4(),
        channel="api",
        act="item",
        caller_kind="client",
        caller="c-1",
        department="11320500000090018H",
        grant_id=7,
        purpose="visit",
        case_no=None,
        register=1,
        masked=("mobile",),
        clear=("name",),
        subjects=tuple(UUID(int=number) for number in subjects),
        misses=0,
        query_digest=bytes(16),
        result="ok",
    )
    return replace(told, **changed)  # type: ignore[arg-type]
