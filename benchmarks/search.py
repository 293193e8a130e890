"""Any part of a name: the index of characters beside pg_trgm, doubled characters, bigrams and no index, in one run.

1,000,000 invented organisations (halves of real names joined anew where ../shared/data is there, else made of the demo
city's parts) in a table of their own for the choice of the index, and in ``legal_entity`` for what the API answers:
``LIKE`` filters and ``q`` through the whole application, one request after the other. Prints what each index costs and
what it answers, ratios against a sequential scan and against plain pg_trgm, the plans of the persons' shapes at as many
rows, and what loading real entities takes with and without the index. Exit code 1 where a target is missed.

    python benchmarks/search.py [--rows 1000000] [--parts index,api,persons,ingest] [--variants characters,trigram,…]
"""

from __future__ import annotations

import argparse
import asyncio
import random
import shutil
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import asyncpg
import httpx

from jishi.access import clients
from jishi.errors import Fault
from jishi.identifiers.keys import load_or_create
from jishi.prepare import prepare
from jishi.registers.catalog import register_of
from jishi.settings import Settings
from jishi.storage import cluster
from jishi.storage.engine import connect
from jishi_api.main import create_app
from jishi_api.personal import search_of

DATA = Path(__file__).resolve().parents[2] / "shared" / "data" / "03_legal_entities"
SEED = 20261122
SAMPLE = 100_000
TARGETS = {"rare / sequential": 0.02, "slowest page, ms": 2000.0, "size / trigram": 0.5, "ingest with / without": 1.2}

PATTERNS = {
    "rare, 2 characters": "恒瑞",
    "absent, 2": "彤睿",
    "frequent characters, rare pair": "国通",
    "common, 2": "苏州",
    "rare, 3": "虎丘区",
    "medium, 3": "纺织品",
    "medium, 4": "精密机械",
    "common, 4": "有限公司",
    "long": "常德市鼎城区",
}

VARIANTS = {
    "characters": ("gin (jishi.characters(name))", "jishi.characters(name) @> {letters} AND name LIKE {pattern}"),
    "trigram": ("gin (name gin_trgm_ops)", "name LIKE {pattern}"),
    "doubled": ("gin (lab.doubled(name) gin_trgm_ops)", "lab.doubled(name) LIKE {doubled} AND name LIKE {pattern}"),
    "bigram": ("gin (lab.bigrams(name))", "lab.bigrams(name) @> {pairs} AND name LIKE {pattern}"),
}

LAB = r"""
CREATE SCHEMA lab;
CREATE TABLE lab.organisation (uid uuid PRIMARY KEY, name text, rest text);
CREATE FUNCTION lab.doubled(t text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN regexp_replace(t, '(.)', '\1\1', 'g');
CREATE FUNCTION lab.bigrams(t text) RETURNS text[] LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (SELECT coalesce(array_agg(substr(lower(t), i, 2)), '{}') FROM generate_series(1, length(t) - 1) i);
"""

Rows = list[tuple[Any, ...]]


def main() -> int:
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--parts", default="index,api,persons,ingest")
    parser.add_argument("--variants", default=",".join(VARIANTS))
    parser.add_argument("--state", type=Path, help="a folder to keep the database in, and to find it again")
    args = parser.parse_args()
    folder = args.state or Path(tempfile.mkdtemp(prefix="jishi-bench-"))
    folder.chmod(0o755)
    settings = Settings(state=folder / "state", home=folder / "home")
    figures: dict[str, float] = {}
    try:
        prepare(settings)
        for part in args.parts.split(","):
            work = {"index": compare_indexes, "api": ask_api, "persons": explain_persons, "ingest": load_entities}[part]
            figures |= asyncio.run(work(settings, args.rows, args.variants.split(",")))
    finally:
        cluster.stop(settings)
        if not args.state:
            shutil.rmtree(folder, ignore_errors=True)
    missed = {name for name, value in figures.items() if value > TARGETS[name]}
    for name, value in figures.items():
        print(f"{name:<24} {value:10.4f}  target {TARGETS[name]:g}  {'MISSED' if name in missed else 'met'}")
    return int(bool(missed))


