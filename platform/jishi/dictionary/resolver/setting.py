"""The setting 语境 of a batch: which concepts are in force, which scopes hold, and what stage, department and type add."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from jishi.dictionary.resolver.answers import Context
from jishi.dictionary.resolver.index import Index, Scope
from jishi.dictionary.resolver.standing import Standing, standing_on
from jishi.dictionary.resolver.words import Words
from jishi.dictionary.spelling import fold

STAGE, TYPE, DEPARTMENT, PLACE = 0.12, 0.08, 0.04, 0.2
"""What the context adds to the likeness of a concept that fits it; the first two take as much from one that does not."""
MAINTENANCE_SCHEME = "om-categories"


@dataclass(frozen=True, slots=True)
class Setting:
    """A context seen from an index: ``day`` as an ordinal, ``bonus`` by concept, ``standing`` of those that do not just hold."""

    day: int
    living: npt.NDArray[np.bool_]
    bonus: npt.NDArray[np.float32]
    place: str | None
    department: str | None
    standing: Standing = field(default_factory=Standing)

    def covers(self, scope: Scope) -> bool:
        """An alias without places holds everywhere; where the question names no place, scope says nothing.

        苏州 covers 苏州市, and 江苏省苏州市姑苏区.
        """
        return _covers(scope.places, self.place) and _covers(scope.departments, self.department)


def make_setting(
    index: Index, context: Context, day: int, place: str | None, department: str | None, words: Words
) -> Setting:
    """``place`` and ``department`` as folded names (a code looked up before), None where not given."""
    living, standing = standing_on(index, day)
    bonus = np.zeros(len(index.codes), np.float32)
    if context.stage and index.words:
        bonus += _fit([stage == context.stage for stage in index.stages], STAGE)
    if context.project_type and index.words:
        bonus += _fit(_of_type(index, context.project_type, words), TYPE)
    if department and index.words:
        roles = {role for role, called in words.roles.items() if any(fold(word) in department for word in called)}
        bonus += np.array(
            [DEPARTMENT if held and roles & set(held.split("/")) else 0 for held in index.responsible], np.float32
        )
    if context.place and not index.words and (code := _digits(context.place)):
        near = code.rstrip("0")[:4]
        bonus += np.array([PLACE if near and held.startswith(near) else 0 for held in index.codes], np.float32)
    return Setting(day, living, bonus, place, department, standing)


def _of_type(index: Index, project_type: str, words: Words) -> list[bool]:
    """Concepts at home in a project type; a type of no stages of its own is at home where the others are not."""
    own = words.types.get(project_type)
    others = {stage for stages in words.types.values() for stage in stages}
    if own is not None:
        return [
            stage in own or scheme == MAINTENANCE_SCHEME
            for stage, scheme in zip(index.stages, index.schemes, strict=True)
        ]
    return [
        stage not in others and scheme != MAINTENANCE_SCHEME
        for stage, scheme in zip(index.stages, index.schemes, strict=True)
    ]


def _fit(fits: Sequence[bool], worth: float) -> npt.NDArray[np.float32]:
    return np.where(np.array(fits, np.bool_), worth, -worth).astype(np.float32)


def _covers(known: Sequence[str], given: str | None) -> bool:
    return not known or given is None or any(fold(name) in given or given in fold(name) for name in known)


def _digits(place: str) -> str:
    text = place.strip()
    return text if text.isascii() and text.isdigit() else ""
