"""The application: routes, errors and what a process holds, put together for one deployment (edge of the road out)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

from fastapi import FastAPI
from starlette.types import Receive, Scope, Send

from jishi import __doc__ as about
from jishi.access import sealer
from jishi.settings import Settings
from jishi_api.console import routes as console
from jishi_api.cross_origin import CrossOrigin
from jishi_api.edge import Edge, handle_errors
from jishi_api.guessing import Guesses
from jishi_api.hot import Hot
from jishi_api.noting import Noting
from jishi_api.openapi import describe
from jishi_api.request_log import RequestLog
from jishi_api.routers import (
    access_log,
    batch,
    changes,
    collections,
    conformance,
    dictionary,
    dictionary_concepts,
    dictionary_elements,
    dictionary_handbook,
    documentation,
    exports,
    health,
    history,
    items,
    landing,
    lineage,
    match,
    me,
    metrics,
    oauth,
    reconcile,
    related,
    search,
    stewardship,
    stewardship_bulk,
    stewardship_dictionary,
    stewardship_disputes,
    stewardship_held,
    stewardship_quarantine,
    stewardship_reports,
    stewardship_reviews,
    stewardship_rows,
    stewardship_rules,
    stewardship_scores,
    stewardship_sources,
    stewardship_tickets,
    verify,
    well_known,
)
from jishi_api.routers import requests as sharing
from jishi_api.serving import prepare
from jishi_api.writing import writing


class Application(FastAPI):
    """The framework's application behind our edge; the routes that carry data are reached without it."""

    front: Edge

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            scope["app"] = self
            await self.front(scope, receive, send)
        else:
            await super().__call__(scope, receive, send)

    async def framework(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The way through the framework's own layers."""
        await super().__call__(scope, receive, send)


def create_app(
    settings: Settings, requests: RequestLog | None = None, metrics_folder: Path | None = None
) -> Application:
    """The API of one deployment; ``requests`` takes a line a request, ``metrics_folder`` is shared by its processes.

    Nothing is opened or read from disk before it starts up.
    """

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        app.state.serving = prepare(settings, metrics_folder)
        await app.state.serving.start()
        app.state.logins = Guesses()
        learning = app.state.serving.city.learning
        app.state.noting = Noting(partial(writing, app.state.serving), learning.most_names)
        async with sealer.beside(settings):
            try:
                yield
            finally:
                await app.state.noting.close()
                await app.state.serving.close()
                if requests is not None:
                    requests.flush()

    app = Application(
        title="Jishi 基石",
        description=about or "",
        version="1",
        lifespan=lifespan,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    handle_errors(app)
    app.add_middleware(CrossOrigin, prefix="/reconcile")
    rooms_of_data = (search, batch, match, verify, history, related, lineage, items, changes, exports)
    hot = [route for room in rooms_of_data for route in room.routes()]
    app.router.routes.extend(hot)
    rooms = (
        *(landing, conformance, collections, documentation, health, metrics, oauth, well_known),
        *(dictionary, dictionary_concepts, dictionary_elements, dictionary_handbook, reconcile),
        *(me, sharing, stewardship, stewardship_dictionary, stewardship_sources, access_log),
        *(stewardship_disputes, stewardship_reviews, stewardship_tickets),
        *(stewardship_bulk, stewardship_quarantine, stewardship_rows, stewardship_held),
        *(stewardship_reports, stewardship_rules, stewardship_scores),
    )
    for room in rooms:
        app.include_router(room.router)
    app.router.routes.extend(console.routes())
    describe(app)
    app.front = Edge(Hot(hot, app.framework), concurrency=settings.concurrency, requests=requests)
    return app
