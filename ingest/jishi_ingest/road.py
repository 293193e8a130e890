"""What every run needs, each part read when it is first asked for: city, code lists, keys, sources, the way to the database.

Handing a delivery to a running worker asks for little of it, so the heavy rooms are imported where they are needed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from jishi.settings import City, Settings, load_city
from jishi.storage import cluster
from jishi.storage.roles import INGEST

if TYPE_CHECKING:
    from jishi.dictionary.addresses import AddressWords
    from jishi.dictionary.calendar import Calendar
    from jishi.dictionary.codes import CodeList
    from jishi.dictionary.credit import CreditRules
    from jishi.identifiers.keys import Keys
    from jishi.identifiers.sealing import Sealer
    from jishi.standardise.address.gazetteer import Gazetteer
    from jishi_ingest.source import Source


@dataclass(frozen=True)
class Road:
    """The surroundings of a run; nothing of it changes while a worker lives, except by restarting it.

    A member raises DeclarationError with every fault of its dictionary, source or settings file.
    """

    settings: Settings
    url: str = field(repr=False)  # holds a password

    @classmethod
    def open(cls, settings: Settings) -> Road:
        return cls(settings, settings.database_url or cluster.url(settings, INGEST))

    def load(self) -> Road:
        """Read everything now: a worker finds a fault of a declaration at its start, not in the first batch."""
        _ = (self.city, self.sealer, self.codes_version, self.known_divisions, self.sources)
        return self

    @cached_property
    def city(self) -> City:
        return load_city(self.settings)

    @cached_property
    def keys(self) -> Keys:
        from jishi.identifiers.keys import load_or_create

        return load_or_create(self.settings.key_path)

    @cached_property
    def sealer(self) -> Sealer:
        from jishi.identifiers.sealing import Sealer

        return Sealer(self.keys, self.settings.cipher)

    @cached_property
    def code_lists(self) -> Mapping[str, CodeList]:
        from jishi.dictionary.codes import load_lists

        return load_lists(self.settings.dictionaries_dir / "codes", self._overlay / "codes")

    @cached_property
    def address_words(self) -> AddressWords:
        from jishi.dictionary.addresses import load_address_words

        home = self.settings.home_dir / "dictionaries" / "address"
        return load_address_words(self.settings.dictionaries_dir / "address", home)

    @cached_property
    def codes_version(self) -> str:
        """Of all data that decides what a value becomes: code lists, working days, rules of credit, words of addresses."""
        from jishi.dictionary.codes import version

        parts = (version(self.code_lists), self.calendar.version(), self.credit.version(), self.address_words.version())
        return hashlib.sha256(" ".join(parts).encode()).hexdigest()

    @cached_property
    def calendar(self) -> Calendar:
        from jishi.dictionary.calendar import Calendar

        return Calendar.load(self.settings.dictionaries_dir / "calendar", self._overlay / "calendar")

    @cached_property
    def credit(self) -> CreditRules:
        from jishi.dictionary.credit import CreditRules

        return CreditRules.load(self.settings.dictionaries_dir / "credit", self._overlay / "credit")

    @property
    def _overlay(self) -> Path:
        return self.settings.home_dir / "dictionaries"

    @cached_property
    def gazetteer(self) -> Gazetteer:
        """Divisions of today and of history with their names; towns and villages join it with each batch."""
        from jishi.standardise.address.gazetteer import Gazetteer

        groups = self.code_lists["ethnicity"].names.values()
        return Gazetteer(self.code_lists["division"], self.address_words, groups)

    @cached_property
    def known_divisions(self) -> frozenset[str]:
        """Every division code that was ever in use."""
        from jishi.dictionary.divisions import Divisions

        return Divisions(self.code_lists["division"]).ever_known

    @cached_property
    def sources(self) -> Mapping[str, Source]:
        from jishi_ingest.source import load_sources

        return load_sources(self.settings)
