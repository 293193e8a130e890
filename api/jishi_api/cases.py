"""What routes and pages of disputes and tickets share: who acts, the record of the act, keys and terms (beside the road out)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

from pydantic import Field
from starlette.requests import Request

from jishi.access import acts
from jishi.access.acts import Actor
from jishi.access.officer import Officer
from jishi.stewardship.sealed_text import LONGEST, Pen
from jishi.stewardship.terms import Terms, terms_of
from jishi_api.serving import Serving, serving_of
from jishi_api.steward import steward_of
from jishi_api.writing import writing

if TYPE_CHECKING:
    from asyncpg import Connection

Said = Annotated[str, Field(max_length=LONGEST, pattern=r"^[^\x00]*$")]
Word = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00]*$")]


@dataclass(frozen=True, slots=True)
class Desk:
    """An officer at work: a lane that writes, in the transaction of his act."""

    connection: Connection[Any]
    officer: Officer
    entry: acts.Entry
    pen: Pen
    terms: Terms


@asynccontextmanager
async def acting(request: Request, act: str, target: str, officer: Officer | None = None) -> AsyncIterator[Desk]:
    """The officer (of the request's credentials unless known already) and the record of his act, which stands or falls with
    it."""
    serving = serving_of(request)
    async with writing(serving) as connection:
        known = officer or await steward_of(connection, request)
        async with doing(request, connection, known.actor, act, target) as entry:
            yield Desk(connection, known, entry, pen_of(serving), terms_of(serving.settings, serving.city))


@asynccontextmanager
async def doing(
    request: Request, connection: Connection[Any], actor: Actor, act: str, target: str
) -> AsyncIterator[acts.Entry]:
    request_id = UUID(request.state.request_id)
    async with acts.doing(connection, actor, act, target, request_id=request_id) as entry:
        yield entry


def pen_of(serving: Serving) -> Pen:
    return Pen(serving.sealer.keys, "", serving.settings.cipher)
