"""What a batch's receipt says to a person at a terminal: counts, then every reason with its sentence (after the road)."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from jishi.messages import render

TOLD = ("received", "inserted", "updated", "unchanged", "ended", "quarantined", "held", "duplicate")
ACCEPTED = ("inserted", "updated", "unchanged", "ended")

Receipt = Mapping[str, Any]


def summary(item: Receipt, language: str) -> str:
    """One receipt: status and counts, then why."""
    counts = (f"{_title(name, language)} {item[name]:,}" for name in TOLD if item[name])
    parts = "，" if language.startswith("zh") else ", "
    head = f"{item['batch']} {item['source']} {item['file']}: {_status(item, language)}"
    return "\n".join([f"{head} ({parts.join(counts)})", *why(item, language), *_notes(item)])


def why(item: Receipt, language: str) -> Iterator[str]:
    """A line a rule that refused or warned, with the rows and the sentence; then why all was held or refused."""
    from jishi.quality.report import reason_text

    for column, member in (("refused", "reasons"), ("warned", "warnings")):
        for rule, rows in sorted(item[member].items(), key=lambda pair: -pair[1]):
            sentence = reason_text(item["register"], rule, language)
            yield f"  {_title(column, language)} {rows:>7,}  {sentence}  [{rule}]"
    for note in item["notes"]:
        if note["code"].startswith("QLT-HELD-"):
            yield f"  {_title('held', language)} {item['held']:>7,}  {note['message']}  [{note['code']}]"
    if item["fault"]:
        yield f"  {_status(item, language)}: {item['fault']['message']}  [{item['fault']['code']}]"


def accepted(item: Receipt) -> int:
    """Rows that became contributions, were so already, or ended one."""
    return sum(item[name] for name in ACCEPTED)


def table(receipts: Sequence[Receipt], language: str) -> str:
    """All receipts below one another in columns, each with its reasons under it."""
    titles = ("file", "batch", "status", "received", "accepted", "refused", "warnings", "duplicate", "held", "reviews")
    rows = [[_title(name, language) for name in titles], *(_cells(item, language) for item in receipts)]
    widths = [max(_width(row[at]) for row in rows) for at in range(len(titles))]
    lines = [_aligned(rows[0], widths)]
    for item, row in zip(receipts, rows[1:], strict=True):
        lines += [_aligned(row, widths), *("  " + line for line in why(item, language))]
    return "\n".join(lines)


def _cells(item: Receipt, language: str) -> list[str]:
    numbers = (
        item["received"],
        accepted(item),
        item["quarantined"],
        sum(item["warnings"].values()),
        item["duplicate"],
        item["held"],
        item["golden"]["review"],
    )
    return [item["file"], str(item["batch"]), _status(item, language), *(f"{number:,}" for number in numbers)]


def _aligned(cells: Iterable[str], widths: Sequence[int]) -> str:
    """File and status to the left, numbers to the right; a Chinese character is two columns wide."""
    parts = []
    for at, (cell, width) in enumerate(zip(cells, widths, strict=True)):
        blank = " " * (width - _width(cell))
        parts.append(cell + blank if at in (0, 2) else blank + cell)
    return "  ".join(parts).rstrip()


def _width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text)


def _status(item: Receipt, language: str) -> str:
    return render(f"ING-STATUS-{item['status'].upper()}", language)


def _title(name: str, language: str) -> str:
    return render(f"ING-COLUMN-{name.upper()}", language)


def _notes(item: Receipt) -> list[str]:
    """What else is to be said, such as columns that were not used."""
    lines = [f"  {note['message']}" for note in item["notes"] if not note["code"].startswith("QLT-HELD-")]
    return list(dict.fromkeys(lines))
