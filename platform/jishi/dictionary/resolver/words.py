"""The resolver's words 用语: head words, modifiers, abbreviations and affixes of the process, read from data files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from jishi.dictionary.reading import Faults, read_toml
from jishi.errors import DeclarationError
from jishi.settings import Settings

FOLDER, WORDS, WORDINGS, CALIBRATION = "resolver", "words.toml", "wordings.toml", "calibration.toml"


class _Form(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


_Read = TypeVar("_Read", bound=_Form)


class _List(_Form):
    words: tuple[str, ...] = ()


class _Pairs(_Form):
    pairs: tuple[tuple[str, str, float], ...] = ()


class Curve(_Form):
    """A logistic curve: what a candidate's likeness, lead and coverage, and what it leaves unsaid, say about its being right."""

    bias: float = -4.0
    likeness: float = 6.0
    lead: float = 4.0
    covered: float = 1.0
    covering: float = 0.0
    unsaid: float = 0.0

    #: At least this probability, and this lead over the runner-up, make a match; below ``floor`` nothing is said.
    match: float = Field(0.9, ge=0, le=1)
    margin: float = Field(0.05, ge=0, le=1)
    floor: float = Field(0.05, ge=0, le=1)


class Calibration(_Form):
    """How likeness becomes a probability: for concepts, whose words are known, and for lists, whose are not."""

    concepts: Curve = Curve()
    lists: Curve = Curve()


class _File(_Form):
    acts: dict[str, tuple[str, ...]] = {}
    objects: dict[str, tuple[str, ...]] = {}
    compounds: dict[str, tuple[str, ...]] = {}
    empty: _List = _List()
    broad: _List = _List()
    leading: _List = _List()
    joining: _List = _List()
    category: _List = _List()
    foreign: _List = _List()
    bodies: _List = _List()
    nominal: _List = _List()
    mild: _List = _List()
    related: _Pairs = _Pairs()
    types: dict[str, tuple[str, ...]] = {}
    roles: dict[str, tuple[str, ...]] = {}
    variants: dict[str, str] = {}


@dataclass(frozen=True)
class Words:
    """All that is known of wording; a spelling means one or several canonical words.

    ``empty`` words mean nothing by themselves, ``broad`` ones too many things, ``foreign`` ones another matter; ``leading``
    acts may stand in front of their object; ``joining`` words join two things; ``category`` are endings of a type's name,
    ``bodies`` of somebody's; a ``nominal`` act is a thing made as well, with which another act is done;
    ``mild`` words tell nothing apart, whether a spelling says them or not.
    ``related``: canonical words that are near one another, with the part of its weight the one is worth as the other.
    ``types``: project type → the stages it is at home in. ``wordings``: scheme → code → common wordings that are no
    reviewed alias and therefore only compared, never equal.
    """

    acts: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    objects: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    compounds: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    empty: tuple[str, ...] = ()
    broad: tuple[str, ...] = ()
    leading: tuple[str, ...] = ()
    joining: tuple[str, ...] = ()
    category: tuple[str, ...] = ()
    foreign: tuple[str, ...] = ()
    bodies: tuple[str, ...] = ()
    nominal: tuple[str, ...] = ()
    mild: tuple[str, ...] = ()
    related: tuple[tuple[str, str, float], ...] = ()
    types: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    roles: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    variants: Mapping[str, str] = field(default_factory=dict)
    wordings: Mapping[str, Mapping[str, tuple[str, ...]]] = field(default_factory=dict)
    calibration: Calibration = field(default_factory=Calibration)


@cache
def shipped_words() -> Words:
    """The words of this deployment: what ships, and what the city adds under its own ``dictionaries/resolver``."""
    settings = Settings()
    return load_words(settings.dictionaries_dir / FOLDER, settings.home_dir / "dictionaries" / FOLDER)


def load_words(folder: Path, overlay: Path | None = None) -> Words:
    """Read ``folder``; a city's ``overlay`` of the same form adds spellings, words and wordings.

    Raises DeclarationError ``DIC-WORDS`` with every fault of every file.
    """
    faults = Faults()
    folders = [folder, *([overlay] if overlay is not None and overlay.is_dir() else [])]
    words = [_read(place / WORDS, _File, faults) for place in _holding(folders, WORDS)]
    wordings = [read_toml(place / WORDINGS, faults) for place in _holding(folders, WORDINGS)]
    curves = [_read(place / CALIBRATION, Calibration, faults) for place in _holding(folders, CALIBRATION)]
    _check(words, faults)
    known = _wordings(wordings, faults)
    if faults.found:
        raise DeclarationError("DIC-WORDS", faults=tuple(faults.found), count=len(faults.found))
    return Words(
        acts=_joined([file.acts for file in words]),
        objects=_joined([file.objects for file in words]),
        compounds={spelling: means for file in words for spelling, means in file.compounds.items()},
        empty=tuple(word for file in words for word in file.empty.words),
        broad=tuple(word for file in words for word in file.broad.words),
        leading=tuple(word for file in words for word in file.leading.words),
        joining=tuple(word for file in words for word in file.joining.words),
        category=tuple(word for file in words for word in file.category.words),
        foreign=tuple(word for file in words for word in file.foreign.words),
        bodies=tuple(word for file in words for word in file.bodies.words),
        nominal=tuple(word for file in words for word in file.nominal.words),
        mild=tuple(word for file in words for word in file.mild.words),
        related=tuple(pair for file in words for pair in file.related.pairs),
        types={name: stages for file in words for name, stages in file.types.items()},
        roles=_joined([file.roles for file in words]),
        variants={character: plain for file in words for character, plain in file.variants.items()},
        wordings=known,
        calibration=curves[-1] if curves else Calibration(),
    )


def _holding(folders: list[Path], file: str) -> list[Path]:
    return [folder for folder in folders if (folder / file).is_file()]


def _read(path: Path, form: type[_Read], faults: Faults) -> _Read:
    try:
        return form.model_validate(read_toml(path, faults))
    except ValidationError as error:
        for item in error.errors():
            faults.add(path.name, "DIC-HEAD", member=".".join(map(str, item["loc"])) or "-", reason=item["msg"])
        return form()


def _check(files: list[_File], faults: Faults) -> None:
    """What compounds, relations and broad words name must be canonical words."""
    known = {word for file in files for word in (*file.acts, *file.objects)}
    for file in files:
        named = [word for means in file.compounds.values() for word in means]
        named += [word for one, other, _ in file.related.pairs for word in (one, other)]
        for word in sorted(
            {*named, *file.broad.words, *file.leading.words, *file.nominal.words, *file.mild.words} - known
        ):
            faults.add(WORDS, "DIC-WORD-UNKNOWN", word=word)


def _joined(tables: list[dict[str, tuple[str, ...]]]) -> dict[str, tuple[str, ...]]:
    joined: dict[str, tuple[str, ...]] = {}
    for table in tables:
        for name, members in table.items():
            joined[name] = (*joined.get(name, ()), *members)
    return joined


def _wordings(tables: list[dict[str, Any]], faults: Faults) -> dict[str, dict[str, tuple[str, ...]]]:
    found: dict[str, dict[str, tuple[str, ...]]] = {}
    for table in tables:
        for scheme, codes in table.items():
            if not isinstance(codes, dict):
                faults.add(WORDINGS, "DIC-HEAD", member=scheme, reason="table of codes")
                continue
            for code, names in codes.items():
                if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
                    faults.add(WORDINGS, "DIC-HEAD", member=f"{scheme}.{code}", reason="list of texts")
                    continue
                known = found.setdefault(scheme, {})
                known[code] = (*known.get(code, ()), *names)
    return found
