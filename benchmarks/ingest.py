"""Ingest against dlt's scd2 merge and plain COPY into the indexed table, in one run on one private PostgreSQL.

Ours does the whole road: landing (encrypted), reading, standardising, Great Expectations, quarantine, contributions,
golden records, versions, sealed identifiers, change feed, ledger. dlt gets the same rows as a clean Arrow table and
validates nothing. Imports are outside the clock on both sides. Prints seconds and ratios; exit code 1 if a target fails.

    python benchmarks/ingest.py [--rows 1000000] [--rounds 1] [--memory]
"""

from __future__ import annotations

import argparse
import asyncio
import json
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import polars as pl

from jishi.logs import configure
from jishi.prepare import prepare
from jishi.quality.stage import warm
from jishi.settings import Settings
from jishi.storage import cluster
from jishi.storage.engine import connect
from jishi_ingest.demo.population import population_frame
from jishi_ingest.road import Road
from jishi_ingest.run import finish, source_of, submit

DELTA = 20_000
SEED = 20261121
TARGETS = {"initial/dlt": 2.0, "initial/copy": 2.5, "full/dlt": 0.5, "delta/dlt": 1.5, "memory 3M/1M": 1.2}
DELTA_SOURCE = 'mode = "delta"\nabsence = "ignore"\nscope = []\n'


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--rows", type=int, default=1_000_000)
    arguments.add_argument("--rounds", type=int, default=1)
    arguments.add_argument("--memory", action="store_true", help="also peak memory at 1x and 3x the rows")
    arguments.add_argument("--ours-only", action="store_true")
    arguments.add_argument("--child", type=Path, help=argparse.SUPPRESS)
    args = arguments.parse_args()
    if args.child:
        return child(args.child, args.rows)
    ratios: dict[str, list[float]] = {}
    for number in range(args.rounds):
        for name, value in one_round(args.rows, number, args.ours_only).items():
            ratios.setdefault(name, []).append(value)
    if args.memory:
        ratios["memory 3M/1M"] = [memory_ratio(args.rows)]
    failed = False
    for name, values in ratios.items():
        median = statistics.median(values)
        missed = median > TARGETS[name]
        failed |= missed
        print(f"{name:<14} {median:6.2f}  target {TARGETS[name]:.2f}  {'MISSED' if missed else 'met'}  {values}")
    return int(failed)


def one_round(rows: int, number: int, ours_only: bool) -> dict[str, float]:
    """Initial load, full re-delivery and delta by each contestant; ratios."""
    folder = Path(tempfile.mkdtemp(prefix="jishi-bench-"))
    folder.chmod(0o755)
    settings = Settings(state=folder / "state", home=folder / "home")
    know_the_invented_division(settings)
    files = write_files(folder, rows, SEED + number)
    try:
        prepare(settings)
        ours = asyncio.run(run_ours(settings, files))
        print("ours", {name: round(value, 2) for name, value in ours.items()}, flush=True)
        if ours_only:
            return {}
        copied = asyncio.run(run_copy(settings, files["initial"]))
        print(f"copy into indexed table {copied:.2f}", flush=True)
        dlt = run_dlt(settings, files)
        print("dlt", {name: round(value, 2) for name, value in dlt.items()}, flush=True)
        return {
            "initial/dlt": ours["initial"] / dlt["initial"],
            "initial/copy": ours["initial"] / copied,
            "full/dlt": ours["full"] / dlt["full"],
            "delta/dlt": ours["delta"] / dlt["delta"],
        }
    finally:
        cluster.stop(settings)
        shutil.rmtree(folder, ignore_errors=True)


def know_the_invented_division(settings: Settings) -> None:
    """The invented persons are numbered in a division that does not exist: without it nearly every row would be warned of."""
    folder = settings.home_dir / "dictionaries" / "codes"
    folder.mkdir(parents=True)
    (folder / "division.csv").write_text(
        "code,name,level,full_name,kind\n320599,演示区,county,江苏省苏州市演示区,statutory\n"
    )


