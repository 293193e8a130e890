"""A batch as stewards are told of it: report, pages and Data Docs agree; failing rows whole, as far as each may see them."""

from __future__ import annotations

import asyncio
import csv
import io
import json
import statistics
import sys
import time
import tracemalloc
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import httpx
import openpyxl
import pytest

from asking import Asking, asking
from jishi.access import users
from jishi.delivery.document import to_html
from jishi.delivery.report_page import report_page
from jishi.quality import suite
from jishi.quality.batch_report import read_report
from jishi_ingest.run import worker

Make = dict[str, Callable[..., str]]
DEPARTMENT, ANOTHER = "113205000000900347", "11320500000090093A"
CODE, NAME, DIVISION = (
    f"legal_entity.{rule}" for rule in ("uscc.check_character", "entity_name.required", "uscc.division_known")
)
RANGE = "legal_entity.establish_date.range"
SHAPE = "natural_person.mobile.shape"
SECRET = "机密名称"
MORE = 'schedule = "0 2 * * *"\n[thresholds]\nmax_failure_share = 1.0'


class Tables(HTMLParser):
    """Every table of a page as its header and rows of texts; and every address the page would load or lead to."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tables: list[list[list[str]]] = []
        self.addresses: list[str] = []
        self._cell: list[str] | None = None
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.addresses += [value or "" for name, value in attrs if name in ("href", "src", "style")]
        if tag == "table":
            self.tables.append([])
        elif tag == "tr" and self.tables:
            self.tables[-1].append([])
        elif tag in ("td", "th") and self.tables:
            self._cell = []

    def handle_endtag(self, tag: str) -> None:
        if tag in ("td", "th") and self._cell is not None:
            self.tables[-1][-1].append(" ".join("".join(self._cell).split()))
            self._cell = None

    def handle_data(self, data: str) -> None:
        if self._cell is not None:
            self._cell.append(data)

    def rows(self, *columns: str) -> set[tuple[str, ...]]:
        """These columns of every table that has them all."""
        found = set()
        for header, *rows in (table for table in self.tables if table):
            if set(columns) <= set(header):
                places = [header.index(column) for column in columns]
                found |= {tuple(row[place] for place in places) for row in rows}
        return found


def wrong(code: str) -> str:
    return code[:17] + ("1" if code[17] != "1" else "2")


def entity(invent: Make, number: int, **values: object) -> dict[str, object]:
    return {"key": f"K{number}", "name": f"测试企业{number}号", "code": invent["uscc"](number), "city": "", **values}


async def reported(city: Any) -> None:
    """A worker makes what people read."""
    await worker(city.road).run_lane("report")


async def told(client: httpx.AsyncClient, batch: int) -> dict[str, Any]:
    answer = await client.get(f"/stewardship/batches/{batch}")
    assert answer.status_code == 200, answer.text
    document: dict[str, Any] = answer.json()
    return document


async def on_the_console(api: Asking, batch: int) -> str:
    """The page of a batch as a steward of the city sees it who logged in."""
    made = await users.create(api.connection, "reader", ("steward",))
    headers = {"Accept": "text/html", "Accept-Language": "en", "Origin": "http://jishi.test"}
    transport = httpx.ASGITransport(api.app)
    async with httpx.AsyncClient(transport=transport, base_url="http://jishi.test", headers=headers) as person:
        begun = await person.post("/console/login", data={"login": made.login, "password": made.password})
        assert begun.status_code == 303, begun.text
        answer = await person.get(f"/console/batches/{batch}")
        assert answer.status_code == 200, answer.text
        return answer.text


async def pages_agree(city: Any, api: Asking, client: httpx.AsyncClient, batch: int) -> set[tuple[str, str, str, str]]:
    """Rule, evaluated, failed, could not run: the same in the JSON report, on the console's page, in the report that is
    printed and in the Data Docs."""
    await reported(city)
    document = await told(client, batch)
    told_json = {
        (rule["rule"], str(rule["evaluated"]), str(rule["failed"]), "yes" if rule["could_not_run"] else "no")
        for rule in document["rules"]
    }
    console = Tables(await on_the_console(api, batch))
    printed = Tables(to_html(report_page(await read_report(city.connection, batch, "en"))))
    [link] = [link["href"] for link in document["links"] if link["rel"] == "data-docs"]
    answer = await client.get(link)
    assert answer.status_code == 200 and "default-src 'none'" in answer.headers["content-security-policy"]
    theirs = Tables(answer.text)
    assert theirs.addresses and not [one for one in theirs.addresses if not one.startswith(("#", "../"))]
    assert "<script" not in answer.text and "://" not in answer.text.replace("://www.w3.org", "")
    for page in (console, printed, theirs):
        assert page.rows("Rule", "Evaluated", "Failed", "Could not run") == told_json
    return told_json


async def test_report_page_and_data_docs_agree_rule_by_rule_and_rows_are_seen_as_each_may(
    city: Any, invent: Make
) -> None:
    source = city.declare("tiny", more=MORE)
    await city.deliver(source, [entity(invent, 1), entity(invent, 2, code=wrong(invent["uscc"](2)))])
    rows = [
        entity(invent, 3),
        entity(invent, 4, name=""),
        entity(invent, 5, name="", code=wrong(invent["uscc"](5))),
        entity(invent, 6, code=invent["uscc"](6, "999999"), rep=SECRET, scope="生产"),
        entity(invent, 7, code=wrong(invent["uscc"](7)), rep=SECRET),
    ]
    batch = (await city.deliver(source, rows))["batch"]
    async with asking(city.settings, city.connection) as api:
        own = await api.client("steward", department=DEPARTMENT)
        others = await api.client("steward", department=ANOTHER)
        citys = await api.client("steward")
        seen = await pages_agree(city, api, citys, batch)
        assert {(CODE, "5", "2", "no"), (NAME, "5", "2", "no"), (DIVISION, "5", "1", "no")} <= seen
        assert len(seen) > 15 and {rule for rule, _, failed, _ in seen if failed != "0"} == {CODE, NAME, DIVISION}

        document = await told(citys, batch)
        rule = next(rule for rule in document["rules"] if rule["rule"] == CODE)
        assert (rule["severity"], rule["overridden"], rule["passed"], rule["columns"]) == (
            "refuse_row",
            False,
            3,
            ["code"],
        )
        assert [(point["failed"], point["evaluated"], point["share"]) for point in rule["trend"]] == [(1, 2, 0.5)]
        assert document["lateness"]["schedule"] == "0 2 * * *" and document["lateness"]["late"] is False
        assert document["why"] == [] and document["clocks"] == []
        chinese = await citys.get(f"/stewardship/batches/{batch}", headers={"Accept-Language": "zh-CN"})
        assert "名称为必填项，但没有值" in chinese.text

        for path in ("", "/failures", "/failures.csv", "/data-docs"):
            assert (await others.get(f"/stewardship/batches/{batch}{path}")).status_code == 404
        assert (await others.get("/stewardship/batches")).json()["batches"] == []
        assert len((await own.get("/stewardship/batches")).json()["batches"]) == 2

        mine = (await own.get(f"/stewardship/batches/{batch}/failures")).json()
        assert [row["row"] for row in mine["rows"]] == [2, 3, 4, 5]
        assert [set(row["rules"]) for row in mine["rows"]] == [{NAME}, {NAME, CODE}, {DIVISION}, {CODE}]
        assert mine["rows"][3]["cells"]["rep"] == SECRET and mine["rows"][3]["cells"]["code"] == rows[4]["code"]
        assert mine["rows"][2]["cells"] is None and mine["rows"][2]["values"]["legal_rep_name"] == SECRET
        assert mine["rows"][2]["status"] == "accepted" and mine["rows"][2]["uid"]
        masked = await citys.get(f"/stewardship/batches/{batch}/failures")
        assert SECRET not in masked.text
        accepted, refused = masked.json()["rows"][2:]
        assert accepted["values"]["legal_rep_name"] == "机**" and accepted["values"]["business_scope"] == "生产"
        assert refused["cells"]["rep"] == "字字字字" and refused["cells"]["code"] == rows[4]["code"]

        first = (await own.get(f"/stewardship/batches/{batch}/failures?rule={CODE}&limit=1")).json()
        [following] = first["links"]
        second = (await own.get(following["href"])).json()
        assert ([row["row"] for row in first["rows"]], [row["row"] for row in second["rows"]]) == ([3], [5])
        assert second["links"] == [] and second["failed"] == {CODE: 2}
        answer = await own.get(f"/stewardship/batches/{batch}/failures?rule=no.such")
        assert (answer.status_code, answer.json()["code"]) == (400, "QLT-REPORT-RULE")

        looked = [entry for entry in await api.disclosed(own) if entry["act"] == "failures"]
        assert [len(entry["subjects"]) for entry in looked] == [1, 0, 0]
        assert "legal_rep_name" in looked[0]["clear"] and not looked[0]["masked"]
        assert {"legal_rep_name", "uscc"} <= set((await api.disclosed(citys))[-1]["masked"])

        sent = (await own.get(f"/stewardship/batches/{batch}/failures.csv")).content.decode("utf-8-sig")
        header, *lines = csv.reader(io.StringIO(sent, newline=""))
        assert [line[0] for line in lines] == ["2", "3", "4", "5"]
        assert dict(zip(header, lines[3], strict=True))["rep"] == SECRET
        book = openpyxl.load_workbook(
            io.BytesIO((await citys.get(f"/stewardship/batches/{batch}/failures.xlsx")).content)
        )
        cells = [[cell.value or "" for cell in row] for row in book.worksheets[0].iter_rows()]
        assert [row[0] for row in cells] == ["Row", "2", "3", "4", "5"]
        assert len({len(row) for row in cells}) == 1 and SECRET not in str(cells)


async def test_a_rule_that_raised_fails_the_batch_and_stands_in_its_report_beside_the_others(
    city: Any, invent: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = city.declare("people", "persons", more=MORE)
    limits = suite._limits
    monkeypatch.setattr(
        suite, "_limits", lambda rule, today: {"regex": "("} if rule.id == SHAPE else limits(rule, today)
    )
    person = {"key": "1", "name": "", "number": invent["citizen"](1), "phone": "13800000000"}
    batch = await city.submit(source, city.file([person]))
    with pytest.raises(Exception, match="ING-RUN-FAILED"):
        await city.finish(batch)
    async with asking(city.settings, city.connection) as api:
        client = await api.client("steward")
        seen = await pages_agree(city, api, client, batch)
        document = await told(client, batch)
        assert document["status"] == "failed" and document["could_not_run"] == [SHAPE]
        assert {line for line in seen if line[3] == "yes"} == {(SHAPE, "0", "0", "yes")}
        assert ("natural_person.full_name.required", "1", "1", "no") in seen
        [rule] = [rule for rule in document["rules"] if rule["rule"] == SHAPE]
        assert rule["could_not_run"] == "InvalidRegularExpression"
        assert [why["code"] for why in document["why"]] == ["QLT-COULD-NOT-RUN"]
        assert SHAPE in document["why"][0]["message"]
    assert await city.count("natural_person", "contribution") == 0


async def test_what_a_source_overrides_and_why_a_batch_is_held_are_told(city: Any, invent: Make) -> None:
    source = city.declare("tiny", more=f'[rules]\n"{RANGE}" = "warn"')
    rows = [entity(invent, n, **({"name": ""} if n < 20 else {"established": "1700-01-01"})) for n in range(40)]
    batch = (await city.deliver(source, rows))["batch"]
    async with asking(city.settings, city.connection) as api:
        own = await api.client("steward", department=DEPARTMENT)
        document = await told(own, batch)
        assert document["status"] == "held" and [why["code"] for why in document["why"]] == ["QLT-HELD-FAILURES"]
        rule = next(rule for rule in document["rules"] if rule["rule"] == RANGE)
        assert (rule["severity"], rule["overridden"], rule["failed"]) == ("warn", True, 20)
        page = (await own.get(f"/stewardship/batches/{batch}/failures?rule={RANGE}")).json()
        assert {(row["status"], row["values"]) for row in page["rows"]} == {("held", None)}
        await city.release(batch)
        page = (await own.get(f"/stewardship/batches/{batch}/failures?rule={RANGE}")).json()
        assert {row["status"] for row in page["rows"]} == {"accepted"} and page["rows"][0]["values"]["entity_name"]


async def test_thousands_of_failing_rows_are_paged_and_exported_whole(city: Any, tmp_path: Path) -> None:
    await many(city, tmp_path, 2_300)


@pytest.mark.soak
async def test_a_hundred_thousand_failing_rows_have_a_quick_first_page_and_stream_in_flat_memory(
    city: Any, tmp_path: Path, invent: Make, capsys: pytest.CaptureFixture[str]
) -> None:
    batch, _ = await many(city, tmp_path, 100_000)
    await city.deliver("tiny", [entity(invent, 1)])
    async with asking(city.settings, city.connection) as api:
        api.made = 10  # others are there already
        steward = await api.client("steward", department=DEPARTMENT)
        reader = await api.client(legal_entity={"clear": ["entity_name", "uscc", "business_scope"]})
        uid = await city.value("SELECT uid FROM jishi.legal_entity LIMIT 1")
        page = await median(steward, f"/stewardship/batches/{batch}/failures?rule={NAME}")
        last = await median(steward, f"/stewardship/batches/{batch}/failures?rule={NAME}&after=99800")
        point = await median(reader, f"/collections/legal-entities/items/{uid}")
        figures = {"page_ms": page, "last_page_ms": last, "point_ms": point, "ratio": page / point}
        for form in ("csv", "xlsx"):
            figures |= await streamed(api.app, steward, f"/stewardship/batches/{batch}/failures.{form}", form)
    with capsys.disabled():
        sys.stdout.write(json.dumps({name: round(figure, 2) for name, figure in figures.items()}) + "\n")
    assert page < 10 * point and last < 10 * point
    assert figures["csv_MB_peak"] < 40 and figures["xlsx_MB_peak"] < 40


async def median(client: httpx.AsyncClient, address: str, times: int = 31) -> float:
    """Milliseconds of an answer."""
    spent = []
    for _ in range(times):
        begun = time.perf_counter()
        answer = await client.get(address)
        spent.append(time.perf_counter() - begun)
        assert answer.status_code == 200, answer.text
    return 1000 * statistics.median(spent)


async def streamed(app: Any, client: httpx.AsyncClient, address: str, form: str) -> dict[str, float]:
    """Seconds, size, and how much memory was ever held while the file was sent to somebody who keeps nothing of it."""
    sent = 0
    headers = [(name.lower().encode(), value.encode()) for name, value in client.headers.items()]
    scope: dict[str, Any] = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "path": address,
    }
    scope |= {"raw_path": address.encode(), "query_string": b"", "headers": headers, "scheme": "http", "root_path": ""}
    scope |= {"server": ("jishi.test", 80), "client": ("127.0.0.1", 1)}
    asked = False

    async def receive() -> dict[str, Any]:
        nonlocal asked
        if asked:
            await asyncio.Event().wait()
        asked = True
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        nonlocal sent
        sent += len(message.get("body", b""))

    begun = time.perf_counter()
    tracemalloc.start()
    await app(scope, receive, send)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    spent = time.perf_counter() - begun
    return {f"{form}_s": spent, f"{form}_MB": sent / 1e6, f"{form}_MB_peak": peak / 1e6}


async def many(city: Any, folder: Path, count: int) -> tuple[int, Any]:
    """Refuse ``count`` rows and read all of them by pages and as a file; batch and headers of an officer."""
    source = city.declare("tiny", more=MORE)
    path = folder / "many.csv"
    with path.open("w", encoding="utf-8", newline="") as text:
        writer = csv.writer(text)
        writer.writerow(["key", "name", "code", "city", "scope"])
        writer.writerows((f"K{n}", "", "123", "苏州", "生产与销售") for n in range(count))
    receipt = await city.deliver(source, path)
    assert receipt["quarantined"] == count
    async with asking(city.settings, city.connection) as api:
        own = await api.client("steward", department=DEPARTMENT)
        address, seen = f"/stewardship/batches/{receipt['batch']}/failures?rule={NAME}&limit=1000", []
        while address:
            page = (await own.get(address)).json()
            seen += [row["row"] for row in page["rows"]]
            address = page["links"][0]["href"] if page["links"] else ""
        assert seen == list(range(1, count + 1))
        async with own.stream("GET", f"/stewardship/batches/{receipt['batch']}/failures.csv") as answer:
            lines = [line async for line in answer.aiter_lines()]
        assert len(lines) == count + 1 and lines[-1].startswith(f"{count},")
    return receipt["batch"], own
