"""What is told of a concept that was found: itself, or those that follow it where it is deprecated."""

from __future__ import annotations

from dataclasses import dataclass

from jishi.dictionary.resolver.index import Index
from jishi.dictionary.resolver.standing import Standing
from jishi.errors import Fault

DRAFT_MOST, DEPRECATED_MOST = 60, 95
"""What a concept not approved yet, and one that follows a deprecated one, scores at most."""


@dataclass(frozen=True, slots=True)
class Found:
    """A concept to be told; ``sure``: it may be the match."""

    owner: int
    score: int
    sure: bool
    why: Fault


def tell(index: Index, standing: Standing, owner: int, score: int, why: Fault) -> list[Found]:
    """A draft is never sure; a deprecated concept gives way to what follows it, which is sure where it is one alone."""
    if owner in standing.drafts:
        return [
            Found(owner, min(score, DRAFT_MOST), False, Fault("reason", "DIC-WHY-DRAFT", {"name": index.names[owner]}))
        ]
    followed = standing.retired.get(owner)
    if followed is None:
        return [Found(owner, score, True, why)]
    values: dict[str, object] = {"old": index.codes[owner], "name": index.names[owner]}
    if not followed:
        return [Found(owner, min(score, DRAFT_MOST), False, Fault("reason", "DIC-WHY-DEPRECATED-NONE", values))]
    values["successors"] = "、".join([f"{index.codes[each]} {index.names[each]}" for each in followed])
    reason = Fault("reason", "DIC-WHY-DEPRECATED", values)
    return [Found(each, min(score, DEPRECATED_MOST), len(followed) == 1, reason) for each in followed]