def names(rows: int, seed: int = SEED) -> Iterator[str]:
    """The first half of one name and the second of another: as long, and of as common characters, as real ones are."""
    dice = random.Random(seed)
    known = real_names() or invented_names(dice)
    for _ in range(rows):
        one, other = dice.choice(known), dice.choice(known)
        yield one[: len(one) // 2] + other[len(other) // 2 :]


def real_names() -> list[str]:
    import polars as pl

    path = DATA / "jiangsu_hunan_1978_2004.parquet"
    return pl.read_parquet(path)["企业名称"].drop_nulls().to_list() if path.exists() else []


def invented_names(dice: random.Random) -> list[str]:
    towns, trades = (
        ("苏州", "常熟", "昆山", "常德", "南京"),
        ("电子科技", "精密机械", "纺织品", "物流", "建筑工程", "商贸"),
    )
    brands = [chr(0x4E00 + dice.randrange(3000)) + chr(0x4E00 + dice.randrange(3000)) for _ in range(20_000)]
    return [f"{dice.choice(towns)}{brand}{dice.choice(trades)}有限公司" for brand in (*brands, "恒瑞", "国通")]


async def compare_indexes(settings: Settings, rows: int, variants: list[str]) -> dict[str, float]:
    """Each index built, asked and dropped; then the next."""
    connection = await connect(cluster.url(settings))
    await connection.execute(f"DROP SCHEMA IF EXISTS lab CASCADE; {LAB}")
    await connection.execute("SET max_parallel_workers_per_gather = 0; SET maintenance_work_mem = '512MB'")
    for start in range(0, rows, SAMPLE):
        batch = [
            (uuid.UUID(int=(start + at) << 64 | 5), name, "x" * 200)
            for at, name in enumerate(names(min(SAMPLE, rows - start), SEED + start))
        ]
        await connection.copy_records_to_table("organisation", schema_name="lab", records=batch)
    await connection.execute("VACUUM ANALYZE lab.organisation")
    print(f"{rows} organisations", flush=True)
    plain_insert = await _insert(connection)
    sequential = {
        name: await _ask(connection, "name LIKE {pattern}", text, once=True) for name, text in PATTERNS.items()
    }
    print(f"{SAMPLE} more rows without an index on names: {plain_insert:.1f} s")
    print(
        "  no index       ",
        *(f"{name}: {ms:.1f} ms of {hits}" for name, (ms, hits) in sequential.items()),
        sep="\n    ",
    )
    sizes, answers = {}, {}
    for variant in variants:
        index, test = VARIANTS[variant]
        begun = time.monotonic()
        await connection.execute(f"CREATE INDEX tried ON lab.organisation USING {index}")
        built = time.monotonic() - begun
        await connection.execute("ANALYZE lab.organisation")
        sizes[variant] = float(await connection.fetchval("SELECT pg_relation_size('lab.tried') / 1e6"))
        more = await _insert(connection)
        print(f"  {variant}: built in {built:.1f} s, {sizes[variant]:.0f} MB, {SAMPLE} more rows {more:.1f} s")
        for name, text in PATTERNS.items():
            ms, hits = await _ask(connection, test, text)
            answers[variant, name] = ms
            ratio = f"{ms / sequential[name][0]:8.4f} of no index"
            against = f", {ms / answers['trigram', name]:8.4f} of trigram" if ("trigram", name) in answers else ""
            print(f"    {name:<32} {ms:9.2f} ms {hits:>5} hits {ratio}{against}")
        await connection.execute("DROP INDEX lab.tried")
    await connection.execute("DROP SCHEMA lab CASCADE")
    await connection.close()
    figures = {}
    if "characters" in variants:
        rare = "rare, 2 characters"
        figures["rare / sequential"] = answers["characters", rare] / sequential[rare][0]
        if "trigram" in variants:
            figures["size / trigram"] = sizes["characters"] / sizes["trigram"]
    return figures


async def _insert(connection: asyncpg.Connection) -> float:
    """Seconds for as many rows more in one statement, taken back."""
    begun = time.monotonic()
    transaction = connection.transaction()
    await transaction.start()
    await connection.execute(
        "INSERT INTO lab.organisation SELECT gen_random_uuid(), name, rest FROM lab.organisation LIMIT $1", SAMPLE
    )
    spent = time.monotonic() - begun
    await transaction.rollback()
    await connection.execute("VACUUM lab.organisation")
    return spent


async def _ask(connection: asyncpg.Connection, test: str, text: str, *, once: bool = False) -> tuple[float, int]:
    """Milliseconds of a page by uid, the best of three; without an index one scan of everything."""

    def array(parts: list[str]) -> str:
        return f"ARRAY[{', '.join(map(quoted, dict.fromkeys(parts)))}]::text[]"

    where = test.format(
        pattern=quoted(f"%{text}%"),
        letters=array(list(text)),
        doubled=quoted(f"%{''.join(letter * 2 for letter in text)}%"),
        pairs=array([text[at : at + 2] for at in range(len(text) - 1)]),
    )
    page = "" if once else "ORDER BY uid LIMIT 101"
    times, hits = [], 0
    for _ in range(1 if once else 3):
        begun = time.perf_counter()
        hits = len(await connection.fetch(f"SELECT uid FROM lab.organisation WHERE {where} {page}"))
        times.append((time.perf_counter() - begun) * 1000)
    return min(times), hits


def quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


async def ask_api(settings: Settings, rows: int, __: list[str]) -> dict[str, float]:
    """The same patterns as filters and as words, through the application."""
    connection = await connect(cluster.url(settings))
    await connection.execute("ALTER TABLE jishi.legal_entity SET (autovacuum_enabled = false)")
    columns = ("uid", "entity_name", "domicile", "effective_from", "recorded_at", "state", "in_version", "batch_id")
    now = await connection.fetchval("SELECT now()")
    begun = time.monotonic()
    known = await connection.fetchval("SELECT count(*) FROM jishi.legal_entity")
    for start in range(known, rows, SAMPLE):
        count = min(SAMPLE, rows - start)
        told: Rows = [
            (
                uuid.UUID(int=(start + at + 1) << 64 | 5),
                name,
                f"江苏省苏州市{road}路{at % 900}号",
                now,
                now,
                "active",
                False,
                1,
            )
            for at, (name, road) in enumerate(
                zip(names(count, SEED + start), "人三十干临凤金中解文" * count, strict=False)
            )
        ]
        await connection.copy_records_to_table("legal_entity", schema_name="jishi", records=told, columns=columns)
    await connection.execute("VACUUM ANALYZE jishi.legal_entity")
    print(f"{rows - known} legal entities more with all their indexes in {time.monotonic() - begun:.0f} s", flush=True)
    made = await clients.create(connection, load_or_create(settings.key_path), f"bench {uuid.uuid4()}")
    slowest = 0.0
    application = create_app(settings)
    async with application.router.lifespan_context(application):
        transport = httpx.ASGITransport(application)
        headers = {"X-API-Key": made.api_key}
        async with httpx.AsyncClient(transport=transport, base_url="http://jishi.test", headers=headers) as client:
            for name, text in (*PATTERNS.items(), ("two words", "恒瑞 电子"), ("two common words", "苏州 有限公司")):
                asked = {"LIKE": {"filter": f"entity_name LIKE '%{text}%'"}, "q": {"q": text}}
                asked["LIKE, case ignored"] = {"filter": f"CASEI(entity_name) LIKE CASEI('%{text}%')"}
                for kind, parameters in asked.items():
                    if kind != "q" and " " in text:
                        continue
                    times: list[float] = []
                    hits = 0
                    for _ in range(3):
                        begun = time.perf_counter()
                        answer = await client.get(
                            "/collections/legal-entities/items", params=parameters | {"properties": "entity_name"}
                        )
                        times.append((time.perf_counter() - begun) * 1000)
                        answer.raise_for_status()
                        hits = answer.json()["numberReturned"]
                    slowest = max(slowest, *times)
                    print(f"    {name:<32} {kind:<20} {min(times):9.1f} ms, first {times[0]:9.1f} ms, {hits} shown")
            for at in (17, rows // 3, rows - 3):
                name = await connection.fetchval(
                    "SELECT entity_name FROM jishi.legal_entity ORDER BY uid OFFSET $1 LIMIT 1", at
                )
                begun = time.perf_counter()
                answer = await client.post(
                    "/collections/legal-entities/match", json={"examples": [{"entity_name": name[:-3] + name[-2:]}]}
                )
                spent = (time.perf_counter() - begun) * 1000
                slowest = max(slowest, spent)
                found = answer.json()["results"][0]["candidates"]
                best = max((one["score"] for one in found), default=0)
                print(f"    match, one character lost: {spent:9.1f} ms, {len(found)} candidates, best {best}")
    await connection.close()
    return {"slowest page, ms": slowest}


SHAPES: dict[str, dict[str, str]] = {
    "name + birth date": {"full_name": "王建国", "birth_date": "1949-12-31"},
    "name + division": {"full_name": "王建国", "hukou_division_code": "320505"},
    "name prefix + birth date + division": {
        "full_name": "王建%",
        "birth_date": "1949-12-31",
        "hukou_division_code": "320505",
    },
    "mobile + name": {"mobile": "13800000001", "full_name": "王建国"},
}


async def explain_persons(settings: Settings, rows: int, __: list[str]) -> dict[str, float]:
    """How the shapes of a search of persons are fetched: each by an index, none by reading the register."""
    connection = await connect(cluster.url(settings))
    await connection.execute(
        """
        INSERT INTO jishi.natural_person (uid, full_name, birth_date, birth_date_high, birth_date_precision, mobile,
          hukou_division_code, effective_from, recorded_at, state, in_version, batch_id)
        SELECT gen_random_uuid(), substr('王李张刘陈杨赵黄周吴徐孙胡朱高', 1 + n % 15, 1)
          || substr('伟芳娜敏静丽强磊军洋勇艳杰建国', 1 + n / 15 % 15, 1)
          || substr('国涛明超秀霞平刚桂英华玉兰红辉', 1 + n / 225 % 15, 1),
          d, d, 'day', '138' || lpad(n::text, 8, '0'), '32050' || 5 + n % 5 || '001', now(), now(), 'active', false, 1
        FROM (SELECT n, date '1940-01-01' + n * 7 % 25000 AS d FROM generate_series(1, $1::int) n) p
        WHERE NOT EXISTS (SELECT FROM jishi.natural_person)
        """,
        rows,
    )
    await connection.execute("VACUUM ANALYZE jishi.natural_person")
    slowest = 0.0
    for shape, key in SHAPES.items():
        faults: list[Fault] = []
        search = search_of(register_of("natural_person"), key, 1, faults)
        assert search is not None, faults
        statement = f"SELECT q.uid FROM jishi.natural_person q WHERE {search.condition.text} ORDER BY q.uid LIMIT 11"
        plan = "\n".join(row[0] for row in await connection.fetch(f"EXPLAIN {statement}", *search.condition.values))
        times: list[float] = []
        found: list[asyncpg.Record] = []
        for _ in range(3):
            begun = time.perf_counter()
            found = await connection.fetch(statement, *search.condition.values)
            times.append((time.perf_counter() - begun) * 1000)
        used = [word for word in plan.replace("(", " ").split() if word.startswith("natural_person_")]
        print(f"    {shape:<38} {min(times):8.2f} ms {len(found):>3} hits by {', '.join(dict.fromkeys(used)) or plan}")
        assert "Seq Scan" not in plan and "natural_person_pkey" not in used, plan
        slowest = max(slowest, min(times))
    await connection.close()
    return {"slowest page, ms": slowest}


async def load_entities(settings: Settings, _: int, __: list[str]) -> dict[str, float]:
    """Real entities by the whole road, without the index and with it; where the data is there."""
    from jishi.quality.stage import warm
    from jishi_ingest.road import Road
    from jishi_ingest.run import finish, source_of, submit

    file = DATA / "suzhou_1978_2004_utf8.csv"
    if not file.exists():
        print("no entities to load: ../shared/data is not there")
        return {}
    warm()
    connection = await connect(cluster.url(settings))
    await _forget(connection)
    indexes = [
        row[0]
        for row in await connection.fetch(
            "SELECT indexdef FROM pg_indexes WHERE schemaname = 'jishi' AND tablename = 'legal_entity' "
            "AND indexname LIKE '%characters_idx'"
        )
    ]
    spent: dict[str, list[float]] = {"with": [], "without": []}
    for turn in ("with", "without") * 2:
        if turn == "without":
            for index in indexes:
                await connection.execute(f"DROP INDEX jishi.{index.split()[2]}")
        road = Road.open(settings).load()
        begun = time.monotonic()
        receipt = await finish(
            road, await submit(road, source_of(road, "enterprise-registration"), file), lambda _: None
        )
        spent[turn].append(time.monotonic() - begun)
        print(
            f"    {turn:<8} {spent[turn][-1]:6.2f} s, {receipt['status']}, {receipt['inserted']} inserted: {receipt['seconds']}"
        )
        if turn == "without":
            for index in indexes:
                await connection.execute(index)
        await _forget(connection)
    await connection.close()
    return {"ingest with / without": min(spent["with"]) / min(spent["without"])}


async def _forget(connection: asyncpg.Connection) -> None:
    await connection.execute(
        "TRUNCATE jishi.legal_entity, jishi.legal_entity_version, jishi.legal_entity_contribution, "
        "jishi.legal_entity_link, jishi.identifier, jishi.relation, jishi.change, jishi.batch CASCADE"
    )


if __name__ == "__main__":
    raise SystemExit(main())
