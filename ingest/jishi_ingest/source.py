"""A source 数源: one feed of a department into one register, declared in TOML; read before the first step of the road.

Raw headers are compared without regard to width, blanks and case. Where a list of headers stands, any of them will do.
"""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal
from zoneinfo import ZoneInfo

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, field_validator, model_validator

from jishi.errors import DeclarationError, Fault, InputRefusedError
from jishi.quality.override import Override
from jishi.registers.catalog import registers
from jishi.settings import BandLimits, City, Settings
from jishi.standardise.plan import NULLS, ROW_HASH, Crs, DateOrder, OrderKind, Plan, Take
from jishi_ingest.source_checks import DECLARED_CRS, faults_of

if TYPE_CHECKING:
    from jishi.dictionary.calendar import Calendar
    from jishi.dictionary.codes import CodeList
    from jishi.dictionary.credit import CreditRules
    from jishi.identifiers.sealing import Sealer
    from jishi.standardise.address.gazetteer import Gazetteer
    from jishi_ingest.connectors.reading import ReadOptions


def _listed(value: object) -> object:
    return (value,) if isinstance(value, str) else value


Header = Annotated[tuple[str, ...], BeforeValidator(_listed), Field(min_length=1)]
"""A raw header, or several spellings of it."""


class _Declared(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Mapped(_Declared):
    """Where one element comes from: ``from`` (a header; a list: the first that is not empty wins; a list of lists: that
    many columns together) or ``constant``. ``optional``: nobody is told when the file lacks it."""

    from_: tuple[Header, ...] = Field((), alias="from")
    as_: str | None = Field(None, alias="as")
    constant: str | None = None
    params: dict[str, str] = {}
    optional: bool = False

    @field_validator("from_", mode="before")
    @classmethod
    def _group(cls, value: object) -> object:
        """One column unless the list holds lists."""
        if isinstance(value, list) and any(isinstance(item, list) for item in value):
            return value
        return [value]

    @model_validator(mode="after")
    def _one_origin(self) -> Mapped:
        if bool(self.from_) == (self.constant is not None):
            raise ValueError("exactly one of `from` and `constant` must stand")
        return self


class Origin(_Declared):
    """A column that names the sub-source, and how far each is trusted; lower = more."""

    column: Header
    ranks: dict[str, int] = {}
    default_rank: int = 100


class Order(_Declared):
    """A column by which the newest of several rows of one key is told.

    Without ``as`` the values of one key are compared as instants where all that are there read as dates, else as numbers
    where all read as numbers, else as text by code point; an empty one comes before all others. With it, a value that
    does not read so counts as empty.
    """

    column: Header
    as_: OrderKind | None = Field(None, alias="as")

    @model_validator(mode="before")
    @classmethod
    def _from_header(cls, value: object) -> object:
        return {"column": value} if isinstance(value, str | list | tuple) else value


class Deleted(_Declared):
    """A column whose values may mark a row as a deletion."""

    column: Header
    values: tuple[str, ...] = Field(min_length=1)


class Connector(_Declared):
    """Where deliveries lie: files by ``pattern`` under JISHI_HOME, an address, or nowhere (they are handed over)."""

    kind: Literal["path", "http", "none"] = "none"
    pattern: str = ""


class Source(_Declared):
    """One declared source; see design.md §3 for what mode, scope and absence mean."""

    id: str = Field(pattern=r"^[a-z][a-z0-9-]{1,62}$")
    title: str
    title_en: str
    department: str = Field(pattern=r"^[0-9A-HJ-NPQRTUWXY]{18}$", description="USCC of the department.")
    register_name: str = Field(alias="register")
    rank: int = Field(ge=0, description="Trust in a contribution; lower = more.")
    origins: Origin | None = None
    key: Literal["row-hash"] | tuple[Header, ...]
    mode: Literal["delta", "full"]
    scope: tuple[Header, ...] = Field((), description="Headers or element names that say what a full delivery covers.")
    absence: Literal["end", "ignore"] = "ignore"
    effective: Header = ("delivery",)
    order_by: tuple[Order, ...] = Field((), description="Columns that tell the newest row of a key, the first decides.")
    deleted: Deleted | None = None
    crs: Crs = "cgcs2000"
    file_crs: str | None = Field(None, description="System of shapefiles that come without a .prj, such as EPSG:4490.")
    date_order: DateOrder | None = None
    nulls: tuple[str, ...] = NULLS
    sheet: str | None = Field(None, description="Sheet of a workbook; * = all visible ones that fit.")
    footer: tuple[str, ...] = ()
    schedule: str | None = Field(None, description="Cron line of five fields in the city's time.")
    connector: Connector = Connector()
    thresholds: BandLimits = Field(BandLimits(), description="Bands declared instead of learnt.")
    rules: dict[str, Override] = Field({}, description="Rule id → how grave it is for this source's deliveries.")
    map: dict[str, Mapped] = Field(min_length=1)

    @property
    def version(self) -> str:
        """Digest of everything declared; a delivery is examined anew when it changes."""
        content = json.dumps(self.model_dump(mode="json", by_alias=True), sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(content.encode()).hexdigest()

    @property
    def headers(self) -> frozenset[str]:
        """Every raw header the map names, in all spellings."""
        return frozenset(name for entry in self.map.values() for header in entry.from_ for name in header)

    @property
    def has_addresses(self) -> bool:
        """Whether an element is to be read as an address."""
        return any((entry.as_ or "").startswith("address") for entry in self.map.values())

    def rank_of(self, origin: str) -> int:
        """Trust in a contribution of sub-source ``origin`` ('' = none); the source's own rank without origins."""
        return self.rank if self.origins is None else self.origins.ranks.get(origin, self.origins.default_rank)


@dataclass(frozen=True, slots=True)
class Fit:
    """A source laid over one file's headers; ``further`` columns are ignored, ``absent`` elements get no value."""

    takes: tuple[Take, ...]
    key: tuple[str, ...]
    origin: str | None
    scope: tuple[str, ...]
    effective: str | None
    deleted: tuple[str, tuple[str, ...]] | None
    order: tuple[tuple[str, OrderKind | None], ...]
    further: tuple[str, ...]
    absent: tuple[str, ...]


def load_sources(settings: Settings) -> dict[str, Source]:
    """All sources by id: those that ship, changed by ``sources/*.toml`` of JISHI_HOME (a file of the same name replaces
    the members it names, and single entries of the map and the rules) and joined by new ones.

    Raises DeclarationError ``ING-SOURCES`` with every fault of every file.
    """
    faults: list[Fault] = []
    declared = dict(_read_folder(files("jishi_ingest") / "sources", faults))
    for name, members in _read_folder(settings.home_dir / "sources", faults):
        declared[name] = _overlay(declared.get(name, {}), members)
    sources: dict[str, Source] = {}
    for name, members in declared.items():
        try:
            source = Source.model_validate(members)
        except ValidationError as error:
            faults += [
                Fault(f"{name}: {'.'.join(map(str, item['loc']))}", "ING-SOURCE-VALUE", {"reason": item["msg"]})
                for item in error.errors()
            ]
            continue
        faults += [Fault(f"{name}: {place}", code, values) for place, code, values in faults_of(name, source)]
        sources[source.id] = source
    if faults:
        raise DeclarationError("ING-SOURCES", faults=tuple(faults), count=len(faults))
    return dict(sorted(sources.items()))


def read_options(source: Source, settings: Settings) -> ReadOptions:
    """How a delivery of this source is to be read."""
    from jishi_ingest.connectors.reading import ReadOptions

    return ReadOptions(
        chunk_rows=settings.chunk_rows,
        expected_headers=source.headers,
        sheet=source.sheet,
        footer=source.footer,
        file_crs=source.file_crs,
    )


def fit(source: Source, columns: Iterable[str], crs: str | None = None) -> Fit:
    """Lay the source over a file's columns; ``crs`` is what the file declares.

    Raises InputRefusedError ``ING-HEADER-MISSING`` (each header of the key, of a required element, or of what the
    source needs to place a row in time and scope, and each that more than one column bears) and ``ING-CRS``.
    """
    from jishi_ingest.connectors.reading import fold_header

    columns = tuple(columns)
    present: dict[str, list[str]] = {}
    for column in columns:
        present.setdefault(fold_header(column), []).append(column)
    faults: list[Fault] = []

    def find(header: Header) -> tuple[str, ...]:
        found = {fold_header(name): name for name in header if fold_header(name) in present}
        for folded, name in found.items():
            fault = Fault(name, "ING-HEADER-TWICE")
            if len(present[folded]) > 1 and fault not in faults:
                faults.append(fault)
        return tuple(present[folded][0] for folded in found)

    def need(header: Header, code: str) -> str:
        found = find(header)
        if not found:
            faults.append(Fault(" / ".join(header), code))
        return found[0] if found else ""

    takes, absent = _takes(source, find, faults)
    key = ROW_HASH if source.key == "row-hash" else tuple(need(part, "ING-HEADER-KEY") for part in source.key)
    origin = need(source.origins.column, "ING-HEADER-NEEDED") if source.origins else None
    effective = None if source.effective == ("delivery",) else need(source.effective, "ING-HEADER-NEEDED")
    deleted = (need(source.deleted.column, "ING-HEADER-NEEDED"), source.deleted.values) if source.deleted else None
    order = tuple((need(part.column, "ING-HEADER-NEEDED"), part.as_) for part in source.order_by)
    scope = [part[0] if part[0] in source.map else next(iter(find(part)), "") for part in source.scope]
    if faults:
        count = len(faults)
        if not present.keys() & set(map(fold_header, source.headers)):
            faults.insert(0, Fault(source.id, "ING-HEADER-NONE"))
        raise InputRefusedError("ING-HEADER-MISSING", faults=tuple(faults), count=count)
    if crs is not None and crs not in DECLARED_CRS[source.crs]:
        raise InputRefusedError("ING-CRS", declared=crs, expected=source.crs)
    used = {column for take in takes for column in take.columns} | {*key, *scope, origin, effective}
    used |= {column for column, _ in order} | ({deleted[0]} if deleted else set())
    further = tuple(column for column in columns if column not in used)
    return Fit(takes, key, origin, tuple(filter(None, scope)), effective, deleted, order, further, absent)


def source_plan(
    source: Source,
    fitted: Fit,
    *,
    delivered_at: datetime,
    code_lists: Mapping[str, CodeList],
    known_divisions: frozenset[str],
    sealer: Sealer,
    city: City,
    calendar: Calendar | None = None,
    credit: CreditRules | None = None,
    gazetteer: Gazetteer | None = None,
) -> Plan:
    """What ``standardise`` is to do with a delivery whose columns :func:`fit` the source."""
    return Plan(
        register=registers()[source.register_name],
        takes=fitted.takes,
        key=fitted.key,
        delivered_at=delivered_at,
        code_lists=code_lists,
        known_divisions=known_divisions,
        sealer=sealer,
        city=city,
        today=delivered_at.astimezone(ZoneInfo(city.timezone)).date(),
        origin=fitted.origin,
        scope=fitted.scope,
        effective=fitted.effective,
        deleted=fitted.deleted,
        order=fitted.order,
        nulls=source.nulls,
        crs=source.crs,
        date_order=source.date_order,
        calendar=calendar,
        credit=credit,
        gazetteer=gazetteer,
    )


def _takes(
    source: Source, find: Callable[[Header], tuple[str, ...]], faults: list[Fault]
) -> tuple[tuple[Take, ...], tuple[str, ...]]:
    """The takes of all elements the file has columns for, and the elements it has none for."""
    elements = registers()[source.register_name].elements
    takes, absent = [], []
    for element, entry in source.map.items():
        groups = [find(header) for header in entry.from_]
        if not all(groups):
            header = " + ".join(" / ".join(header) for header in entry.from_)
            if elements[element].required is not None:
                faults.append(Fault(header, "ING-HEADER-REQUIRED", {"element": elements[element].title}))
            elif not entry.optional:
                absent.append(element)
            continue
        # several columns together: one each; alternatives of one column: all that are there
        columns = groups[0] if len(groups) == 1 else tuple(group[0] for group in groups)
        if entry.constant is not None:
            columns = ()
        takes.append(Take(element, columns, entry.as_, entry.constant, entry.params))
    return tuple(takes), tuple(absent)


def _read_folder(folder: Path | Traversable, faults: list[Fault]) -> Iterator[tuple[str, dict[str, Any]]]:
    """File name without suffix → members, of every TOML file."""
    if not folder.is_dir():
        return
    for entry in sorted(folder.iterdir(), key=lambda item: item.name):
        if not entry.name.endswith(".toml"):
            continue
        try:
            yield entry.name.removesuffix(".toml"), tomllib.loads(entry.read_text(encoding="utf-8-sig"))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            faults.append(Fault(entry.name, "ING-SOURCE-TOML", {"reason": str(error)}))


def _overlay(shipped: dict[str, Any], members: dict[str, Any]) -> dict[str, Any]:
    merged = shipped | members
    for name in ("map", "rules"):
        tables = shipped.get(name), members.get(name)
        if isinstance(tables[0], dict) and isinstance(tables[1], dict):
            merged[name] = tables[0] | tables[1]
    return merged
