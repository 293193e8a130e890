"""What is wrong with a disclosure log, and where: what the verifier found (behind the road out)."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal
from uuid import UUID

from jishi.access.seals import instant

Kind = Literal[
    "changed",
    "missing",
    "inserted",
    "reordered",
    "cut",
    "seal-changed",
    "seal-missing",
    "seal-forged",
    "seal-replaced",
    "seal-cut",
    "outside-forged",
    "file-changed",
    "file-cut",
]
_END_OF_TIME = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Finding:
    """One fault. ``number``: the first bad row of ``writer``; with ``until`` it is one of these two or between them, where
    a whole stretch was forged consistently and only a seal tells. ``seal``: number of the seal at fault, or that tells.
    ``at``: when the row says it was written, else when the seal was made; None where nothing says.
    """

    kind: Kind
    writer: UUID | None = None
    number: int | None = None
    until: int | None = None
    seal: int | None = None
    at: datetime | None = None

    def document(self) -> dict[str, Any]:
        return {
            "kind": self.kind,
            "writer": str(self.writer) if self.writer else None,
            "number": self.number,
            "until": self.until,
            "seal": self.seal,
            "at": instant(self.at) if self.at else None,
        }


@dataclass
class Report:
    """What was seen. ``unsealed`` rows came after the last seal: that they are all there, nothing proves yet.
    ``redacted`` rows have lost their case number lawfully or not: only that there was one is still known. ``keys``: the
    thumbprint (RFC 7638) by kid of each key that signed a seal.
    """

    rows: int = 0
    writers: int = 0
    seals: int = 0
    outside: int = 0
    unsealed: int = 0
    redacted: int = 0
    sealed_at: datetime | None = None
    keys: dict[str, str] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)

    @property
    def whole(self) -> bool:
        return not self.findings

    @property
    def first(self) -> Finding | None:
        """The earliest; of a writer only the first fault is looked for."""
        return min(self.findings, key=lambda finding: finding.at or _END_OF_TIME, default=None)

    def document(self) -> dict[str, Any]:
        first = self.first
        return {
            "whole": self.whole,
            "first": first.document() if first else None,
            "findings": [finding.document() for finding in self.findings],
            **{name: getattr(self, name) for name in ("rows", "writers", "seals", "outside", "unsealed", "redacted")},
            "sealed_at": instant(self.sealed_at) if self.sealed_at else None,
            "keys": self.keys,
        }
