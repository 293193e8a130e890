"""Every row that the demo city's truth file says is bad is found in the console, under the rule that says so."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import TYPE_CHECKING, Any

from console_site import ConsoleSite, Visitor
from jishi.storage import engine
from jishi_ingest.demo.generate import generate
from jishi_ingest.demo.manifest import TRUTH
from jishi_ingest.road import Road
from jishi_ingest.run import finish, source_of, submit

if TYPE_CHECKING:
    from playwright.sync_api import Browser

SAID = ("refused", "quarantined", "warning")
"""What the truth file calls a row that a rule must have found."""


def test_every_planted_row_of_a_delivery_is_found_from_its_batch(
    site: ConsoleSite, browser: Browser, tmp_path: Path
) -> None:
    manifest = generate(600, 7, tmp_path)
    delivery = next(one for one in manifest.deliveries if one.source == "population")
    with (tmp_path / TRUTH).open(encoding="utf-8", newline="") as text:
        lines = [line for line in csv.DictReader(text) if line["file"] == delivery.file and line["rule"]]
    planted = {(int(line["row"]), line["rule"]) for line in lines if line["expected"] in SAID and line["row"] != "0"}
    assert len(planted) >= 6
    receipt = engine.wait(deliver(site, tmp_path / delivery.file))

    with site.visitor(browser, "police") as person:
        person.go(f"/batches/{receipt['batch']}")
        person.shoot("batch-with-planted-rows")
        person.press('a[href$="/failures"]')
        found = set(listed(person))
        person.shoot("last-of-the-planted-rows")
    assert planted - found == set()
    kept = {(row["row"], row["rule"]) for row in site.fetch(_KEPT, receipt["batch"])}
    assert found == kept


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
