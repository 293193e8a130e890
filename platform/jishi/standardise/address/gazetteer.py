"""The gazetteer 地名词典: every name a division of today or of history goes by, and the towns and villages known below it.

Counties and above come from the division list with its history; towns and villages from the place register, as plain
rows; local names and towns that are no more from ``dictionaries/address``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from copy import copy
from dataclasses import dataclass
from typing import Generic, NamedTuple, TypeVar

from jishi.dictionary.addresses import AddressWords
from jishi.dictionary.codelist import CodeList, CodeRow
from jishi.standardise.address.patterns import compile_patterns

PROVINCE, CITY, COUNTY = 1, 2, 3
_LEVELS = {"province": PROVINCE, "prefecture": CITY, "county": COUNTY}
_NAMELESS = frozenset({"市辖区", "县", "市", "省直辖县级行政区划", "自治区直辖县级行政区划", "省直辖行政单位"})
_AUTONOMOUS = re.compile(r"自治(?P<kind>[区州县旗])$")
_TOWN_ENDING = re.compile(r"(?:街道办事处|街道|民族乡|地区办事处|地区|镇|乡|苏木)$")
_VILLAGE_ENDING = re.compile(r"(?:社区居委会|社区居民委员会|居委会|居民委员会|村村委会|村委会|村民委员会|社区|村)$")

Entry = TypeVar("Entry")


class PlaceName(NamedTuple):
    """A town (9 digits) or a village (12 digits) as the place register holds it."""

    code: str
    name: str


class RoadName(NamedTuple):
    """A road, lane or estate that lies in one county, as far as the registers know."""

    name: str
    county: str


@dataclass(frozen=True, slots=True)
class Name:
    """One division behind a name; ``today``: itself, or what a retired one went into, empty where that is unknown."""

    code: str
    level: int
    full: bool
    living: bool
    today: tuple[str, ...]
    within: str = ""  # the name counts only under this code prefix

    def lies_in(self, prefixes: tuple[str, ...]) -> bool:
        """Whether the division, as it was or as it is, lies under one of the code prefixes."""
        return self.code.startswith(prefixes) or any(code.startswith(prefixes) for code in self.today)


@dataclass(frozen=True, slots=True)
class Local:
    """A town or village behind a name: its county of today and its code, None for one that is no more."""

    county: str
    code: str | None
    full: bool


class Names(Generic[Entry]):
    """Names found at a place of a text, longest first; names shorter than two characters are left out."""

    def __init__(self, entries: Iterable[tuple[str, Entry]]) -> None:
        found: dict[str, list[Entry]] = {}
        for name, entry in entries:
            known = found.setdefault(name, [])
            if entry not in known:
                known.append(entry)
        self._entries = {name: tuple(known) for name, known in found.items() if len(name) > 1}
        lengths: dict[str, set[int]] = {}
        for name in self._entries:
            lengths.setdefault(name[:2], set()).add(len(name))
        self._lengths = {head: tuple(sorted(sizes, reverse=True)) for head, sizes in lengths.items()}

    def at(self, text: str, place: int) -> Iterator[tuple[int, tuple[Entry, ...]]]:
        """(end, entries) of every name that stands at ``place``."""
        for length in self._lengths.get(text[place : place + 2], ()):
            entries = self._entries.get(text[place : place + length])
            if entries is not None and place + length <= len(text):
                yield place + length, entries

    def __len__(self) -> int:
        return len(self._entries)


class Gazetteer:
    """What addresses are read against; build it once, it does not change.

    ``divisions`` is the code list ``division``, ``ethnic_groups`` the names of GB/T 3304, by which autonomous divisions
    shorten (黔南布依族苗族自治州 → 黔南州). Towns, villages and roads come by :meth:`with_places`.
    """

    def __init__(self, divisions: CodeList, words: AddressWords, ethnic_groups: Iterable[str] = ()) -> None:
        self._list = divisions
        self._living = {row.code for row in divisions.rows if row.valid_to is None}
        self.patterns = compile_patterns(words)
        self._aliases, self._former_towns = words.aliases, words.former_towns
        self._known_today: dict[str, tuple[str, ...]] = {}
        self.divisions: Names[Name] = Names(self._division_names(tuple(ethnic_groups)))
        parents = {row.parent for row in divisions.rows if row.valid_to is None}
        self.without_counties = frozenset(
            row.code
            for row in divisions.rows
            if row.valid_to is None and row.extra_value("level") == "prefecture" and row.code not in parents
        )
        self.towns: Names[Local] = Names(self._town_names(()))
        self.villages: Names[Local] = Names(())
        self.roads: dict[str, tuple[str, ...]] = {}

    @property
    def living(self) -> tuple[CodeRow, ...]:
        """The divisions of today."""
        return tuple(row for row in self._list.rows if row.valid_to is None)

    def with_places(self, places: Iterable[PlaceName], roads: Iterable[RoadName] = ()) -> Gazetteer:
        """The same with the towns and villages of the place register, rows in any order, instead of those it had.

        A road of ``roads`` tells the county of an address that names neither county nor town.
        """
        known = tuple(places)
        wider = copy(self)
        wider.towns = Names(wider._town_names(known))
        wider.villages = Names(wider._village_names(known))
        wider.roads = {}
        for name, county in roads:
            wider.roads[name] = tuple({*wider.roads.get(name, ()), county})
        return wider

    def today(self, code: str) -> tuple[str, ...]:
        """The codes of today of a code of any time; empty where its fate is unknown."""
        if code not in self._known_today:
            self._known_today[code] = self._successors(code)
        return self._known_today[code]

    def _successors(self, code: str) -> tuple[str, ...]:
        found: set[str] = set()
        waiting, seen = [code], {code}
        while waiting:
            one = waiting.pop()
            if one in self._living:
                found.add(one)
                continue
            row = self._list.row(one)
            further = set(filter(None, row.extra_value("successors").split("|"))) - seen if row else set()
            seen |= further
            waiting += further
        return tuple(sorted(found))

    def _division_names(self, ethnic_groups: tuple[str, ...]) -> Iterator[tuple[str, Name]]:
        groups = "|".join(sorted({g for full in ethnic_groups for g in (full, full.removesuffix("族"))}, key=len)[::-1])
        ethnic = re.compile(f"(?:{groups})+$") if groups else re.compile("(?!)")
        current: dict[str, Name] = {}
        for row in self._list.rows:
            level = _LEVELS.get(row.extra_value("level"))
            if level is None or row.name in _NAMELESS or row.extra_value("kind") == "document":
                continue
            is_living = row.valid_to is None
            full = Name(row.code, level, True, is_living, (row.code,) if is_living else self.today(row.code))
            short = Name(row.code, level, False, is_living, full.today)
            if is_living:
                current[row.code] = short
            yield row.name, full
            for name in {*row.alternatives, *_short_names(row, ethnic)} - {row.name}:
                yield name, short
        for alias in self._aliases:
            if alias.code in current:
                known = current[alias.code]
                yield alias.name, Name(known.code, known.level, False, True, known.today, alias.within)

    def _town_names(self, places: tuple[PlaceName, ...]) -> Iterator[tuple[str, Local]]:
        """Of the zones and farms numbered as towns (seventh digit 4 or 5) only those with a name that is their own."""
        for code, name in places:
            if len(code) == 9 and (code[6] not in "45" or len(name) > 5):
                yield from _local_names(name, _TOWN_ENDING, self._county(code), code)
        for town in self._former_towns:
            yield from _local_names(town.name, _TOWN_ENDING, town.county, None)

    def _village_names(self, places: tuple[PlaceName, ...]) -> Iterator[tuple[str, Local]]:
        for code, name in places:
            if len(code) == 12:
                stem = _VILLAGE_ENDING.sub("", name)
                for full in {name, f"{stem}村", f"{stem}社区"}:
                    yield full, Local(self._county(code), code, True)
                yield stem, Local(self._county(code), code, False)

    def _county(self, code: str) -> str:
        today = self.today(code[:6])
        return today[0] if len(today) == 1 else code[:6]


def _short_names(row: CodeRow, ethnic: re.Pattern[str]) -> Iterator[str]:
    """What is left of a name without its kind: 吴江区 → 吴江, 黔南布依族苗族自治州 → 黔南, 黔南州."""
    name = row.name
    if found := _AUTONOMOUS.search(name):
        stem = ethnic.sub("", name[: found.start()])
        if stem and stem != name[: found.start()]:
            yield stem
            yield stem + found["kind"]
    elif name.endswith(("地区", "林区", "特区")):
        yield name[:-2]
    elif name[-1] in "省市区县盟旗州":
        yield name[:-1]


def _local_names(name: str, ending: re.Pattern[str], county: str, code: str | None) -> Iterator[tuple[str, Local]]:
    yield name, Local(county, code, True)
    stem = ending.sub("", name)
    if stem != name and stem[-1:] not in "路街":
        yield stem, Local(county, code, False)
