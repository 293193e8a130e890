"""The road out beside its peers: look-ups, pages of 100 and boxes of 1000 features, protected and audited.

1,000,000 persons and 200,000 places in one private PostgreSQL; ours (two processes, keys checked, grants, masks, every
answer in the disclosure log) beside a naive FastAPI + SQLModel application, tipg and PostGraphile 5, all without any
protection, pgbench running our own statement, and a constant answer. All over loopback, runs of a few seconds, taken in
turn; each figure is the median of its runs. Prints the ratios with their targets and in what the work was unequal, and
ends with 1 when a target is missed.

    python benchmarks/serve.py [--quick] [--peers naive,tipg,postgraphile,pgbench,static] [--rounds 3] [--seconds 4]
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import statistics
import sys
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import quote, urlencode, urlsplit

from serve import seed, servers
from serve.load import Figures, Mix, Request, Watched, camel, dashed, fixed, graphql, pgbench, wrk
from serve.statements import PERSON, PLACE, script
from serve.verdict import judge, median, print_runs

from jishi.access import clients, grant_store
from jishi.access.grants import Grant
from jishi.identifiers.keys import Keys, load_or_create
from jishi.registers.catalog import register_of
from jishi.registers.element import Mask
from jishi.settings import Settings
from jishi.storage import cluster
from jishi.storage.engine import connect
from jishi.storage.postmaster import running_pid
from jishi.storage.programs import find_programs

PEERS = ("naive", "tipg", "postgraphile", "pgbench", "static")
AUDIT_TARGET = 1.15
LONGEST_MS = 2000.0
CONNECTIONS = {"point": 32, "point 128": 128, "page": 32, "bbox": 4}
OVERLOAD = 256
SAMPLE = 20_000
UNEQUAL = """
Unequal work, to be said with every figure:
- Ours checks the caller's key, decides by the grant, masks and writes a disclosure; the peers do nothing of the kind.
- Ours adds the names of codes (sex, education …) to a person, which the others leave out; PostGraphile returns bare members.
- Pages: ours by keyset and cursor; the peers by OFFSET 0 to 2000. tipg also counts all matches, which cannot be turned off.
- naive returns GeoJSON like ours; PostGraphile returns places without their geometry.
- pgbench runs our statement for one key a transaction and throws the rows away; ours may answer many keys by one statement.
- Ours and the peers of Python run the same number of processes (--workers), all with uvloop and httptools; node runs one.
- All share this machine's cores with wrk (one thread), pgbench likewise."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--quick", action="store_true", help="one round of short runs over 20,000 persons: a smoke test"
    )
    parser.add_argument("--peers", default=",".join(PEERS))
    parser.add_argument("--only", default="", help="kinds of load, comma-separated: point,page,bbox,overload,audit")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=4, choices=range(1, 7), help="of one run")
    parser.add_argument(
        "--workers", type=int, default=servers.workers, help="processes, of ours and of each peer of Python"
    )
    args = parser.parse_args()
    servers.workers = args.workers
    if args.quick:
        args.rounds, args.seconds = 1, 2
    peers = [name for name in args.peers.split(",") if name]
    if unknown := sorted(set(peers) - set(PEERS)):
        parser.error(f"no such peer: {', '.join(unknown)}")
    only = tuple(name for name in args.only.split(",") if name)
    scale = (20_000, 5_000) if args.quick else (1_000_000, 200_000)
    state = Settings().state_dir / "bench" / ("serve-quick" if args.quick else "serve")
    settings = Settings(state=state, home=state / "home")
    url = asyncio.run(seed.seed(settings, *scale))
    try:
        return Bench(settings, url, scale, peers, args.rounds, args.seconds, only).run()
    finally:
        cluster.stop(settings)


