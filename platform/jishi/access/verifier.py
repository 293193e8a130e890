"""Reads a disclosure log from end to end and finds the first bad row; needs no database (behind the road out).

What goes in, in this order: keys, the database's seals by number, the seals that stood outside, the rows by writer and
number. Three things hold a row: its own hash; the hash in the row behind it; and the seals, which nobody makes without the
private key. A chain that was forged from some row to its end is consistent in itself and breaks at the next seal's head.

Nothing is kept of the rows; of every head that a seal names, 65 bytes.
"""

from __future__ import annotations

import json
from array import array
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from hashlib import sha256
from uuid import UUID

from jishi.access import chain, seals
from jishi.access.chain import Row
from jishi.access.diagnosis import LOOK_AHEAD, diagnose, own_number
from jishi.access.findings import Finding, Report
from jishi.access.seals import Head, Seal

GRACE = timedelta(minutes=5)
"""A row may be so much older than a seal that does not hold it: an insert that took its time, clocks that differ."""
_HASH_BYTES = 33
_NEVER = -(2**63)
_START = Head(0, chain.FIRST)
_GRACE = GRACE // timedelta(microseconds=1)


@dataclass
class _Heads:
    """Where the seals say one writer's chain stood, in the order of its numbers; instants in microseconds."""

    numbers: array[int] = field(default_factory=lambda: array("q"))
    seals: array[int] = field(default_factory=lambda: array("q"))
    made: array[int] = field(default_factory=lambda: array("q"))
    earliest: array[int] = field(default_factory=lambda: array("q"))
    hashes: bytearray = field(default_factory=bytearray)

    def add(self, head: Head, seal: Seal, earliest: int) -> None:
        place = len(self.numbers)
        while place and self.numbers[place - 1] > head.number:  # from a file, of a seal the database has lost
            place -= 1
        self.numbers.insert(place, head.number)
        self.seals.insert(place, seal.number)
        self.made.insert(place, chain.microseconds(seal.sealed_at))
        self.earliest.insert(place, earliest)
        self.hashes[place * _HASH_BYTES : place * _HASH_BYTES] = head.hash.ljust(_HASH_BYTES, b"\0")[:_HASH_BYTES]

    def hash(self, place: int) -> bytes:
        return bytes(self.hashes[place * _HASH_BYTES : (place + 1) * _HASH_BYTES])


