"""What every run needs, opened once: city, code lists, keys, sources, and the way to the database."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from jishi.dictionary.codes import CodeList, load_lists, version
from jishi.dictionary.divisions import Divisions
from jishi.identifiers.keys import Keys, load_or_create
from jishi.identifiers.sealing import Sealer
from jishi.settings import City, Settings, load_city
from jishi.storage import cluster
from jishi.storage.roles import INGEST
from jishi_ingest.source import Source, load_sources


@dataclass(frozen=True)
class Road:
    """The surroundings of a run; nothing of it changes while a worker lives, except by restarting it."""

    settings: Settings
    city: City
    url: str
    keys: Keys
    sealer: Sealer
    code_lists: Mapping[str, CodeList]
    codes_version: str
    known_divisions: frozenset[str]
    sources: Mapping[str, Source]

    @classmethod
    def open(cls, settings: Settings) -> Road:
        """Load everything; raises DeclarationError with every fault of a dictionary or source file."""
        keys = load_or_create(settings.key_path)
        lists = load_lists(settings.dictionaries_dir / "codes", settings.home_dir / "dictionaries" / "codes")
        return cls(
            settings=settings,
            city=load_city(settings),
            url=settings.database_url or cluster.url(settings, INGEST),
            keys=keys,
            sealer=Sealer(keys, settings.cipher),
            code_lists=lists,
            codes_version=version(lists),
            known_divisions=Divisions(lists["division"]).ever_known,
            sources=load_sources(settings),
        )
