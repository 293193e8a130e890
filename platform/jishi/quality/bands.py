"""Whether a validated batch may be published unseen or is held 暂存 for a steward (step *validate*, before *match*).

A delivery that is suddenly half as long, or ends a tenth of a register, is more often a fault of the sender than news.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Literal

from jishi.messages import render
from jishi.quality.block import Block
from jishi.quality.learnt import Band, learn_share, learn_volume

Limit = float | Literal["off"] | None
"""A declared share, no band at all, or (None) learnt; until enough was learnt the default of the band stands."""

DEFAULT_VOLUME = 0.40
DEFAULT_FAILURES = 0.30
DEFAULT_ENDINGS = 0.05
LEARNT_VOLUME = {"full": 0.10, "delta": 0.50}
LEARNT_FAILURES = 0.05
LEARNT_ENDINGS = 0.01
"""How far a learnt band reaches beyond what was seen: a share of the rows, or share points."""

REGULAR = 0.25
"""A delta source learns its volume when most of its batches are so near to their median (standard deviation : median)."""


@dataclass(frozen=True, slots=True)
class Thresholds:
    """A source's bands. Without a declared volume, a delta has no volume band until one was learnt."""

    mode: Literal["full", "delta"] = "delta"
    volume_below: Limit = None  # share of the median of the last five by which a batch may be shorter
    volume_above: Limit = None  # likewise longer
    volume_rows: int = 20  # a source whose batches are usually shorter learns no volume
    failure_share: Limit = None  # refused rows of received rows
    failure_rows: int = 20  # a shorter batch has no failure band, and so few refused rows leave no learnt one
    endings_share: Limit = None  # endings, by mark and by absence, of live records
    endings_rows: int = 20  # so few endings leave no learnt band, so few live records teach none
    names_share: Limit = 0.05  # rows of another name than the register has under their code, of rows it knows
    names_rows: int = 20  # fewer such rows are no block


@dataclass(frozen=True, slots=True)
class PublishedBatch:
    """An earlier published batch of the same source and scope; ``live`` are the records it found."""

    received: int
    refused: int = 0
    endings: int = 0
    live: int = 0


@dataclass(frozen=True, slots=True)
class BatchCounts:
    """What is known of the batch before it is merged; ``live`` are the source's live records in the batch's scope.

    ``named`` are rows whose entity the register knows, by source key or strong identifier, with a name on both sides;
    ``misnamed`` those of them whose name has nothing of the register's; ``block`` a run of such rows.
    """

    received: int
    refused: int
    endings: int = 0
    live: int = 0
    named: int = 0
    misnamed: int = 0
    block: Block | None = None


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
        *_failures(thresholds, history, counts),
        *_endings(thresholds, history, counts),
        *_names(thresholds, counts),
    ]


def _volume(thresholds: Thresholds, history: Sequence[PublishedBatch], counts: BatchCounts) -> list[HeldReason]:
    """A declared or default share of the median of the last five; what neither says is learnt."""
    if not history:
        return []
    usual = median(batch.received for batch in history[-5:])
    learnt = learn_volume([batch.received for batch in history], LEARNT_VOLUME[thresholds.mode])
    if learnt is not None and not _tells(learnt, thresholds):
        learnt = None
    default: Limit = DEFAULT_VOLUME if thresholds.mode == "full" else "off"
    values: dict[str, object] = {"received": counts.received}
    for limit, side, sign in ((thresholds.volume_below, "LOW", -1), (thresholds.volume_above, "HIGH", 1)):
        if limit is None and learnt is not None:
            bound = learnt.low if sign < 0 else learnt.high
            told = {"usual": f"{learnt.usual:g}", "limit": f"{bound:.0f}", "batches": learnt.batches}
            code = f"QLT-HELD-VOLUME-{side}-LEARNT"
        else:
            share = default if limit is None else limit
            if share == "off" or share is None:
                continue
            bound, told = usual * (1 + sign * share), {"usual": f"{usual:g}", "limit": f"{share:.0%}"}
            code = f"QLT-HELD-VOLUME-{side}"
        if sign * counts.received > sign * bound:
            return [HeldReason(code, {**values, **told})]
    return []


def _tells(learnt: Band, thresholds: Thresholds) -> bool:
    """Few rows tell nothing, nor do deltas that are now long and now short."""
    regular = thresholds.mode == "full" or learnt.spread <= REGULAR * learnt.usual
    return regular and learnt.usual >= thresholds.volume_rows


def _failures(thresholds: Thresholds, history: Sequence[PublishedBatch], counts: BatchCounts) -> list[HeldReason]:
    least = thresholds.failure_rows
    if counts.received < least or not counts.received:
        return []
    past = [(batch.refused, batch.received) for batch in history if batch.received >= least]
    values = {"refused": counts.refused, "received": counts.received}
    found = _share(thresholds.failure_share, DEFAULT_FAILURES, LEARNT_FAILURES, past, least, *values.values())
    return [HeldReason(f"QLT-HELD-FAILURES{found.suffix}", {**values, **found.values})] if found else []


def _endings(thresholds: Thresholds, history: Sequence[PublishedBatch], counts: BatchCounts) -> list[HeldReason]:
    if not counts.live:
        return []
    least = thresholds.endings_rows
    past = [(batch.endings, batch.live) for batch in history if batch.live >= least]
    values = {"endings": counts.endings, "live": counts.live}
    found = _share(thresholds.endings_share, DEFAULT_ENDINGS, LEARNT_ENDINGS, past, least, *values.values())
    return [HeldReason(f"QLT-HELD-ENDINGS{found.suffix}", {**values, **found.values})] if found else []


@dataclass(frozen=True, slots=True)
class _Over:
    """A share over its limit."""

    suffix: str
    values: dict[str, object]


def _share(
    declared: Limit, default: float, margin: float, past: Sequence[tuple[int, int]], least: int, part: int, whole: int
) -> _Over | None:
    """Whether ``part`` of ``whole`` is over the declared share, or else the learnt, or else the default one."""
    if declared == "off":
        return None
    share = part / whole
    learnt = learn_share([some / all_ for some, all_ in past], margin) if declared is None else None
    if learnt is not None and (part >= least or learnt.high >= default):
        values: dict[str, object] = {"share": f"{share:.1%}", "limit": f"{learnt.high:.1%}", "batches": learnt.batches}
        return _Over("-LEARNT", values) if share > learnt.high else None
    limit = default if declared is None else declared
    return _Over("", {"share": f"{share:.1%}", "limit": f"{limit:.1%}"}) if share > limit else None


def _names(thresholds: Thresholds, counts: BatchCounts) -> list[HeldReason]:
    """A block of valid codes beside other people's names: each row alone would pass for a renaming."""
    limit = thresholds.names_share
    if limit is None or limit == "off" or not counts.named or counts.misnamed < thresholds.names_rows:
        return []
    block = counts.block
    share = counts.misnamed / counts.named
    values = {"misnamed": counts.misnamed, "named": counts.named, "share": f"{share:.1%}", "limit": f"{limit:.1%}"}
    if share > limit:
        return [HeldReason("QLT-HELD-NAMES", values)]
    if block is None:
        return []
    return [HeldReason("QLT-HELD-NAMES-BLOCK", {"first": block.first, "last": block.last, "misnamed": block.misnamed})]
