"""The application: routes, errors and what a process holds, put together for one deployment (edge of the road out)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from jishi import __doc__ as about
from jishi.access import sealer
from jishi.settings import Settings
from jishi_api.edge import Edge, handle_errors
from jishi_api.openapi import describe
from jishi_api.routers import access_log, collections, dictionary, health, items, landing, stewardship, well_known
from jishi_api.serving import prepare


def create_app(settings: Settings) -> FastAPI:
    """The API of one deployment. Nothing is opened or read from disk before it starts up."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        app.state.serving = prepare(settings)
        async with sealer.beside(settings):
            try:
                yield
            finally:
                await app.state.serving.close()

    app = FastAPI(
        title="Jishi 基石",
        description=about or "",
        version="1",
        lifespan=lifespan,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    app.add_middleware(Edge)
    handle_errors(app)
    app.router.routes.extend(items.routes())
    for room in (landing, health, well_known, collections, dictionary, stewardship, access_log):
        app.include_router(room.router)
    describe(app)
    return app
