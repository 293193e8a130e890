"""What people read of batches, made after they are over: scores, Great Expectations' pages, charts (behind the road)."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from jishi.errors import InternalError
from jishi.jobs import queue
from jishi.logs import logger
from jishi.quality.indicators import load_indicators
from jishi.quality.kept_validation import keep_page, kept_validation, unrendered
from jishi.quality.score_store import compute_months
from jishi.storage.engine import connect
from jishi_ingest.road import Road

MOST_PAGES = 200
"""Pages made in one job; what is left waits for the next."""

CHARTS_JOB = "charts"

Report = Callable[[Mapping[str, Any]], Awaitable[None]]

log = logger(__name__)


async def make_reports(road: Road, report: Report) -> dict[str, Any]:
    """Make what is missing: idempotent, and cheap where nothing is. Raises ``QLT-PAGE`` when a page could not be made, after
    the others were."""
    from jishi.quality.data_docs import render_page

    connection = await connect(road.url, application="jishi-report")
    try:
        indicators = load_indicators(road.settings)
        months = await compute_months(connection, indicators, road.city.timezone)
        batches, failed = await unrendered(connection, MOST_PAGES), []
        for done, batch_id in enumerate(batches, start=1):
            kept = await kept_validation(connection, batch_id)
            if kept is None:
                continue
            try:
                page = await asyncio.to_thread(render_page, kept.document, batch_id)
            except Exception as error:  # noqa: BLE001  one document must not keep the others from being shown
                log.error("page of batch %s could not be made: %s", batch_id, type(error).__name__)
                failed.append(batch_id)
                continue
            await keep_page(connection, kept, page)
            await report({"step": "pages", "done": done, "of": len(batches)})
        if failed:
            raise InternalError("QLT-PAGE", batches=", ".join(map(str, failed)))
        await queue.enqueue_once(connection, CHARTS_JOB)
        return {"months": months, "pages": len(batches)}
    finally:
        await connection.close()


async def make_charts(road: Road) -> dict[str, Any]:
    """Draw the charts whose numbers changed."""
    from jishi.quality.charts import draw_charts

    connection = await connect(road.url, application="jishi-charts")
    try:
        drawn = await draw_charts(connection, load_indicators(road.settings), road.city.division_prefix)
        return {"charts": drawn}
    finally:
        await connection.close()
