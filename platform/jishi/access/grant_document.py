"""A grant as people and programs read it: commands, ``/me`` (beside the road out)."""

from __future__ import annotations

from datetime import UTC, datetime

from jishi.access.grants import STANDING, Grant
from jishi.registers.catalog import register_of


def document(grant: Grant) -> dict[str, object]:
    """JSON members of a grant; null = no limit. A standing grant has no number."""
    return {
        "grant": None if grant.grant_id == STANDING else grant.grant_id,
        "client": grant.client_id,
        "collection": register_of(grant.register).collection,
        "masked": sorted(grant.masked),
        "clear": sorted(grant.clear),
        "derived": sorted(grant.derived),
        "rows": grant.rows,
        "purposes": sorted(grant.purposes),
        "case_required": grant.case_required,
        "rate_per_minute": grant.rate_per_minute,
        "quota_per_day": grant.quota_per_day,
        "rights": sorted(grant.rights),
        "sharing": grant.sharing,
        "basis": grant.basis,
        "valid_from": instant(grant.valid_from),
        "valid_until": instant(grant.valid_until),
        "application": grant.application_id,
    }


def instant(at: datetime | None) -> str | None:
    return None if at is None else at.astimezone(UTC).isoformat()
