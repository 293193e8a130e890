"""Commands that only hand something over start quickly: they import none of the libraries that do the work."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path

from jishi.settings import Settings
from jishi_ingest.road import Road
from jishi_ingest.run import worker

HEAVY = "great_expectations", "numpy", "pandas", "polars", "pyarrow", "pyogrio", "pyproj", "shapely", "openpyxl"
PROGRAM = f"""
import sys
from jishi.cli import main
try:
    code = main(sys.argv[1:])
except SystemExit as left:
    code = left.code
loaded = sorted({set(HEAVY)!r} & set(sys.modules))
sys.stderr.write("loaded " + " ".join(loaded) + "\\n")
sys.exit(code)
"""


def _run(settings: Settings, *words: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("JISHI_", "LC_"))}
    environment |= {
        "JISHI_STATE": str(settings.state_dir),
        "JISHI_HOME": str(settings.home_dir),
        "JISHI_DATABASE_URL": settings.database_url or "",
        "LANG": "en_GB.UTF-8",
    }
    return subprocess.run(
        [sys.executable, "-c", PROGRAM, *words], check=False, capture_output=True, text=True, env=environment
    )


def _heavy(done: subprocess.CompletedProcess[str]) -> list[str]:
    return done.stderr.splitlines()[-1].split()[1:]


def test_help_loads_nothing_heavy(settings: Settings) -> None:
    done = _run(settings, "--help")
    assert (done.returncode, _heavy(done)) == (0, [])
    assert "ingest" in done.stdout


async def test_a_file_is_handed_to_a_running_worker_without_loading_what_reads_it(
    settings: Settings, tmp_path: Path
) -> None:
    file = tmp_path / "places.csv"
    file.write_text("名称,地址,经度,纬度\n甲,苏州市姑苏区一路1号,120.6,31.3\n乙,二路2号,0,0\n", encoding="utf-8")
    stop = asyncio.Event()
    running = asyncio.create_task(worker(Road.open(settings)).run(stop))
    try:
        first = await asyncio.to_thread(_run, settings, "ingest", "run", "places", "--file", str(file), "--json")
        again = await asyncio.to_thread(_run, settings, "ingest", "run", "places", "--file", str(file))
    finally:
        stop.set()
        await running
    receipt = json.loads(first.stdout)
    assert (first.returncode, receipt["status"], receipt["reasons"]) == (0, "published", {"place.geom.readable": 1})
    assert _heavy(first) == _heavy(again) == []
    assert again.stdout.splitlines()[0].endswith("unchanged (received 2, unchanged 1, refused 1)")
    assert "Geometry cannot be read as what it should be  [place.geom.readable]" in again.stdout
    status = await asyncio.to_thread(_run, settings, "ingest", "status", str(receipt["batch"]), "--json")
    assert json.loads(status.stdout) == receipt
    assert _heavy(status) == []
