"""The short way to the routes that carry data: straight from the edge to the route, past the framework (road out).

The framework's own layers (its middlewares, its solving of dependencies, the search through all routes) cost several
times what a look-up costs. These routes are plain functions of a request and need none of them; whatever does not match
goes on to the framework, which knows the same routes too.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from starlette.requests import Request
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Receive, Scope, Send


class Hot:
    """Tries ``routes`` whose path parameters are plain segments, then ``otherwise``."""

    def __init__(self, routes: Iterable[BaseRoute], otherwise: ASGIApp) -> None:
        self._otherwise = otherwise
        self._routes = [
            (route.path_regex, route.methods or set(), route)
            for route in routes
            if isinstance(route, Route) and ":path" not in route.path
        ]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        found = self._find(scope["path"], scope["method"]) if not scope.get("root_path") else None
        if found is None:
            await self._otherwise(scope, receive, send)
            return
        route, parameters = found
        scope["route"] = route
        scope["endpoint"] = route.endpoint
        scope["path_params"] = parameters
        response = await route.endpoint(Request(scope, receive, send))
        await response(scope, receive, send)

    def _find(self, path: str, method: str) -> tuple[Route, dict[str, Any]] | None:
        for pattern, methods, route in self._routes:
            match: re.Match[str] | None = pattern.match(path)
            if match is not None and method in methods:
                return route, match.groupdict()
        return None
