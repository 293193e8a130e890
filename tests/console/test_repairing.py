"""Stewards at work in the browser: rows repaired, one and five hundred at once, a held batch released, a ticket closed."""

from __future__ import annotations

import asyncio
import csv
import io
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from console_site import MARKET, ConsoleSite, Visitor
from jishi.identifiers import citizen_id
from jishi.storage import engine
from jishi_ingest.road import Road
from jishi_ingest.run import bulk_repairer, checker, finish, source_of, submit, worker

if TYPE_CHECKING:
    from playwright.sync_api import Browser

SOURCE = """
id = "{id}"
title = "测试"
title_en = "Test"
department = "{department}"
register = "natural_person"
rank = 10
key = ["key"]
{more}

[map]
full_name = {{ from = "name", as = "person_name" }}
id_number = {{ from = "number" }}
sex_code = {{ from = "sex" }}
mobile = {{ from = "phone", as = "phone" }}
"""
DELTA = 'mode = "delta"\n[thresholds]\nmax_failure_share = "off"'
FULL = 'mode = "full"\nabsence = "end"'


def number_of(order: int, year: int = 1890) -> str:
    body = f"320505{year}0101{order:03d}"
    return body + citizen_id.check_character(body)


def person(order: int, **values: str) -> dict[str, str]:
    number = number_of(order % 1000, 1880 + order // 1000)
    sex = "男" if int(number[16]) % 2 else "女"
    return {
        "key": f"C{order}",
        "name": f"钱试{chr(0x4E00 + order)}",
        "number": number,
        "sex": sex,
        "phone": "",
        **values,
    }


class Working:
    """Workers beside the console, in a thread of their own, and deliveries for them."""

    def __init__(self, site: ConsoleSite, folder: Path) -> None:
        home = site.settings.home_dir / "sources"
        home.mkdir(exist_ok=True)
        for name, more in (("console-people", DELTA), ("console-full", FULL)):
            text = SOURCE.format(id=name, department=MARKET, more=more)
            (home / f"{name}.toml").write_text(text, encoding="utf-8")
        self.road = Road.open(site.settings)
        self.folder = folder
        self.begun = threading.Event()
        self.thread = threading.Thread(target=lambda: asyncio.run(self._run()))

    async def _run(self) -> None:
        self.loop, self.stop = asyncio.get_running_loop(), asyncio.Event()
        self.begun.set()
        each = (worker, checker, bulk_repairer)
        await asyncio.gather(*(one(self.road).run(self.stop) for one in each))

    def __enter__(self) -> Working:
        self.thread.start()
        self.begun.wait(60)
        return self

    def __exit__(self, *_: object) -> None:
        self.loop.call_soon_threadsafe(self.stop.set)
        self.thread.join(60)

    def deliver(self, source: str, rows: Sequence[dict[str, str]]) -> dict[str, Any]:
        text = io.StringIO()
        writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
        path = self.folder / f"{source}-{time.monotonic_ns()}.csv"
        path.write_text(text.getvalue(), encoding="utf-8")

        async def done() -> dict[str, Any]:
            batch = await submit(self.road, source_of(self.road, source), path)
            return await finish(self.road, batch, lambda _: None)

        return engine.wait(done())


@pytest.fixture(scope="module")
def working(site: ConsoleSite, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Working]:
    with Working(site, tmp_path_factory.mktemp("deliveries")) as at_work:
        yield at_work


def until(person_: Visitor, path: str, text: str, *, seconds: float = 90) -> None:
    """Ask for the page again until it says ``text``."""
    end = time.monotonic() + seconds
    while text not in person_.text:
        assert time.monotonic() < end, person_.text
        time.sleep(0.5)
        person_.go(path)


def test_a_row_is_checked_and_repaired_by_keyboard_alone_and_served(
    site: ConsoleSite, browser: Browser, working: Working
) -> None:
    right = number_of(7)
    wrong = right[:17] + ("1" if right[17] != "1" else "2")
    receipt = working.deliver(
        "console-people", [person(1), person(2, number=wrong, sex="男" if int(right[16]) % 2 else "女")]
    )
    assert receipt["quarantined"] == 1
    with site.visitor(browser, "market", language="en") as steward:
        steward.go("/quarantine?source=console-people")
        assert wrong in steward.text
        [row] = site.fetch("SELECT quarantine_id FROM jishi.quarantine WHERE batch_id = $1", receipt["batch"])
        steward.go(f"/quarantine/{row['quarantine_id']}")
        steward.shoot("quarantine-row-own")
        page = steward.page
        for _ in range(200):
            page.keyboard.press("Tab")
            if page.evaluate("document.activeElement.value") == wrong:
                break
        page.keyboard.press("Control+a")
        page.keyboard.type(right)
        with page.expect_navigation():
            page.keyboard.press("Enter")
        assert "So the row would be accepted." in steward.text
        steward.shoot("quarantine-row-checked")
        assert page.input_value("[name=cell-2]") == right
        page.fill("[name=reason]", "seen in the original")
        steward.press("#edit button >> text=Repair")
        path = steward.path
        until(steward, path, "done")
        steward.shoot("repair-done")
    served = site.fetch(
        "SELECT full_name FROM jishi.natural_person WHERE state = 'active' AND full_name = $1", person(2)["name"]
    )
    assert len(served) == 1
    with site.visitor(browser, "police", language="en") as foreign:
        assert foreign.go(f"/quarantine/{row['quarantine_id']}") == 404
        foreign.go("/quarantine?status=any")
        assert "console-people" not in foreign.text


def test_five_hundred_rows_are_repaired_at_once_without_javascript_and_unseen(
    site: ConsoleSite, browser: Browser, working: Working
) -> None:
    letters = {"男": "甲", "女": "乙"}
    rows = [person(order) for order in range(100, 600)]
    receipt = working.deliver("console-people", [{**row, "sex": letters[row["sex"]]} for row in rows])
    assert receipt["quarantined"] == 500
    with site.visitor(browser, "city", language="en", scripts=False) as steward:
        steward.go(f"/bulk-repairs/new?batch={receipt['batch']}")
        steward.page.select_option("[name=header]", "sex")
        steward.press("form.search button")
        assert "甲" not in steward.text and steward.page.locator("#mapping input[name^=value-]").count() == 2
        # which is which he does not see, only how many: the department told him
        [odd] = site.fetch(
            "SELECT count(*) AS n FROM unnest($1::text[]) s WHERE s = '男'", [row["sex"] for row in rows]
        )
        shown = steward.page.locator("#mapping td.num").all_inner_texts()
        men = shown.index(str(odd["n"])) if shown.count(str(odd["n"])) == 1 else 0
        for attempt in (men, 1 - men):
            steward.page.fill(f"[name=value-{attempt}]", "男")
            steward.page.fill(f"[name=value-{1 - attempt}]", "女")
            steward.press("#mapping button >> text=Try it")
            path = steward.path
            until(steward, path, "500 rows looked at")
            until(steward, path, "done")
            if steward.page.locator("#carry-out").count():
                break
            steward.go(f"/bulk-repairs/new?batch={receipt['batch']}&header=sex")
        steward.shoot("bulk-repair-tried")
        steward.press("#carry-out button")
        path = steward.path
        end = time.monotonic() + 120
        while not site.fetch(
            "SELECT 1 FROM jishi.repair WHERE bulk_id = $1 AND status = 'done'", int(path.split("/")[-1])
        ):
            assert time.monotonic() < end
            time.sleep(0.5)
        steward.go(path)
        steward.shoot("bulk-repair-done")
    [left] = site.fetch(
        "SELECT count(*) AS n FROM jishi.quarantine WHERE batch_id = $1 AND status = 'open'", receipt["batch"]
    )
    [served] = site.fetch(
        "SELECT count(*) AS n FROM jishi.natural_person WHERE state = 'active' AND full_name LIKE '钱试%'"
    )
    assert left["n"] == 0 and served["n"] >= 500


def test_a_held_batch_is_previewed_and_released(site: ConsoleSite, browser: Browser, working: Working) -> None:
    working.deliver("console-full", [person(order) for order in range(700, 740)])
    receipt = working.deliver("console-full", [person(order, phone="13911112222") for order in range(700, 715)])
    assert receipt["status"] == "held"
    with site.visitor(browser, "market") as steward:
        steward.go("/held")
        steward.press(f"main a >> text={receipt['batch']}")
        steward.press("#preview button")
        until(steward, f"/held/{receipt['batch']}", "139****2222")
        steward.shoot("held-batch-previewed")
        assert "13911112222" not in steward.page.content()
        steward.page.fill("[name=reason]", "已与部门核实")
        steward.press("#release button")
        until(steward, f"/held/{receipt['batch']}", "已发布")
        steward.shoot("held-batch-released")
    [batch] = site.fetch("SELECT status, ended_by_absence FROM jishi.batch WHERE batch_id = $1", receipt["batch"])
    assert (batch["status"], batch["ended_by_absence"]) == ("published", 25)


def test_a_ticket_is_closed_by_the_delivery_that_brings_its_row_right_and_by_nobody(
    site: ConsoleSite, browser: Browser, working: Working
) -> None:
    rule = "natural_person.id_number.check_character"
    right = [person(800), person(801)]
    wrong = [{**row, "number": row["number"][:17] + ("1" if row["number"][17] != "1" else "2")} for row in right]
    first = working.deliver("console-people", wrong)["batch"]
    with site.visitor(browser, "market", language="en") as steward:
        opened = []
        for number in (1, 2):
            steward.go(f"/batches/{first}/failures?rule={rule}")
            steward.press(f"#row-{number} a >> text=New ticket")
            assert steward.page.input_value("[name=rule]") == rule
            steward.page.fill("[name=note]", "The number does not add up")
            steward.press("form.box button")
            assert "The ticket is opened" in steward.text and wrong[number - 1]["number"] in steward.text
            opened.append(steward.path)
        steward.shoot("ticket-opened-of-a-row")
        again = working.deliver("console-people", [right[0], wrong[1]])["batch"]
        steward.go("/tickets?status=closed&source=console-people")
        assert steward.page.locator(f'tbody a[href$="{opened[0]}"]').count() == 1
        assert steward.page.locator(f'tbody a[href$="{opened[1]}"]').count() == 0
        steward.press(f'tbody a[href$="{opened[0]}"]')
        assert f"by batch {again}, which delivered the row right" in steward.text
        taken = steward.page.locator("table", has_text="What was done").locator("tbody tr")
        assert [row.locator("td").all_inner_texts()[1:3] for row in taken.all()] == [
            ["opened", f"user:market\n{MARKET}"],
            ["closed", f"batch:{again}"],
        ]
        assert steward.page.locator("text=Close by hand").count() == 0
        steward.shoot("ticket-closed-by-a-delivery")
        steward.go(opened[1])
        assert "to be dealt with" in steward.text and steward.page.locator("text=Close by hand").count() == 1
    closed_by_hand = "SELECT 1 FROM jishi.administrative_act WHERE act = 'ticket.close' AND target = ANY($1)"
    assert site.fetch(closed_by_hand, [path.rsplit("/", 1)[1] for path in opened]) == []