def write_files(folder: Path, rows: int, seed: int) -> dict[str, Path]:
    """Three deliveries as CSV, and beside each the same clean rows as parquet for the peers."""
    frame = population_frame(rows + rows // 100 + DELTA // 2, seed)
    # a free number range in the shape of a mobile number, so that not every row carries a warning
    frame = frame.with_columns(("160" + pl.col("联系电话").str.slice(3)).alias("联系电话"))
    first, extra = frame.head(rows), frame.slice(rows)
    n = rows // 100
    changed = first.head(n).with_columns((pl.col("户籍地址") + "东侧").alias("户籍地址"))
    bad = first.slice(n, n).with_columns((pl.col("公民身份号码").str.slice(0, 17) + "A").alias("公民身份号码"))
    good_full = pl.concat([changed, first.slice(2 * n), extra.head(n)])
    full = pl.concat([changed, bad, first.slice(2 * n), extra.head(n)])
    delta = pl.concat(
        [first.slice(3 * n, DELTA // 2).with_columns(pl.lit("1").alias("民族")), extra.slice(n, DELTA // 2)]
    ).with_columns(pl.lit("01").alias("民族"), (pl.col("户籍地址") + "西侧").alias("户籍地址"))
    found: dict[str, Path] = {}
    for name, sent, clean in (("initial", first, first), ("full", full, good_full), ("delta", delta, delta)):
        found[name] = folder / f"{name}.csv"
        sent.write_csv(found[name])
        clean.rename(dict(zip(clean.columns, COLUMNS, strict=True))).write_parquet(folder / f"{name}.parquet")
    return found


COLUMNS = ("rec_id", "origin", "full_name", "sex", "id_number", "birth_date", "ethnicity", "address", "mobile")


async def run_ours(settings: Settings, files: dict[str, Path]) -> dict[str, float]:
    """The road in a process that has Great Expectations imported and the declarations read, as a worker has."""
    configure(30)
    warm()
    spent: dict[str, float] = {}
    for name in ("initial", "full", "delta"):
        if name == "delta":
            (settings.home_dir / "sources").mkdir(parents=True, exist_ok=True)
            (settings.home_dir / "sources" / "population.toml").write_text(DELTA_SOURCE)
        road = Road.open(settings).load()
        begun = time.monotonic()
        receipt = await finish(road, await submit(road, source_of(road, "population"), files[name]), lambda _: None)
        spent[name] = time.monotonic() - begun
        shown = {key: receipt[key] for key in ("status", "received", "unchanged", "inserted", "updated", "quarantined")}
        print(f"  {name}: {spent[name]:.2f} s {json.dumps(shown | {'seconds': receipt['seconds']})}", flush=True)
        if receipt["status"] != "published":
            raise SystemExit(f"{name} was not published: {receipt}")
    return spent


async def run_copy(settings: Settings, file: Path) -> float:
    """Plain COPY of the same CSV into a table with a primary key and two indexes: what no loader can undercut by much."""
    connection = await connect(cluster.url(settings))
    try:
        await connection.execute("CREATE SCHEMA plain")
        await connection.execute(
            f"CREATE TABLE plain.person ({', '.join(f'{name} text' for name in COLUMNS)}, PRIMARY KEY (rec_id))"
        )
        await connection.execute("CREATE INDEX ON plain.person (id_number); CREATE INDEX ON plain.person (full_name)")
        begun = time.monotonic()
        with file.open("rb") as stream:
            await connection.copy_to_table(
                "person", schema_name="plain", source=stream, format="csv", header=True, columns=COLUMNS
            )
        spent = time.monotonic() - begun
        await connection.execute("DROP SCHEMA plain CASCADE")
        return spent
    finally:
        await connection.close()


def run_dlt(settings: Settings, files: dict[str, Path]) -> dict[str, float]:
    """dlt's scd2 strategy on Arrow tables; ``merge_key`` for the delta, so that absent rows are not retired."""
    import dlt
    import pyarrow.parquet as pq
    from dlt.sources.helpers.transform import add_row_hash_to_table

    place = settings.state_dir / "dlt"
    pipeline = dlt.pipeline(
        "bench",
        destination=dlt.destinations.postgres(_dlt_credentials(settings)),
        dataset_name="dlt_bench",
        pipelines_dir=str(place),
        progress=None,
    )
    spent: dict[str, float] = {}
    for name in ("initial", "full", "delta"):
        table = pq.read_table(files[name].with_suffix(".parquet"))
        begun = time.monotonic()
        source = dlt.resource(
            [table],
            name="person",
            merge_key="rec_id" if name == "delta" else None,
            write_disposition={
                "disposition": "merge",
                "strategy": "scd2",
                "row_version_column_name": "row_hash",
            },
        ).add_map(add_row_hash_to_table("row_hash"))
        pipeline.run(source, loader_file_format="csv").raise_on_failed_jobs()
        spent[name] = time.monotonic() - begun
    return spent


def _dlt_credentials(settings: Settings) -> str:
    """The owner's address over loopback: dlt wants a host name."""
    parts = urlsplit(cluster.url(settings))
    port = parse_qs(parts.query)["port"][0]
    return f"postgresql://{parts.username}:{parts.password}@127.0.0.1:{port}{parts.path}"


def memory_ratio(rows: int) -> float:
    """Peak resident memory of a fresh process that ingests 3x the rows, over that for 1x."""
    peaks = []
    for factor in (1, 3):
        folder = Path(tempfile.mkdtemp(prefix="jishi-bench-"))
        folder.chmod(0o755)
        settings = Settings(state=folder / "state", home=folder / "home")
        try:
            frame = population_frame(rows * factor, SEED)
            frame.with_columns(("160" + pl.col("联系电话").str.slice(3)).alias("联系电话")).write_csv(
                folder / "initial.csv"
            )
            del frame
            know_the_invented_division(settings)
            prepare(settings)
            command = [sys.executable, __file__, "--child", str(folder), "--rows", str(rows * factor)]
            done = subprocess.run(command, check=True, capture_output=True, text=True)
            peak = json.loads(done.stdout.strip().splitlines()[-1])["peak_mb"]
            print(f"peak memory at {rows * factor} rows: {peak:.0f} MB", flush=True)
            peaks.append(peak)
        finally:
            cluster.stop(settings)
            shutil.rmtree(folder, ignore_errors=True)
    return float(peaks[1] / peaks[0])


def child(folder: Path, rows: int) -> int:
    """Ingest one file and print this process's peak memory."""
    settings = Settings(state=folder / "state", home=folder / "home")

    async def run() -> dict[str, Any]:
        warm()
        road = Road.open(settings)
        return await finish(
            road, await submit(road, source_of(road, "population"), folder / "initial.csv"), lambda _: None
        )

    receipt = asyncio.run(run())
    if receipt["received"] != rows:
        raise SystemExit(str(receipt))
    print(json.dumps({"peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
