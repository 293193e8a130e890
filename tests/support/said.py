"""What each source has said, told from the delivered rows alone: the one outcome of every row, and what must stand after it.

Written from the design (the road in; repeats; absence), without a look at the database or its statements.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from feeds import KINDS, TODAY, Feed, Row

Cells = tuple[str, ...]
ZONE = ZoneInfo("Asia/Shanghai")


@dataclass(frozen=True)
class Revision:
    """One revision of one key; ``number`` 0 = ended by absence."""

    batch: int
    number: int
    effective: datetime
    ended: bool
    plain: tuple[str | None, ...]


@dataclass
class Record:
    """What the source says under one key; ``said`` None = it was last missed."""

    said: Cells | None
    ended: bool
    scope: str
    revisions: list[Revision]


@dataclass
class Verdict:
    """How the rows of one delivery fare; nothing of it has happened yet."""

    batch: int
    outcomes: Counter[str]
    accepted: list[tuple[int, Row]]  # those that say something new, and unchanged ones
    new: set[int]
    refused: list[tuple[int, Row]]
    absent: list[str]
    keys: set[str]
    delivered_at: datetime
    held: bool


@dataclass
class Said:
    """One source's memory, and its part of the quarantine: (batch, row) → (key, status)."""

    feed: Feed
    records: dict[str, Record] = field(default_factory=dict)
    quarantine: dict[tuple[int, int], tuple[str, str]] = field(default_factory=dict)

    def judge(self, rows: tuple[Row, ...], batch: int, delivered_at: datetime, *, release: bool = False) -> Verdict:
        groups: dict[str, list[tuple[int, Row]]] = {}
        for number, row in enumerate(rows, start=1):
            groups.setdefault(_key(row), []).append((number, row))
        outcomes: Counter[str] = Counter()
        accepted: list[tuple[int, Row]] = []
        refused: list[tuple[int, Row]] = []
        new: set[int] = set()
        for key, group in groups.items():
            first = group[0]
            if len({self._cells(row) for _, row in group}) > 1:
                outcomes["quarantined"] += len(group)
                refused += group
                continue
            outcomes["duplicate"] += len(group) - 1
            outcome = self._outcome(key, first[1])
            outcomes[outcome] += 1
            (refused if outcome == "quarantined" else accepted).append(first)
            if outcome not in ("quarantined", "unchanged"):
                new.add(first[0])
        scopes = {self._scope(row) for row in rows}
        absent = [
            key
            for key, record in self.records.items()
            if self.feed.full and not record.ended and record.scope in scopes and key not in groups
        ]
        verdict = Verdict(
            batch, outcomes, accepted, new, refused, sorted(absent), set(groups), delivered_at, held=False
        )
        if not release and self._alarming(verdict, scopes):
            verdict.held = True
            kept = {name: outcomes[name] for name in ("quarantined", "duplicate")}
            verdict.outcomes = Counter({**kept, "held": len(rows) - sum(kept.values())})
        return verdict

    def publish(self, verdict: Verdict) -> None:
        for number, row in verdict.accepted:
            key, cells = _key(row), self._cells(row)
            record = self.records.setdefault(key, Record(None, False, "", []))
            record.scope = self._scope(row)
            if number not in verdict.new:
                continue
            effective = verdict.delivered_at if row.since is None else _midnight(row.since)
            record.revisions.append(Revision(verdict.batch, number, effective, row.gone, self._plain(row)))
            record.said, record.ended = cells, row.gone
        for key in verdict.absent:
            record = self.records[key]
            last = max(enumerate(record.revisions), key=lambda item: (item[1].effective, item[0]))[1]
            record.revisions.append(Revision(verdict.batch, 0, verdict.delivered_at, True, last.plain))
            record.said, record.ended = None, True
        spoilt = {_key(row) for _, row in verdict.refused}
        self._close(verdict.keys - spoilt, verdict.batch, "repaired")
        self._close(spoilt, verdict.batch, "superseded")
        self.refuse(verdict)

    def refuse(self, verdict: Verdict) -> None:
        """Keep the refused rows, of a batch that is published or held."""
        self.quarantine.update({(verdict.batch, number): (_key(row), "open") for number, row in verdict.refused})

    def discard(self, batch: int) -> None:
        for place, (key, _) in list(self.quarantine.items()):
            if place[0] == batch:
                self.quarantine[place] = (key, "discarded")

    def revisions(self) -> Iterator[Revision]:
        for record in self.records.values():
            yield from record.revisions

    def _close(self, keys: Iterable[str], batch: int, status: str) -> None:
        closing = set(keys)
        for place, (key, before) in list(self.quarantine.items()):
            if key in closing and before == "open" and place[0] != batch:
                self.quarantine[place] = (key, status)

    def _outcome(self, key: str, row: Row) -> str:
        if row.flawed:
            return "quarantined"
        record = self.records.get(key)
        if record is not None and record.said == self._cells(row):
            return "unchanged"
        return "ended" if row.gone else "inserted" if record is None else "updated"

    def _alarming(self, verdict: Verdict, scopes: set[str]) -> bool:
        """Whether more of the living records end than the source's band allows."""
        living = {key: record for key, record in self.records.items() if not record.ended}
        marked = sum(number in verdict.new and row.gone and _key(row) in living for number, row in verdict.accepted)
        live = sum(record.scope in scopes for record in living.values())
        return bool(live) and len(verdict.absent) + marked > live * (0.05 if self.feed.strict else 1.0)

    def _cells(self, row: Row) -> Cells:
        """What the row says: all its cells but the key and the place it is filed under."""
        return tuple(cell for name, cell in self.feed.cells(row).items() if name not in ("key", "area"))

    def _plain(self, row: Row) -> tuple[str | None, ...]:
        cells = self.feed.cells(row)
        return tuple(cells[cell] or None for cell in KINDS[self.feed.kind].plain.values())

    def _scope(self, row: Row) -> str:
        return row.area if self.feed.full else ""


def _key(row: Row) -> str:
    return f"K{row.key}"


def _midnight(days: int) -> datetime:
    day = (TODAY + timedelta(days=days)).date()
    return datetime.combine(day, time(), ZONE).astimezone(UTC)
