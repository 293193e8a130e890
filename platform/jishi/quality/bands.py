"""Whether a validated batch may be published unseen or is held 暂存 for a steward (step *validate*, before *match*).

A delivery that is suddenly half as long, or ends a tenth of a register, is more often a fault of the sender than news.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Literal

from jishi.messages import render

DEFAULT_VOLUME = 0.40


@dataclass(frozen=True, slots=True)
class Thresholds:
    """A source's declared bands; a failure or endings share of None switches that band off.

    A volume share of None is the mode's own: 40 % in full mode, no band in delta mode, where sizes say little.
    """

    mode: Literal["full", "delta"] = "delta"
    volume_below: float | None = (
        None  # share of the median by which a batch may be shorter; None in full mode = default
    )
    volume_above: float | None = None  # likewise longer; in delta mode None = no band
    volume_batches: int = 5  # how many of the last published batches the median is taken of
    failure_share: float | None = 0.30  # refused rows of received rows
    failure_rows: int = 20  # a shorter batch has no failure band
    endings_share: float | None = 0.05  # endings, by mark and by absence, of live records
    names_share: float | None = 0.05  # rows of another name than the register has under their code, of rows it knows
    names_rows: int = 20  # fewer such rows are no block


@dataclass(frozen=True, slots=True)
class PublishedBatch:
    """An earlier published batch of the same source and scope."""

    received: int


@dataclass(frozen=True, slots=True)
class BatchCounts:
    """What is known of the batch before it is merged; ``live`` are the source's live records in the batch's scope."""

    received: int
    refused: int
    endings: int = 0
    live: int = 0
    named: int = (
        0  # rows whose entity the register knows, by source key or strong identifier, with a name on both sides
    )
    misnamed: int = 0  # of those, rows whose name has nothing of the register's


@dataclass(frozen=True, slots=True)
class HeldReason:
    """Why a batch is held: a message code and its values, counts and shares only."""

    code: str
    values: dict[str, object] = field(default_factory=dict)

    def text(self, language: str) -> str:
        return render(self.code, language, **self.values)


def bands(thresholds: Thresholds, history: Sequence[PublishedBatch], counts: BatchCounts) -> list[HeldReason]:
    """Every band the batch leaves; an empty list means it may be published.

    ``history`` is in order of publication, latest last. A bound itself is still inside its band.
    """
    return [
        *_volume(thresholds, history, counts),
        *_failures(thresholds, counts),
        *_endings(thresholds, counts),
        *_names(thresholds, counts),
    ]


def _volume(thresholds: Thresholds, history: Sequence[PublishedBatch], counts: BatchCounts) -> list[HeldReason]:
    if not history:
        return []
    usual = median(batch.received for batch in history[-thresholds.volume_batches :])
    default = DEFAULT_VOLUME if thresholds.mode == "full" else None
    below = default if thresholds.volume_below is None else thresholds.volume_below
    above = default if thresholds.volume_above is None else thresholds.volume_above
    values: dict[str, object] = {"received": counts.received, "usual": f"{usual:g}"}
    if below is not None and counts.received < usual * (1 - below):
        return [HeldReason("QLT-HELD-VOLUME-LOW", {**values, "limit": f"{below:.0%}"})]
    if above is not None and counts.received > usual * (1 + above):
        return [HeldReason("QLT-HELD-VOLUME-HIGH", {**values, "limit": f"{above:.0%}"})]
    return []


def _failures(thresholds: Thresholds, counts: BatchCounts) -> list[HeldReason]:
    limit = thresholds.failure_share
    if limit is None or counts.received < thresholds.failure_rows or not counts.received:
        return []
    share = counts.refused / counts.received
    values = {"refused": counts.refused, "received": counts.received, "share": f"{share:.1%}", "limit": f"{limit:.1%}"}
    return [HeldReason("QLT-HELD-FAILURES", values)] if share > limit else []


def _endings(thresholds: Thresholds, counts: BatchCounts) -> list[HeldReason]:
    limit = thresholds.endings_share
    if limit is None or not counts.live:
        return []
    share = counts.endings / counts.live
    values = {"endings": counts.endings, "live": counts.live, "share": f"{share:.1%}", "limit": f"{limit:.1%}"}
    return [HeldReason("QLT-HELD-ENDINGS", values)] if share > limit else []


def _names(thresholds: Thresholds, counts: BatchCounts) -> list[HeldReason]:
    """A block of valid codes beside other people's names: each row alone would pass for a renaming."""
    limit = thresholds.names_share
    if limit is None or not counts.named or counts.misnamed < thresholds.names_rows:
        return []
    share = counts.misnamed / counts.named
    values = {"misnamed": counts.misnamed, "named": counts.named, "share": f"{share:.1%}", "limit": f"{limit:.1%}"}
    return [HeldReason("QLT-HELD-NAMES", values)] if share > limit else []
