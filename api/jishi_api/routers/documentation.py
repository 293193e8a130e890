"""``/docs`` and the style sheet of the pages: the API described for people, from its own description (respond, road out)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import groupby
from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from jishi_api.auth import HEADER
from jishi_api.links import base_of
from jishi_api.negotiate import HTML_TYPE, check_parameters
from jishi_api.pages import render

router = APIRouter(include_in_schema=False)


@router.get("/docs")
async def docs(request: Request) -> Response:
    """Every operation with its parameters, its answers and a request to try."""
    check_parameters(request, ("f",), ("html",))
    told = request.app.openapi()
    operations = sorted(_operations(told, base_of(request)), key=lambda one: str(one["tag"]))
    groups = [(tag, list(found)) for tag, found in groupby(operations, key=lambda one: one["tag"])]
    answer = render.page(request, "docs.html", told=told, groups=groups)
    return render.tagged(request, bytes(answer.body), HTML_TYPE, policy=True)


@router.get("/" + render.STYLE)
async def style(request: Request) -> Response:
    return render.tagged(request, render.style(), "text/css")


def _operations(told: dict[str, Any], base: str) -> Iterator[dict[str, Any]]:
    for path, operations in told["paths"].items():
        for verb, one in operations.items():
            content: dict[str, Any] = one.get("requestBody", {}).get("content", {})
            body = next((found.get("schema") for found in content.values()), None)
            yield {
                "id": f"{verb}-{path.strip('/').replace('/', '-')}",
                "tag": next(iter(one.get("tags", ())), "API"),
                "verb": verb,
                "path": path,
                "summary": one.get("summary", ""),
                "description": one.get("description", ""),
                "parameters": one.get("parameters", []),
                "body": body,
                "responses": one["responses"],
                "curl": _curl(base, verb, path, next(iter(content), None), secured="security" in one),
            }


def _curl(base: str, verb: str, path: str, kind: str | None, *, secured: bool) -> str:
    parts = ["curl"] if verb == "get" else ["curl", f"-X {verb.upper()}"]
    if secured:
        parts.append(f"-H '{HEADER}: …'")
    if kind is not None:
        parts += [f"-H 'Content-Type: {kind}'", f"-d '{json.dumps({})}'"]
    return " ".join([*parts, f"'{base}{path.lstrip('/')}'"])
