"""Every row that the demo city's truth file says is bad is found in the console, under the rule that says so; and what Great
Expectations says of that delivery is for everybody to read."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from barriers import examine
from console_site import ConsoleSite, Visitor
from jishi.quality.data_docs import render_page
from jishi.quality.kept_validation import keep_page, kept_validation
from jishi.storage import engine
from jishi_ingest.demo.generate import generate
from jishi_ingest.demo.manifest import TRUTH
from jishi_ingest.road import Road
from jishi_ingest.run import finish, source_of, submit

if TYPE_CHECKING:
    from asyncpg import Connection
    from playwright.sync_api import Browser

SAID = ("refused", "quarantined", "warning")
"""What the truth file calls a row that a rule must have found."""


@dataclass(frozen=True)
class Delivery:
    """``planted``: row and rule of what the truth file says is bad."""

    batch: int
    planted: set[tuple[int, str]]


@pytest.fixture(scope="module")
def delivery(site: ConsoleSite, tmp_path_factory: pytest.TempPathFactory) -> Delivery:
    """The demo city's population, delivered once."""
    folder = tmp_path_factory.mktemp("city")
    manifest = generate(600, 7, folder)
    file = next(one.file for one in manifest.deliveries if one.source == "population")
    with (folder / TRUTH).open(encoding="utf-8", newline="") as text:
        lines = [line for line in csv.DictReader(text) if line["file"] == file and line["rule"]]
    planted = {(int(line["row"]), line["rule"]) for line in lines if line["expected"] in SAID and line["row"] != "0"}
    return Delivery(engine.wait(deliver(site, folder / file))["batch"], planted)


def test_every_planted_row_of_a_delivery_is_found_from_its_batch(
    site: ConsoleSite, browser: Browser, delivery: Delivery
) -> None:
    assert len(delivery.planted) >= 6
    with site.visitor(browser, "police") as person:
        person.go(f"/batches/{delivery.batch}")
        person.shoot("batch-with-planted-rows")
        person.press('a[href$="/failures"]')
        found = set(listed(person))
        person.shoot("last-of-the-planted-rows")
    assert delivery.planted - found == set()
    kept = {(row["row"], row["rule"]) for row in site.fetch(_KEPT, delivery.batch)}
    assert found == kept


def test_what_great_expectations_says_of_it_holds_no_barrier_in_either_theme(
    site: ConsoleSite, browser: Browser, delivery: Delivery
) -> None:
    async def render(connection: Connection[Any]) -> None:
        kept = await kept_validation(connection, delivery.batch)
        assert kept is not None
        await keep_page(connection, kept, render_page(kept.document, delivery.batch))

    site.run(render)
    barriers: list[str] = []
    for theme in ("light", "dark"):
        with site.visitor(browser, "police", language="en", dark=theme == "dark") as person:
            person.go(f"/batches/{delivery.batch}")
            person.press(f'a[href$="/batches/{delivery.batch}/data-docs"]')
            page = person.page
            assert page.get_attribute("html", "lang") == "en"
            barriers += examine(person, f"data-docs-{theme}")
            assert page.locator("h2").count() > 10 and not page.locator("h4, h5, h6").count()
            person.press("main a")
            assert person.path == f"/batches/{delivery.batch}"
    assert barriers == []


async def deliver(site: ConsoleSite, file: Path) -> dict[str, Any]:
    """The file down the whole road."""
    road = Road.open(site.settings)
    batch = await submit(road, source_of(road, "population"), file)
    return await finish(road, batch, lambda progress: None)


def listed(person: Visitor) -> list[tuple[int, str]]:
    """Row and rule of everything the list shows, page after page."""
    found: list[tuple[int, str]] = []
    while True:
        told = person.page.eval_on_selector_all(
            "tbody tr[id^=row-]",
            "rows => rows.map(row => [row.id.slice(4), [...row.querySelectorAll('a code')].map(a => a.textContent)])",
        )
        found += [(int(number), rule) for number, rules in told for rule in rules]
        if not person.page.locator("a[rel=next]").count():
            return found
        person.press("a[rel=next]")


_KEPT = """
SELECT f.rule, unnest(f.rows) AS row FROM jishi.failing_rows f WHERE f.batch_id = $1"""
