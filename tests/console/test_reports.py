"""From a batch to its rules, from a rule to the rows that failed it, and what the months' scores say, in a browser."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from console_reports import CHECK, FAILING, NAME, SECRET
from console_site import ConsoleSite

if TYPE_CHECKING:
    from playwright.sync_api import Browser


def last_batch(site: ConsoleSite) -> int:
    """The prepared one: it came in no file, as others of the city may have."""
    [row] = site.fetch("SELECT batch_id FROM jishi.validation JOIN jishi.batch USING (batch_id) WHERE file_name = ''")
    return int(row["batch_id"])


def test_a_steward_goes_from_a_batch_to_the_rows_that_failed_and_takes_them_along(
    site: ConsoleSite, browser: Browser
) -> None:
    batch = last_batch(site)
    with site.visitor(browser, "police", language="en") as person:
        person.go("/batches?status=published&source=population")
        person.press(f'a[href$="/batches/{batch}"]')
        assert NAME in person.text and "Rules that rows failed" in person.text
        person.press(f'a[href*="/failures?rule={CHECK}"]')
        assert SECRET in person.text and "as your department sent them" in person.text
        assert person.page.locator("tbody tr[id^=row-]").count() == FAILING
        with person.page.expect_download() as taken:
            person.page.click('button[value="csv"]')
        text = taken.value.path().read_text(encoding="utf-8-sig")
        assert SECRET in text and "'=1+1" in text and text.count("\n") == FAILING + 1
        person.go(f"/batches/{batch}")
        person.press(f'a[href$="/batches/{batch}/data-docs"]')
        assert "Great Expectations Data Docs" in person.page.inner_text("body")
    looked = site.fetch(
        "SELECT clear, masked, channel FROM jishi.disclosure WHERE act = 'failures' AND caller = 'police'"
    )
    assert looked and {row["channel"] for row in looked} == {"console"}
    assert "full_name" in looked[0]["clear"] and looked[0]["masked"] == []


def test_the_citys_steward_sees_shapes_and_another_departments_sees_no_batch(
    site: ConsoleSite, browser: Browser
) -> None:
    batch = last_batch(site)
    with site.visitor(browser, "city", scripts=False) as person:
        person.go(f"/batches/{batch}/failures")
        assert SECRET not in person.page.content() and "字字字" in person.text and "已脱敏" in person.text
        person.go(f"/rules/{NAME}")
        assert "姓名须有值" in person.text and "变更记录" in person.text
    with site.visitor(browser, "market", language="en") as person:
        for path in ("", "/failures", "/data-docs"):
            assert person.go(f"/batches/{batch}{path}") == 404
        person.go("/batches?source=population")
        assert "No batch is there." in person.text


def test_scores_stand_in_tables_beside_charts_that_load(site: ConsoleSite, browser: Browser) -> None:
    with site.visitor(browser, "everything", language="en") as person:
        person.go("/quality?group=source")
        assert "Completeness" in person.text and "N/A" in person.text and "population" in person.text
        widths = person.page.eval_on_selector_all("main img", "all => all.map(one => one.naturalWidth)")
        assert len(widths) == 3 and all(widths)
        assert "320505" in person.text and "0.89%" in person.text
        person.go("")
        person.shoot("overview-with-trend")
        card = person.page.locator("li.card", has_text="Natural person").inner_text()
        assert re.search(r"\+\d+\.\d points since \d{4}-\d\d", card)
        assert "points since" not in person.page.locator("li.card", has_text="Legal entity").inner_text()
    with site.visitor(browser, "market", language="en") as person:
        person.go("/quality?group=source")
        assert "population" not in person.text and "320505" not in person.text
