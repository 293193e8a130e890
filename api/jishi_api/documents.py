"""The shapes of documents about the API itself: landing page, collections, health, problems (respond, road out)."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

CRS84 = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"
GEOJSON = "application/geo+json"
SCHEMA_JSON = "application/schema+json"
OPENAPI_JSON = "application/vnd.oai.openapi+json;version=3.1"
OPENAPI_30 = "application/vnd.oai.openapi+json;version=3.0"
QUERYABLES_REL = "http://www.opengis.net/def/rel/ogc/1.0/queryables"
SCHEMA_REL = "http://www.opengis.net/def/rel/ogc/1.0/schema"


class Document(BaseModel):
    model_config = ConfigDict(frozen=True, populate_by_name=True, serialize_by_alias=True)


class Link(Document):
    href: str
    rel: str
    type: str = "application/json"
    title: str | None = None


class LandingPage(Document):
    title: str
    description: str
    links: tuple[Link, ...]


class Conformance(Document):
    conforms_to: tuple[str, ...] = Field(alias="conformsTo")


class SpatialExtent(Document):
    bbox: tuple[tuple[float, float, float, float], ...]
    crs: str = CRS84


class TemporalExtent(Document):
    """``interval``: what the earliest and the latest version in force may be; None = open."""

    interval: tuple[tuple[str | None, str | None], ...] = ((None, None),)
    trs: str = "http://www.opengis.net/def/uom/ISO-8601/0/Gregorian"


class Extent(Document):
    spatial: SpatialExtent | None = None
    temporal: TemporalExtent


class CatalogueEntry(Document):
    """政务信息资源目录: the register's entry in the catalogue of government information resources."""

    code: str
    provider: str
    update_cycle: str
    sharing: Literal["unconditional", "conditional", "none"]
    sharing_title: str
    condition: str | None = None
    basis: str | None = None


class Collection(Document):
    """``itemType`` is ``feature``, or ``record`` for a personal collection, which has no items to page through."""

    id: str
    title: str
    description: str
    item_type: Literal["feature", "record"] = Field(alias="itemType")
    extent: Extent | None = None
    crs: tuple[str, ...] | None = None
    storage_crs: str | None = Field(None, alias="storageCrs")
    catalogue: CatalogueEntry
    links: tuple[Link, ...]


class Collections(Document):
    collections: tuple[Collection, ...]
    crs: tuple[str, ...]
    links: tuple[Link, ...]


class Health(Document):
    status: Literal["ok"] = "ok"


class SourceFreshness(Document):
    """``age_s``: seconds since the source was last published; None where it never was."""

    source: str
    register_name: str = Field(alias="register")
    department: str
    schedule: str | None
    published_delivery: datetime | None
    published_at: datetime | None
    age_s: int | None
    latest_batch: int | None
    latest_status: str | None
    latest_delivery: datetime | None


class DataHealth(Document):
    sources: tuple[SourceFreshness, ...]


class FaultOfProblem(Document):
    name: str
    code: str
    reason: str


class Problem(Document):
    """RFC 9457; ``instance`` is the correlation id, also in the header X-Request-Id."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    instance: str
    errors: tuple[FaultOfProblem, ...]