@dataclass
class Verifier:
    """``keys``: JWKs by kid whose signatures are believed."""

    keys: Mapping[str, dict[str, str]]
    report: Report = field(default_factory=Report)
    _heads: dict[UUID, _Heads] = field(default_factory=dict)
    _last: Seal | None = None
    _seal_hashes: dict[int, bytes] = field(default_factory=dict)
    _latest: int = _NEVER
    _writer: UUID | None = None
    _head: Head = _START
    _place: int = 0
    _broken: bool = False
    _window: list[Row] = field(default_factory=list)

    def seal(self, seal: Seal) -> None:
        """The database's seals, by number."""
        self.report.seals += 1
        expected = self._last.number + 1 if self._last else 1
        held = self._last.hash if self._last else chain.FIRST
        if seal.number != expected:
            self._find(Finding("seal-missing", seal=expected, at=seal.sealed_at))
            held = seal.previous  # the gap is told once
        whole = seals.is_whole(seal) and seal.previous == held
        if self._is_signed(seal) and whole:
            self._trust(seal, self._latest)
            self._latest = max(self._latest, chain.microseconds(seal.sealed_at))
        else:
            self._find(Finding("seal-changed" if not whole else "seal-forged", seal=seal.number, at=seal.sealed_at))
        self._seal_hashes[seal.number] = seal.hash
        self._last = seal
        self.report.sealed_at = seal.sealed_at

    def outside(self, seal: Seal) -> None:
        """The seals of the files, after all of the database's. What the database has lost still holds its rows."""
        self.report.outside += 1
        known = self._seal_hashes.get(seal.number)
        if known == seal.hash and seals.is_whole(seal):
            return
        if not (seals.is_whole(seal) and self._is_signed(seal)):
            self._find(Finding("outside-forged", seal=seal.number, at=seal.sealed_at))
            return
        if known is not None:
            self._find(Finding("seal-replaced", seal=seal.number, at=seal.sealed_at))
        elif self._last is None or seal.number > self._last.number:
            self._find(Finding("seal-cut", seal=seal.number, at=seal.sealed_at))
        self._trust(seal, _NEVER)

    def row(self, row: Row) -> None:
        """The rows, by writer and number."""
        self.report.rows += 1
        if row.writer != self._writer:
            self._end_chain()
            self._begin_chain(row.writer)
        self._window.append(row)
        if len(self._window) > LOOK_AHEAD:
            self._examine(self._window.pop(0))

    def end(self) -> Report:
        """After everything; the report, its findings by time."""
        self._end_chain()
        for writer in sorted(self._heads):
            self._begin_chain(writer)
            self._end_chain()
        self.report.findings.sort(key=lambda finding: (finding.at is None, finding.at))
        return self.report

    def _begin_chain(self, writer: UUID) -> None:
        self._writer, self._head, self._place, self._broken = writer, _START, 0, False
        self.report.writers += 1

    def _end_chain(self) -> None:
        while self._window:
            self._examine(self._window.pop(0))
        if self._writer is None:
            return
        heads = self._heads.pop(self._writer, None)
        if heads is not None and not self._broken and heads.numbers[-1] > self._head.number:
            place = next(place for place, number in enumerate(heads.numbers) if number > self._head.number)
            first, last = self._head.number + 1, heads.numbers[-1]
            at = chain.instant_of(heads.made[place])
            self._find(Finding("cut", self._writer, first, last if last > first else None, heads.seals[place], at))
        self._writer = None

    def _examine(self, row: Row) -> None:
        if row.commitment is not None and row.told.case_no is None and not row.withheld:
            self.report.redacted += 1
        if self._broken:
            return
        finding = diagnose(self._head, row, self._window)
        if finding is None:
            self._head = Head(row.number, row.hash)
            finding = self._against_seals(row)
        if finding is not None:
            self._broken = True
            self._find(finding)

    def _against_seals(self, row: Row) -> Finding | None:
        heads = self._heads.get(row.writer)
        while heads is not None and self._place < len(heads.numbers) and heads.numbers[self._place] < row.number:
            self._place += 1
        if heads is None or self._place == len(heads.numbers):
            self.report.unsealed += 1
            earliest = self._latest
        else:
            earliest = heads.earliest[self._place]
        if chain.microseconds(row.disclosed_at) < earliest - _GRACE:
            return Finding("inserted", row.writer, row.number, at=row.disclosed_at)
        place = self._place
        while heads is not None and place < len(heads.numbers) and heads.numbers[place] == row.number:
            if heads.hash(place) != row.hash:
                if self._window and own_number(self._window[0]) == row.number:
                    return Finding("inserted", row.writer, row.number, None, heads.seals[place], row.disclosed_at)
                first = (heads.numbers[self._place - 1] if self._place else 0) + 1
                until = row.number if row.number > first else None
                return Finding("changed", row.writer, first, until, heads.seals[place], row.disclosed_at)
            place += 1
        return None

    def _trust(self, seal: Seal, earliest: int) -> None:
        """Take its heads. No row that it is the first to hold may claim to be older than ``earliest``, the instant of the
        seal before it, which would have held the row too.
        """
        for writer, head in seal.heads.items():
            self._heads.setdefault(writer, _Heads()).add(head, seal, earliest)

    def _is_signed(self, seal: Seal) -> bool:
        jwk = self.keys.get(seal.kid)
        if jwk is None or not seals.is_signed(seal, jwk):
            return False
        if seal.kid not in self.report.keys:
            self.report.keys[seal.kid] = thumbprint(jwk)
        return True

    def _find(self, finding: Finding) -> None:
        self.report.findings.append(finding)


def thumbprint(jwk: Mapping[str, str]) -> str:
    """RFC 7638: of the members that make the key, by name."""
    members = {name: jwk[name] for name in ("crv", "kty", "x", "y") if name in jwk}
    text = json.dumps(members, sort_keys=True, separators=(",", ":"))
    return urlsafe_b64encode(sha256(text.encode()).digest()).rstrip(b"=").decode()