@dataclass
class Bench:
    """One run of the whole: servers up, rounds taken in turn, verdict."""

    settings: Settings
    url: str
    scale: tuple[int, int]
    peers: list[str]
    rounds: int
    seconds: int
    only: tuple[str, ...]

    def run(self) -> int:
        log = self.settings.state_dir / "logs"
        log.mkdir(exist_ok=True)
        self.postmaster = running_pid(self.settings.state_dir / "postgres") or 0
        self.key = asyncio.run(_client(self.url, load_or_create(self.settings.key_path)))
        self.grant = asyncio.run(_grant(self.url))
        self.running: dict[str, servers.Running] = {}
        try:
            self._start(log)
            self.mixes = self._mixes()
            missed = self._compare()
            missed += self._overload() if self._wanted("overload") else []
            missed += self._audit(log) if self._wanted("audit") else []
        finally:
            for server in self.running.values():
                server.stop()
        print(UNEQUAL)
        print("\nmissed: " + ", ".join(missed) if missed else "\nall targets met")
        return int(bool(missed))

    def _wanted(self, kind: str) -> bool:
        return not self.only or any(kind.startswith(name) for name in self.only)

    def _start(self, log: Path) -> None:
        modules = Settings().state_dir / "bench" / "postgraphile"
        starts: dict[str, Callable[[], servers.Running]] = {
            "ours": lambda: servers.ours(self.settings, log),
            "naive": lambda: servers.naive(self.url, log),
            "tipg": lambda: servers.tipg(self.url, log),
            "postgraphile": lambda: servers.postgraphile(self.url, modules, log),
            "static": lambda: servers.static(log),
        }
        for name in ("ours", *self.peers):
            if name in starts:
                self.running[name] = starts[name]()

    # ---- what is asked

    def _mixes(self) -> dict[tuple[str, str], Mix]:
        """(kind, server) → requests; each is tried once before it is measured."""
        persons, places = self.scale
        chance = random.Random(seed.SEED)
        uids = [dashed(seed.uid_of(chance.randint(1, persons))) for _ in range(min(SAMPLE, persons))]
        counties = [chance.choice(seed.COUNTIES) for _ in range(200)]
        boxes = seed.boxes(200, min(0.9, 1150 / places))
        mixes = {
            ("point", "naive"): Mix([Request(f"/persons/{uid}") for uid in uids]),
            ("point", "tipg"): Mix(
                [
                    Request(f"/collections/jishi.natural_person/items/{uid}?properties={PERSON}&f=geojson")
                    for uid in uids
                ]
            ),
            ("point", "static"): Mix([Request("/")]),
            ("page", "naive"): Mix(
                [Request(f"/places?county_code={code}&offset={at * 10}") for at, code in enumerate(counties)]
            ),
            ("page", "tipg"): Mix(
                [
                    Request(
                        f"/collections/jishi.place/items?county_code={code}&limit=100&offset={at * 10}"
                        f"&properties={PLACE}&sortby=uid&f=geojson"
                    )
                    for at, code in enumerate(counties)
                ]
            ),
            ("bbox", "naive"): Mix([Request(f"/boxes?west={w}&south={s}&east={e}&north={n}") for w, s, e, n in boxes]),
            ("bbox", "tipg"): Mix(
                [
                    Request(
                        f"/collections/jishi.place/items?bbox={w},{s},{e},{n}&limit=1000&properties={PLACE}&f=geojson"
                    )
                    for w, s, e, n in boxes
                ]
            ),
            ("point", "postgraphile"): graphql(
                f'{{naturalPersonByUid(uid:"{uid}"){{{camel("uid," + PERSON)}}}}}' for uid in uids
            ),
            ("page", "postgraphile"): graphql(
                f'{{allPlaces(first:100,offset:{at * 10},orderBy:UID_ASC,condition:{{countyCode:"{code}"}})'
                f"{{nodes{{{camel('uid,' + PLACE)}}}}}}}"
                for at, code in enumerate(counties)
            ),
            **self._our_mixes(uids, boxes),
        }
        mixes = {key: mix for key, mix in mixes.items() if key[1] in self.running}
        for (kind, name), mix in mixes.items():
            self._try(kind, name, mix)
        return mixes

    def _our_mixes(self, uids: list[str], boxes: list[tuple[float, ...]]) -> dict[tuple[str, str], Mix]:
        """Look-ups of persons by uid; pages and boxes of places."""
        headers = {"X-API-Key": self.key, "X-Purpose": "benchmark", "X-Case-No": "1"}
        point = [Request(f"/collections/natural-persons/items/{uid}?properties={quote(PERSON)}") for uid in uids]
        pages = [Request(path) for path in self._pages(headers)]
        box = [
            Request(f"/collections/places/items?bbox={w},{s},{e},{n}&limit=1000&properties={quote(PLACE)}")
            for w, s, e, n in boxes
        ]
        return {(kind, "ours"): Mix(mix, headers) for kind, mix in (("point", point), ("page", pages), ("bbox", box))}

    def _pages(self, headers: Mapping[str, str]) -> list[str]:
        """20 pages of each county, one after the other by their cursors."""
        found = []
        for county in seed.COUNTIES:
            parameters = urlencode({"county_code": county, "limit": 100, "properties": PLACE})
            path: str | None = f"/collections/places/items?{parameters}"
            for _ in range(20):
                if path is None:
                    break
                found.append(path)
                status, body = self._ask("ours", Request(path), headers)
                if status != 200:
                    raise RuntimeError(f"a page of ours answers {status}: {body[:300]!r}")
                links = {link["rel"]: link["href"] for link in json.loads(body)["links"]}
                following = urlsplit(links["next"]) if "next" in links else None
                path = f"{following.path}?{following.query}" if following else None
        return found

    def _try(self, kind: str, name: str, mix: Mix) -> None:
        """One request of a mix must give what is to be measured."""
        status, body = self._ask(name, mix.requests[0], mix.headers)
        wanted = {"point": 1, "page": 100, "bbox": min(1000, self.scale[1] // 10)}[kind]
        count = body.count(b'"uid"') if name == "postgraphile" else body.count(b'"Feature"')
        if name == "naive" and kind == "point":
            count = body.count(b'"uid"')
        if status != 200 or count < wanted:
            raise RuntimeError(f"{name}, {kind}: {status}, {count} of {wanted} features: {body[:300]!r}")
        print(f"  {kind:<6} {name:<13} {len(body):>8} bytes, {count} features")

    def _ask(self, name: str, request: Request, headers: Mapping[str, str]) -> tuple[int, bytes]:
        connection = HTTPConnection("127.0.0.1", self.running[name].port, timeout=60)
        try:
            connection.request(request.method, request.path, request.body or None, dict(headers))
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    # ---- rounds

    def _compare(self) -> list[str]:
        runs: defaultdict[tuple[str, str], list[Figures]] = defaultdict(list)
        fifty: defaultdict[str, list[float]] = defaultdict(list)
        for number in range(self.rounds):
            print(f"round {number + 1} of {self.rounds}")
            for kind, connections in CONNECTIONS.items():
                if not self._wanted(kind):
                    continue
                for name in ("ours", *self.peers):
                    figures = self._one(kind, name, connections)
                    if figures is not None:
                        runs[kind, name].append(figures)
            if self._wanted("bbox"):
                for name in ("ours", "tipg"):
                    if name in self.running:
                        fifty[name].append(fixed(self.running[name].port, self.mixes["bbox", name], 4, 50))
        medians = {key: median(found) for key, found in runs.items()}
        print_runs(medians)
        ratios = {
            (kind, peer): medians[kind, "ours"].rps / figures.rps
            for (kind, peer), figures in medians.items()
            if peer != "ours"
        }
        if fifty.keys() >= {"ours", "tipg"}:
            seconds = {name: statistics.median(taken) for name, taken in fifty.items()}
            print(f"50 boxes over 4 connections: ours {seconds['ours']:.2f} s, tipg {seconds['tipg']:.2f} s")
            ratios["50 boxes", "tipg"] = seconds["tipg"] / seconds["ours"]
        return judge(ratios)

    def _one(self, kind: str, name: str, connections: int) -> Figures | None:
        if name == "pgbench":
            program = find_programs(self.settings.state_dir / "postgres") / "pgbench"
            watched = Watched((), self.postmaster)
            return pgbench(program, self.url, script(kind, self.scale, self.grant), connections, self.seconds, watched)
        mix = self.mixes.get((kind.split(maxsplit=1)[0], name))
        if mix is None or (kind == "point 128" and name != "ours"):
            return None
        server = self.running[name]
        watched = Watched((server.process.pid,), self.postmaster)
        figures = wrk(server.port, mix, connections, self.seconds, watched)
        if figures.failed:
            raise RuntimeError(f"{name}, {kind}: {figures.failed} of {figures.requests} requests failed")
        return figures

    # ---- more connections than anybody should open; and what the log costs

    def _overload(self) -> list[str]:
        """Every request ends within two seconds, in 200 or in 503 with Retry-After, and no connection breaks."""
        missed = []
        print(f"\n{OVERLOAD} connections")
        for kind in ("point", "page", "bbox"):
            server = self.running["ours"]
            watched = Watched((server.process.pid,), self.postmaster)
            figures = wrk(server.port, self.mixes[kind, "ours"], OVERLOAD, self.seconds, watched, strict=True)
            whole = figures.failed == figures.broken == 0 and figures.longest_ms <= LONGEST_MS
            print(
                f"  {kind:<6} {figures.rps:9.0f} rps, {figures.refused} of {figures.requests} refused, longest"
                f" {figures.longest_ms:.0f} ms, failed {figures.failed}, broken {figures.broken}"
                f"  {'met' if whole else 'MISSED'}"
            )
            missed += [] if whole else [f"{kind} at {OVERLOAD}"]
        return missed

    def _audit(self, log: Path) -> list[str]:
        """Processor time a look-up with the log over that without, server and PostgreSQL; pairs taken in turn."""
        if not asyncio.run(_disclosures(self.url)):
            print("\nlog: not measured, for nothing was written to it: none of these figures is of audited answers")
            return ["cost of the log"]
        unlogged = servers.ours(self.settings, log, logged=False)
        pairs = []
        try:
            for _ in range(1 if self.rounds == 1 else 5):
                costs = []
                for server in (self.running["ours"], unlogged):
                    watched = Watched((server.process.pid,), self.postmaster)
                    costs.append(wrk(server.port, self.mixes["point", "ours"], 32, self.seconds, watched).cpu_us)
                pairs.append(costs[0] / costs[1])
        finally:
            unlogged.stop()
        ratio = statistics.median(pairs)
        met = ratio <= AUDIT_TARGET
        print(
            f"\nlog: {ratio:.3f} times the processor time a look-up (target {AUDIT_TARGET:.2f};"
            f" pairs {', '.join(f'{pair:.3f}' for pair in pairs)})  {'met' if met else 'MISSED'}"
        )
        return [] if met else ["cost of the log"]


async def _disclosures(url: str) -> int:
    """How many disclosures the runs have left so far."""
    connection = await connect(url)
    try:
        return int(await connection.fetchval("SELECT count(*) FROM jishi.disclosure"))
    finally:
        await connection.close()


async def _client(url: str, keys: Keys) -> str:
    """A client of its own with grants under which the load is asked for; its key."""
    connection = await connect(url)
    try:
        await connection.execute("TRUNCATE jishi.disclosure")
        await connection.execute("DELETE FROM jishi.access_grant WHERE created_by = 'benchmark'")
        await connection.execute("DELETE FROM jishi.client WHERE name = 'benchmark'")
        made = await clients.create(connection, keys, "benchmark")
        elements = register_of("natural_person").elements
        asked = PERSON.split(",")
        masked = [name for name in asked if elements[name].mask is not Mask.NONE or elements[name].sealed]
        await connection.execute(
            """
            INSERT INTO jishi.access_grant
              (client_id, register, masked, clear, purposes, case_required, sharing, basis, created_by)
            VALUES ($1, 'natural_person', $2, $3, '{benchmark}', true, 'conditional', 'benchmark', 'benchmark')
            """,
            made.client_id,
            masked,
            [name for name in asked if name not in masked],
        )
        return made.api_key
    finally:
        await connection.close()


async def _grant(url: str) -> Grant:
    """The grant on persons under which the load is asked for."""
    connection = await connect(url)
    try:
        (client,) = await connection.fetchrow("SELECT client_id FROM jishi.client WHERE name = 'benchmark'")
        return (await grant_store.of_client(connection, client))["natural_person"]
    finally:
        await connection.close()


if __name__ == "__main__":
    sys.exit(main())
