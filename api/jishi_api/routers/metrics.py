"""``/metrics``: what all API processes of this deployment count, for Prometheus (edge of the road out)."""

from __future__ import annotations

from fastapi import APIRouter
from prometheus_client import CONTENT_TYPE_LATEST
from starlette.requests import Request
from starlette.responses import Response

from jishi_api.serving import serving_of

router = APIRouter(tags=["health"])


@router.get("/metrics", summary="指标 metrics", response_class=Response)
async def metrics(request: Request) -> Response:
    return Response(serving_of(request).metrics.render(), headers={"Content-Type": CONTENT_TYPE_LATEST})
