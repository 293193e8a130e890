"""``/conformance``: what the API keeps in full of which standard (respond, road out)."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from jishi_api.documents import Conformance
from jishi_api.links import listed
from jishi_api.negotiate import check_parameters
from jishi_api.pages import render

router = APIRouter(tags=["API"])

_COMMON = "http://www.opengis.net/spec/ogcapi-common"
_FEATURES = "http://www.opengis.net/spec/ogcapi-features"
_CQL2 = "http://www.opengis.net/spec/cql2/1.0/conf"

CONFORMS_TO = (
    f"{_COMMON}-1/1.0/conf/core",
    f"{_COMMON}-1/1.0/conf/html",
    f"{_COMMON}-1/1.0/conf/json",
    f"{_COMMON}-1/1.0/conf/oas30",
    f"{_COMMON}-2/1.0/conf/collections",
    f"{_COMMON}-2/1.0/conf/html",
    f"{_COMMON}-2/1.0/conf/json",
    f"{_FEATURES}-1/1.0/conf/core",
    f"{_FEATURES}-1/1.0/conf/geojson",
    f"{_FEATURES}-1/1.0/conf/html",
    f"{_FEATURES}-1/1.0/conf/oas30",
    f"{_FEATURES}-2/1.0/conf/crs",
    f"{_FEATURES}-3/1.0/conf/features-filter",
    f"{_FEATURES}-3/1.0/conf/filter",
    f"{_FEATURES}-3/1.0/conf/queryables",
    f"{_FEATURES}-3/1.0/conf/queryables-query-parameters",
    f"{_FEATURES}-5/1.0/conf/core-roles-features",
    f"{_FEATURES}-5/1.0/conf/queryables",
    f"{_FEATURES}-5/1.0/conf/returnables-and-receivables",
    f"{_FEATURES}-5/1.0/conf/schemas",
    f"{_CQL2}/advanced-comparison-operators",
    f"{_CQL2}/basic-cql2",
    f"{_CQL2}/basic-spatial-functions",
    f"{_CQL2}/basic-spatial-functions-plus",
    f"{_CQL2}/case-insensitive-comparison",
    f"{_CQL2}/cql2-json",
    f"{_CQL2}/cql2-text",
    f"{_CQL2}/spatial-functions",
    f"{_CQL2}/temporal-functions",
)
"""Each is tested requirement by requirement in tests/ogc; what is kept only in part is not listed."""


@router.get("/conformance", summary="符合性 conformance classes", response_model=Conformance)
async def conformance(request: Request) -> Response:
    check_parameters(request)
    return render.document(request, listed(Conformance(conforms_to=CONFORMS_TO)), "conformance.html")
