"""Golden states and relations computed anew in Python from contributions, links and identifier rows, to hold against the tables.

Nothing here is taken from the statements of the product: the rules are those of the design, written down a second time.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

Entry = Mapping[str, Any]
State = dict[str, tuple[Any, ...]]
"""uid → (active or withheld, values …) of all that has not ended."""

ZONE = ZoneInfo("Asia/Shanghai")


def _as_it_is(values: dict[str, Any], day: date) -> str:
    return "active"


def _expire(values: dict[str, Any], day: date) -> str:
    """A valid certificate has expired on the day after its last."""
    if values["cert_status"] == "01" and values["valid_to"] is not None and day > values["valid_to"]:
        values["cert_status"] = "05"
    return "active"


def _publish(values: dict[str, Any], day: date) -> str:
    """Whether a credit record may be seen on that day."""
    agreed = values["repair_result_code"] == "1"
    hidden = [
        values["grade_publication_code"] == "2",
        values["party_publication_code"] == "3",
        values["publish_from"] is not None and day < values["publish_from"],
        agreed and values["repair_decided_on"] is not None and day >= values["repair_decided_on"],
        values["withheld_from"] is not None and day >= values["withheld_from"],
        values["publicity_until"] is not None and day > values["publicity_until"],
        values["publicity_max_until"] is not None and day > values["publicity_max_until"],
    ]
    return "withheld" if any(hidden) else "active"


@dataclass(frozen=True)
class View:
    """What is compared of a register: columns, those of one group taken from one contribution; and its calendar."""

    register: str
    number: int
    groups: tuple[tuple[str, ...], ...]
    on_day: Callable[[dict[str, Any], date], str] = _as_it_is
    dates: tuple[str, ...] = ()

    @property
    def columns(self) -> tuple[str, ...]:
        return tuple(column for group in self.groups for column in group)

    def fresh(self, revisions: list[Entry], at: datetime, known: datetime) -> State:
        """Every entity alive at ``at`` as known at ``known``, by survivorship over what was in force."""
        in_force: dict[int, Entry] = {}
        for revision in revisions:
            if revision["effective_from"] <= at and revision["recorded_at"] <= known:
                other = in_force.get(revision["contribution_id"])
                if other is None or _clocks(revision) > _clocks(other):
                    in_force[revision["contribution_id"]] = revision
        alive: dict[str, list[Entry]] = {}
        for revision in in_force.values():
            if not revision["ended"]:
                alive.setdefault(str(revision["uid"]), []).append(revision)
        return {uid: self._state(entries, at) for uid, entries in alive.items()}

    def _state(self, entries: list[Entry], at: datetime) -> tuple[Any, ...]:
        values: dict[str, Any] = {}
        for group in self.groups:
            telling = [entry for entry in entries if any(entry[column] is not None for column in group)]
            best = min(telling, key=_trust, default=None)
            values |= {column: None if best is None else best[column] for column in group}
        state = self.on_day(values, at.astimezone(ZONE).date())
        return (state, *(values[column] for column in self.columns))

    def moments(self, revisions: list[Entry]) -> set[datetime]:
        """Every instant at which something may change: effective dates, and midnights the values name."""
        found = {revision["effective_from"] for revision in revisions}
        for revision in revisions:
            for column in self.dates:
                if revision[column] is not None:
                    found |= {_midnight(revision[column]), _midnight(revision[column] + timedelta(days=1))}
        return found

    def read(self, versions: list[Entry], at: datetime, known: datetime) -> State:
        """The same from the recorded versions: the latest effective one, of several the latest recorded."""
        found: dict[str, Entry] = {}
        for version in versions:
            if version["effective_from"] <= at and version["recorded_at"] <= known:
                other = found.get(str(version["uid"]))
                if other is None or _clocks(version) > _clocks(other):
                    found[str(version["uid"])] = version
        return {
            uid: (version["state"], *(version[column] for column in self.columns))
            for uid, version in found.items()
            if version["state"] not in ("ended", "merged")
        }


VIEWS = {
    view.register: view
    for view in (
        View("natural_person", 1, (("full_name",), ("id_number",), ("hukou_address",))),
        View(
            "legal_entity",
            2,
            (("entity_name",), ("uscc",), ("city",), ("legal_rep_name", "legal_rep_id_no"), ("parent_entity_uscc",)),
        ),
        View(
            "credit_record",
            4,
            (
                ("counterparty_name",),
                ("cp_uscc",),
                ("organ_name",),
                ("publish_from",),
                ("publicity_until",),
                ("severity_grade_code", "publicity_max_until", "grade_publication_code"),
                ("party_publication_code",),
                ("repair_decided_on", "repair_result_code"),
                ("withheld_from",),
            ),
            _publish,
            ("publish_from", "publicity_until", "publicity_max_until", "repair_decided_on", "withheld_from"),
        ),
        View(
            "certificate",
            5,
            (
                ("cert_name",),
                ("holder_name", "holder_code"),
                ("valid_to",),
                ("cert_status",),
                ("associated_cert_identifier",),
            ),
            _expire,
            ("valid_to",),
        ),
    )
}

REFERENCES = {
    (2, "legal_rep_id_no"): ("legal_representative", (1,)),
    (2, "parent_entity_uscc"): ("branch_of", (2,)),
    (4, "cp_uscc"): ("subject", (2,)),
    (5, "holder_code"): ("holder", (1, 2)),
    (5, "associated_cert_identifier"): ("previous_version", (5,)),
}
"""(register, element) → kind of the relation, registers of the target."""

Said = tuple[int, int, str, Any, datetime, int]
"""Register, contribution, element, number, since when, and the how manieth of these."""


@dataclass
class Relations:
    """Which relations must stand, told publication by publication from the identifier rows: a target once found stays, until
    a steward says who it is."""

    targets: dict[Said, Any] = field(default_factory=dict)
    ends: dict[Said, datetime | None] = field(default_factory=dict)

    def follow(self, identifiers: list[Entry], published: int, now: datetime) -> None:
        """After register ``published`` has recorded something at ``now``."""
        carried = [row for row in identifiers if row["valid_to"] != row["valid_from"]]
        strong = [row for row in carried if row["strong"] and (row["valid_to"] is None or row["valid_to"] > now)]
        for said, row in _numbered(identifiers):
            targets = REFERENCES[row["register"], row["element"]][1]
            asked = targets if said not in self.targets else {published} & set(targets)
            if self.targets.setdefault(said, None) is None:
                number = (row["scheme"], row["lookup"])
                carriers = {
                    other["uid"]
                    for other in strong
                    if other["register"] in asked and (other["scheme"], other["lookup"]) == number
                }
                self.targets[said] = carriers.pop() if len(carriers) == 1 else None
            self.ends[said] = row["valid_to"]

    def merge(self, gone: Any, survivor: Any) -> None:
        """What refers to the one that went refers to the other; what has ended stays as it was."""
        for said, target in self.targets.items():
            if target == gone and self.ends[said] is None:
                self.targets[said] = survivor

    def part(self, register: int, identifiers: list[Entry], moved: set[int], holder: Any, apart: Any) -> None:
        """What refers by a number of those that ``moved`` goes with them; where ``holder`` carried it too, whoever carries
        it alone is looked for."""
        own = [row for row in identifiers if row["register"] == register and row["valid_to"] != row["valid_from"]]
        taken = {row["lookup"] for row in own if row["contribution_id"] in moved}
        kept = {row["lookup"] for row in own if row["uid"] == holder}
        for said, target in self.targets.items():
            if target == holder and self.ends[said] is None and said[3] in taken:
                self.targets[said] = None if said[3] in kept else apart

    def standing(self) -> Counter[tuple[Any, ...]]:
        """(register, contribution, element, number, from, to, target) of all relations."""
        return Counter((*said[:5], self.ends[said], target) for said, target in self.targets.items())


def _numbered(identifiers: list[Entry]) -> Iterator[tuple[Said, Entry]]:
    counted: Counter[tuple[Any, ...]] = Counter()
    forever = datetime.max.replace(tzinfo=UTC)
    for row in sorted(identifiers, key=lambda row: row["valid_to"] or forever):
        if (row["register"], row["element"]) in REFERENCES:
            same = (row["register"], row["contribution_id"], row["element"], row["lookup"], row["valid_from"])
            yield (*same, counted[same]), row
            counted[same] += 1


def _trust(entry: Entry) -> tuple[Any, ...]:
    """Best first: rank, then the later word."""
    return (
        entry["rank"],
        -entry["effective_from"].timestamp(),
        -entry["recorded_at"].timestamp(),
        entry["contribution_id"],
    )


def _clocks(entry: Entry) -> tuple[datetime, datetime]:
    return entry["effective_from"], entry["recorded_at"]


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), ZONE).astimezone(UTC)
