"""Words of addresses 地址词典: endings of parts, other names of divisions, towns that are no more; data of parsing addresses."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from jishi.dictionary.reading import Faults, Line, read_csv, read_toml
from jishi.errors import DeclarationError

ALIASES, TOWNS, WORDS = "aliases.csv", "former-towns.csv", "words.toml"
ENDED_PARTS = ("zone", "town", "community", "road", "compound")
"""Parts that are known by how their name ends."""


@dataclass(frozen=True, slots=True)
class Alias:
    """Another name of a division; ``within``: only where the address lies under this code prefix, '' = anywhere."""

    name: str
    code: str
    within: str = ""


@dataclass(frozen=True, slots=True)
class FormerTown:
    """A town 乡镇街道 that was merged or renamed, and the county its ground belongs to today."""

    name: str
    county: str


@dataclass(frozen=True)
class AddressWords:
    """The dictionary of addresses; ``endings``: part → endings 通名, as :data:`ENDED_PARTS` says."""

    aliases: tuple[Alias, ...]
    former_towns: tuple[FormerTown, ...]
    endings: tuple[tuple[str, tuple[str, ...]], ...]

    def version(self) -> str:
        """SHA-256 over everything: a change may parse an address in another way."""
        return hashlib.sha256(repr(self).encode()).hexdigest()


def load_address_words(folder: Path, overlay: Path | None = None) -> AddressWords:
    """Read ``folder`` and, where it exists, a city's ``overlay`` of the same form, whose rows and endings are added.

    Raises DeclarationError ``DIC-ADDRESSES`` with every fault of every file.
    """
    faults = Faults()
    folders = [folder, *([overlay] if overlay is not None and overlay.is_dir() else [])]
    aliases = [_alias(line, faults) for line in _lines(folders, ALIASES, ("alias", "code"), ("within", "note"), faults)]
    towns = [_town(line, faults) for line in _lines(folders, TOWNS, ("name", "county"), ("note",), faults)]
    endings = _endings(folders, faults)
    if faults.found:
        raise DeclarationError("DIC-ADDRESSES", faults=tuple(faults.found), count=len(faults.found))
    return AddressWords(tuple(aliases), tuple(towns), endings)


def _lines(
    folders: list[Path], file: str, required: tuple[str, ...], optional: tuple[str, ...], faults: Faults
) -> list[Line]:
    """The rows of a file of every folder; the shipped one must be there."""
    paths = [folder / file for place, folder in enumerate(folders) if not place or (folder / file).is_file()]
    return [line for path in paths for line in read_csv(path, required, optional, faults)]


def _alias(line: Line, faults: Faults) -> Alias:
    alias = Alias(line.cells.get("alias", ""), line.cells.get("code", ""), line.cells.get("within", ""))
    if not alias.name:
        faults.add(line.place, "DIC-NAME-EMPTY", given=alias.code)
    _check_code(alias.code, (6,), line, faults)
    if alias.within:
        _check_code(alias.within, (2, 4, 6), line, faults)
    return alias


def _town(line: Line, faults: Faults) -> FormerTown:
    town = FormerTown(line.cells.get("name", ""), line.cells.get("county", ""))
    if not town.name:
        faults.add(line.place, "DIC-NAME-EMPTY", given=town.county)
    _check_code(town.county, (6,), line, faults)
    return town


def _check_code(code: str, lengths: tuple[int, ...], line: Line, faults: Faults) -> None:
    if not (code.isascii() and code.isdigit() and len(code) in lengths):
        faults.add(line.place, "DIC-DIVISION-CODE", given=code)


def _endings(folders: list[Path], faults: Faults) -> tuple[tuple[str, tuple[str, ...]], ...]:
    found: dict[str, set[str]] = {part: set() for part in ENDED_PARTS}
    for place, folder in enumerate(folders):
        path = folder / WORDS
        if place and not path.is_file():
            continue
        for part, words in read_toml(path, faults).get("endings", {}).items():
            if part not in found or not isinstance(words, list) or not all(isinstance(word, str) for word in words):
                faults.add(path.name, "DIC-ENDINGS", part=part)
            else:
                found[part].update(filter(None, words))
    return tuple((part, tuple(sorted(words, key=lambda word: (-len(word), word)))) for part, words in found.items())
