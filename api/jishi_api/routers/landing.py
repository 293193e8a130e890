"""``/``: where everything is (respond, road out)."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from jishi_api.documents import OPENAPI_30, OPENAPI_JSON, LandingPage
from jishi_api.links import link, link_here, listed
from jishi_api.negotiate import HTML_TYPE, check_parameters
from jishi_api.pages import render
from jishi_api.serving import serving_of

router = APIRouter(tags=["API"])

DATA_REL = "http://www.opengis.net/def/rel/ogc/1.0/data"
CONFORMANCE_REL = "http://www.opengis.net/def/rel/ogc/1.0/conformance"


@router.get("/", summary="首页 landing page", response_model=LandingPage)
async def landing(request: Request) -> Response:
    check_parameters(request)
    city = serving_of(request).city
    told = LandingPage(
        title=f"{city.name}政务基础信息资源库（基石 Jishi）",
        description=f"The basic information resource library of {city.name_en}: who, what and where in the city.",
        links=(
            *link_here(request, title="首页 this document"),
            link(request, "service-desc", "api", "3.0", kind=OPENAPI_30, title="接口描述 API description, OpenAPI 3.0"),
            link(request, "service-desc", "api", kind=OPENAPI_JSON, title="接口描述 API description, OpenAPI 3.1"),
            link(request, "service-doc", "docs", kind=HTML_TYPE, title="接口文档 API documentation"),
            link(request, "conformance", "conformance", title="符合性 conformance classes"),
            link(request, CONFORMANCE_REL, "conformance", title="符合性 conformance classes"),
            link(request, "data", "collections", title="基础库 collections"),
            link(request, DATA_REL, "collections", title="基础库 collections"),
            link(request, "related", "dictionary", "schemes", title="字典 dictionary"),
            link(request, "related", "health", "data", title="数据时效 freshness of the data"),
        ),
    )
    return render.document(request, listed(told), "landing.html")
