"""The life of a concept: draft → review → approved → deprecated; who may step where, and what a last step must say.

Beside the road: a file gives the first status, people give every later one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from jishi.dictionary.forms import Status
from jishi.errors import Fault

STEPS: Mapping[str, tuple[str, ...]] = {
    "draft": ("review",),
    "review": ("approved", "draft"),
    "approved": ("deprecated",),
    "deprecated": (),
}
"""What a status may become; nothing comes back from deprecated: its code is used up."""

LEFT_FILES = "不再列入字典文件 no dictionary file holds it any more"
"""Why the loader itself deprecates a concept."""


def step_faults(place: str, before: Status, after: Status) -> list[Fault]:
    """Whether a concept may go from one status to another; to stay is no step."""
    if before == after or after in STEPS[before]:
        return []
    legal = ", ".join(STEPS[before]) or "-"
    return [Fault(place, "DIC-STATUS-STEP", {"before": before, "after": after, "legal": legal})]


def word_faults(
    place: str, code: str, status: Status, successors: Iterable[str], reason: str, known: Mapping[str, Status]
) -> list[Fault]:
    """Whether a status says what it must: a deprecated concept its successors, which live, or why it has none.

    ``known``: every code of the scheme with the status it will have.
    """
    named = tuple(successors)
    if status != "deprecated":
        return [Fault(place, "DIC-SUCCESSOR-EARLY", {"given": code})] if named else []
    if not named and not reason.strip():
        return [Fault(place, "DIC-STATUS-WHY", {"given": code})]
    return [
        Fault(place, "DIC-SUCCESSOR", {"given": code, "successor": successor})
        for successor in named
        if successor == code or known.get(successor, "draft") in ("draft", "review")
    ]
