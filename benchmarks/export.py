"""Exports beside the paged API on the same data: rows a second, and whether memory grows with the rows.

200,000 places and 1,000,000 masked persons in one private PostgreSQL. The peer is our own paged API as a client walks it:
one connection, page after page by the next link, with the default limit and with pages of 1000; what it answers is read
and thrown away. An export is timed as its worker makes it (a fresh process each, its start included in neither the rate
nor the peer's), from the first row of the log to the last byte made durable; the fetch of the finished file is timed apart.
Ends with 1 when a target is missed: 20 times the rows a second of the paged API, memory at 4.5 times the rows at most 1.2.

    python benchmarks/export.py [--quick] [--rounds 2]
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass

import httpx
from serve import seed, servers

from jishi.access import clients
from jishi.identifiers.keys import load_or_create
from jishi.settings import Settings
from jishi.storage import cluster
from jishi.storage.engine import connect

TARGET, FLAT = 20.0, 1.2
PLACE = "place_name,address_full,county_code,category,phone"
PERSON = "full_name,id_number,sex_code,birth_date,hukou_division_code,mobile,person_status_code"
TWO_COUNTIES = f"hukou_division_code in ('{seed.COUNTIES[0]}', '{seed.COUNTIES[1]}')"
PROGRAM = """
import asyncio, json, re, sys, time
from uuid import UUID
import polars, pyarrow.csv, pyarrow.parquet, jishi_api.export_plan  # as in a worker that has made one before
from jishi.delivery.bulk import run_export
from jishi.settings import Settings
started = time.monotonic()
status = asyncio.run(run_export(Settings(), UUID(sys.argv[1])))
seconds = time.monotonic() - started
most_kb = int(re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1])  # ru_maxrss would count the parent's
print(json.dumps([status, seconds, most_kb / 1024]))
"""


@dataclass(frozen=True)
class Made:
    rows: int
    seconds: float
    megabytes: float
    memory_mb: float
    fetched_s: float

    @property
    def rate(self) -> float:
        return self.rows / self.seconds


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="20,000 persons and 5,000 places: a smoke test")
    parser.add_argument("--rounds", type=int, default=2)
    args = parser.parse_args()
    scale = (20_000, 5_000) if args.quick else (1_000_000, 200_000)
    state = Settings().state_dir / "bench" / ("serve-quick" if args.quick else "serve")
    settings = Settings(state=state, home=state / "home")
    url = asyncio.run(seed.seed(settings, *scale))
    log = settings.state_dir / "logs"
    log.mkdir(exist_ok=True)
    try:
        key = asyncio.run(_client(url, settings))
        running = servers.ours(settings, log)
        try:
            client = httpx.Client(base_url=f"http://127.0.0.1:{running.port}", headers={"X-API-Key": key}, timeout=120)
            return _compare(settings, client, args.rounds)
        finally:
            running.stop()
    finally:
        cluster.stop(settings)


def _compare(settings: Settings, client: httpx.Client, rounds: int) -> int:
    walks: dict[int, list[float]] = {100: [], 1000: []}
    places: dict[str, list[Made]] = {form: [] for form in ("csv", "parquet", "ndjson", "geojsonseq")}
    for _ in range(rounds):
        for limit, rates in walks.items():
            rates.append(_walk(client, limit))
        for form, found in places.items():
            found.append(_export(settings, client, collection="places", format=form, properties=PLACE.split(",")))
    missed = []
    for limit, rates in walks.items():
        print(f"paged, {limit} a page: {statistics.median(rates):,.0f} rows/s")
    for form, found in places.items():
        rate = statistics.median(one.rate for one in found)
        ratios = [rate / statistics.median(rates) for rates in walks.values()]
        print(
            f"places {form}: {_told(found)}; ratio {ratios[0]:.1f} (pages of 1000: {ratios[1]:.1f}), target {TARGET:.0f}"
        )
        if form in ("csv", "parquet") and ratios[0] < TARGET:
            missed.append(f"{form} {ratios[0]:.1f}")
    for form in ("csv", "parquet", "ndjson"):
        body = {"collection": "natural-persons", "format": form, "properties": PERSON.split(",")}
        few = _export(settings, client, **body, filter=TWO_COUNTIES)
        many = _export(settings, client, **body)
        grown = many.memory_mb / few.memory_mb
        print(f"persons {form}: {_told([many])}; {few.rows:,} rows took {few.memory_mb:.0f} MB: {grown:.2f}")
        if grown > FLAT:
            missed.append(f"memory {form} {grown:.2f}")
    print("\nmissed: " + ", ".join(missed) if missed else "\nall targets met")
    return int(bool(missed))


def _walk(client: httpx.Client, limit: int) -> float:
    """Rows a second of a walk through all pages (at most 20 s of it)."""
    started, rows = time.monotonic(), 0
    following = f"/collections/places/items?limit={limit}&properties={PLACE}"
    while following and time.monotonic() - started < 20:
        page = json.loads(client.get(following).raise_for_status().content)
        rows += page["numberReturned"]
        following = next((link["href"] for link in page["links"] if link["rel"] == "next"), "")
    return rows / (time.monotonic() - started)


def _export(settings: Settings, client: httpx.Client, **body: object) -> Made:
    asked = client.post("/exports", json=body).raise_for_status().json()
    environment = {"JISHI_STATE": str(settings.state_dir), "JISHI_HOME": str(settings.home_dir)}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, asked["id"]], env=environment, capture_output=True, text=True, check=True
    )
    status, seconds, memory_mb = json.loads(done.stdout)
    if status != "done":
        raise RuntimeError(f"the export ended as {status}: {done.stderr}")
    told = client.get(f"/exports/{asked['id']}").raise_for_status().json()
    started, size = time.monotonic(), 0
    with client.stream("GET", f"/exports/{asked['id']}/data") as answer:
        for part in answer.iter_bytes():
            size += len(part)
    fetched_s = time.monotonic() - started
    if size != told["bytes"]:
        raise RuntimeError("the file is not whole")
    client.delete(f"/exports/{asked['id']}")
    return Made(told["rows"], seconds, size / 1e6, memory_mb, fetched_s)


def _told(found: list[Made]) -> str:
    one = found[-1]
    rate = statistics.median(made.rate for made in found)
    return (
        f"{one.rows:,} rows at {rate:,.0f} rows/s, {one.megabytes:.0f} MB fetched in {one.fetched_s:.1f} s, "
        f"worker {one.memory_mb:.0f} MB"
    )


async def _client(url: str, settings: Settings) -> str:
    """A client with the standing grant on places and masked persons to export."""
    connection = await connect(url)
    try:
        made = await clients.create(connection, load_or_create(settings.key_path), f"export {time.time_ns()}")
        await connection.execute(
            "INSERT INTO jishi.access_grant (client_id, register, masked, clear, rights, sharing, basis, created_by)"
            " VALUES ($1, 'natural_person', $2, $3, '{export}', 'conditional', 'benchmark', 'benchmark')",
            made.client_id,
            ["full_name", "id_number", "birth_date", "mobile"],
            ["sex_code", "hukou_division_code", "person_status_code"],
        )
        return made.api_key
    finally:
        await connection.close()


if __name__ == "__main__":
    sys.exit(main())
