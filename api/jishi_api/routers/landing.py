"""``/`` and ``/conformance``: where everything is and what it conforms to (respond, road out)."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.requests import Request

from jishi_api.documents import OPENAPI_JSON, Conformance, LandingPage
from jishi_api.links import link
from jishi_api.serving import serving_of

router = APIRouter(tags=["API"])

CONFORMS_TO = (
    "http://www.opengis.net/spec/ogcapi-common-1/1.0/conf/core",
    "http://www.opengis.net/spec/ogcapi-common-1/1.0/conf/json",
    "http://www.opengis.net/spec/ogcapi-common-2/1.0/conf/collections",
    "http://www.opengis.net/spec/ogcapi-features-3/1.0/conf/queryables",
    "http://www.opengis.net/spec/ogcapi-features-3/1.0/conf/queryables-query-parameters",
    "http://www.opengis.net/spec/ogcapi-features-5/1.0/conf/schemas",
)
"""Only what is kept in full: OGC API - Features core itself asks for the parameter ``datetime`` too."""

DATA_REL = "http://www.opengis.net/def/rel/ogc/1.0/data"
CONFORMANCE_REL = "http://www.opengis.net/def/rel/ogc/1.0/conformance"


@router.get("/", summary="首页 landing page")
async def landing(request: Request) -> LandingPage:
    city = serving_of(request).city
    return LandingPage(
        title=f"{city.name}政务基础信息资源库（基石 Jishi）",
        description=f"The basic information resource library of {city.name_en}: who, what and where in the city.",
        links=(
            link(request, "self", title="首页 this document"),
            link(request, "service-desc", "api", kind=OPENAPI_JSON, title="接口描述 API description"),
            link(request, "conformance", "conformance", title="符合性 conformance classes"),
            link(request, CONFORMANCE_REL, "conformance", title="符合性 conformance classes"),
            link(request, "data", "collections", title="基础库 collections"),
            link(request, DATA_REL, "collections", title="基础库 collections"),
            link(request, "related", "dictionary", "schemes", title="字典 dictionary"),
            link(request, "related", "health", "data", title="数据时效 freshness of the data"),
        ),
    )


@router.get("/conformance", summary="符合性 conformance classes")
async def conformance() -> Conformance:
    return Conformance(conforms_to=CONFORMS_TO)
