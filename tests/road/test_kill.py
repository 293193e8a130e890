"""Worker or database die by SIGKILL at a stage of a real batch; what comes after ends where an undisturbed run ends.

A run is stopped at a stage by a lock that this test holds on what the stage needs next; the product knows nothing of it.
"""

from __future__ import annotations

import asyncio
import itertools
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from jishi.prepare import migrate
from jishi.settings import Settings
from jishi.storage import cluster, engine
from kill_site import (
    BY_NAME,
    STAGES,
    Site,
    Stage,
    ask,
    caught,
    caught_after_commit,
    deliveries,
    end,
    kill,
    kill_database,
    make_site,
    same,
    state_of,
)


@pytest.fixture
def files(tmp_path: Path, invent: dict[str, Callable[..., str]]) -> list[Path]:
    return deliveries(tmp_path, invent["uscc"])


@pytest.fixture
def site(settings: Settings, files: list[Path]) -> Iterator[Site]:
    """A deployment on the run's own server."""
    made = make_site(settings, files)
    yield made
    end(made.workers)


@pytest.fixture
def own_site(own_state: Path, files: list[Path]) -> Iterator[Site]:
    """A deployment with a PostgreSQL of its own, as in earnest: its workers act in the role of the road in."""
    settings = Settings(state=own_state, home=own_state / "home")
    migrate(cluster.start(settings))
    made = make_site(settings, files)
    yield made
    end(made.workers)


@pytest.fixture
async def undisturbed(settings: Settings, files: list[Path], server: Settings, template: str) -> dict[str, Any]:
    """What three deliveries leave where nobody dies."""
    name = f"calm_{uuid.uuid4().hex[:12]}"
    admin = engine.to_database(cluster.url(server, "postgres"), "postgres")
    await ask(admin, f'CREATE DATABASE "{name}" OWNER jishi_owner TEMPLATE {template}')
    folder = settings.home_dir / "calm"
    calm = Settings(
        state=folder / "state", home=folder / "home", database_url=engine.to_database(cluster.url(server), name)
    )
    calm.home_dir.mkdir(parents=True)
    await asyncio.to_thread(cluster.start, calm)
    site = make_site(calm, files)
    for file in files:
        receipt = await site.in_process(file)
        assert receipt["status"] == "published", receipt
    found = await state_of(site)
    await ask(admin, f'DROP DATABASE "{name}" WITH (FORCE)')
    return found


@pytest.mark.soak
async def test_a_worker_that_is_killed_again_and_again_leaves_the_state_of_a_calm_run(
    site: Site, undisturbed: dict[str, Any]
) -> None:
    first, second, third = site.deliveries
    await site.in_process(first)
    worker = site.start()
    file: Path | None = second
    for name in ("validating", "changes"):
        async with caught(site, BY_NAME[name], file):
            kill(worker)
        worker, file = site.start(), None
    async with caught_after_commit(site):
        kill(worker)
    site.start()
    await site.until_done(2, await site.submit(third))
    same(await state_of(site), undisturbed)


async def test_a_worker_outlives_its_database_and_finishes_by_itself(
    own_site: Site, undisturbed: dict[str, Any]
) -> None:
    first, second, third = own_site.deliveries
    worker = own_site.start()
    await own_site.until_done(await own_site.submit(first))
    async with caught(own_site, BY_NAME["golden"], second) as batch:
        kill_database(own_site.settings)
    await asyncio.sleep(2.5)
    assert worker.poll() is None, own_site.logs()
    await asyncio.to_thread(cluster.start, own_site.settings)
    await own_site.until_done(batch)
    await own_site.until_done(await own_site.submit(third))
    assert worker.poll() is None, own_site.logs()
    same(await state_of(own_site), undisturbed)


async def test_two_workers_never_run_one_batch(site: Site) -> None:
    site.start()
    site.start()
    batches = [
        await site.submit(site.deliveries[number % 3], source) for number in range(3) for source in ("tiny", "other")
    ]
    jobs = await site.until_done(*batches)
    assert [job["attempts"] for job in jobs] == [1] * 6
    for lane in ("source:tiny", "source:other"):
        times = [(job["started_at"], job["finished_at"]) for job in jobs if job["lane"] == lane]
        assert times == sorted(times)
        assert all(before[1] <= after[0] for before, after in itertools.pairwise(times))
    ends = await ask(site.url, "SELECT status, count(*) AS n FROM jishi.batch GROUP BY 1")
    assert ends == [{"status": "published", "n": 6}]


@pytest.mark.soak
@pytest.mark.parametrize("stage", STAGES, ids=lambda stage: stage.name)
async def test_killing_the_worker_at_any_stage_changes_nothing_of_the_end(
    site: Site, undisturbed: dict[str, Any], stage: Stage
) -> None:
    first, second, third = site.deliveries
    await site.in_process(first)
    worker = site.start()
    async with caught(site, stage, second) as batch:
        kill(worker)
    site.start()
    await site.until_done(batch, await site.submit(third))
    same(await state_of(site), undisturbed)


@pytest.mark.soak
async def test_killing_the_worker_between_publication_and_its_receipt_changes_nothing_of_the_end(
    site: Site, undisturbed: dict[str, Any]
) -> None:
    first, second, third = site.deliveries
    await site.in_process(first)
    worker = site.start()
    batch = await site.submit(second)
    async with caught_after_commit(site):
        kill(worker)
    site.start()
    await site.until_done(batch, await site.submit(third))
    same(await state_of(site), undisturbed)


@pytest.mark.soak
async def test_killing_the_database_at_any_stage_changes_nothing_of_the_end(
    own_site: Site, server: Settings, files: list[Path], undisturbed: dict[str, Any]
) -> None:
    """One worker lives through the death of its database at every stage of one batch."""
    first, second, third = own_site.deliveries
    worker = own_site.start()
    await own_site.until_done(await own_site.submit(first))
    file: Path | None = second
    for stage in STAGES:
        async with caught(own_site, stage, file):
            kill_database(own_site.settings)
        file = None
        await asyncio.to_thread(cluster.start, own_site.settings)
        assert worker.poll() is None, (stage.name, own_site.logs())
    batch = (await ask(own_site.url, "SELECT max(batch_id) AS n FROM jishi.batch"))[0]["n"]
    await own_site.until_done(batch, await own_site.submit(third))
    same(await state_of(own_site), undisturbed)
