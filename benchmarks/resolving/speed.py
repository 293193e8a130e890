"""How fast names are resolved over HTTP, beside as many single ``SELECT 1``; part of ``resolve.py``."""

from __future__ import annotations

import asyncio
import os
import random
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import httpx

from jishi.prepare import prepare
from jishi.settings import Settings
from jishi.storage import cluster
from jishi.storage.engine import connect

MANY = 50_000
BATCH = 1000
FRONTS = ("", "项目", "关于", "2024年", "（三）", "政务", "市级", "03-", "信息化项目", "某系统", "全市", "拟")
ENDS = ("", "报告", "表", "工作", "服务", "会议", "材料", "事项", "流程", "文件", "环节", "情况")
_PARTS = "东西南北上下大小新老高长清白青金石龙凤云江河湖海山水林田桥门关口塘湾坪坝岭沟园庄营屯店"


def distinct_names(base: Sequence[str], count: int, seed: int) -> list[str]:
    """``count`` names that differ from one another: the given ones with things before and after."""
    dice = random.Random(seed)
    found: dict[str, None] = {}
    while len(found) < count:
        found[
            dice.choice(FRONTS) + dice.choice(base) + dice.choice(ENDS) + dice.choice(("", "", str(dice.randrange(99))))
        ] = None
    return list(found)


def measure(base: Sequence[str], rounds: int) -> dict[str, Any]:
    """Milliseconds, medians over ``rounds``, of a server and a database made for this."""
    with tempfile.TemporaryDirectory(prefix="jishi-bench-") as folder:
        settings = Settings(state=Path(folder) / "state", home=Path(folder) / "home", workers=1)
        Path(folder).chmod(0o755)  # the database's user passes through
        url = prepare(settings)
        try:
            long_list = asyncio.run(_add_many(url))
            return _served(settings, url, base, long_list, rounds)
        finally:
            cluster.stop(settings)


def _served(settings: Settings, url: str, base: Sequence[str], long_list: Sequence[str], rounds: int) -> dict[str, Any]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {
        **os.environ,
        "JISHI_DATABASE_URL": url,
        "JISHI_STATE": str(settings.state_dir),
        "JISHI_WORKERS": "1",
    }
    command = [sys.executable, "-m", "jishi.cli", "serve", "--port", str(port)]
    server = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT)
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60) as client:
            _wait(client, server)
            return asyncio.run(_rounds(client, url, base, long_list, rounds))
    finally:
        server.terminate()
        server.wait(30)


async def _rounds(
    client: httpx.Client, url: str, base: Sequence[str], long_list: Sequence[str], rounds: int
) -> dict[str, Any]:
    started = time.perf_counter()
    _ask(client, ["湖"], "bench-long")
    first_long_s = time.perf_counter() - started
    _ask(client, ["立项"], None)
    connection = await connect(url)
    selects, short, long = [], [], []
    for number in range(rounds):
        for _ in range(50):
            await connection.fetchval("SELECT 1")
        started = time.perf_counter()
        for _ in range(BATCH):
            await connection.fetchval("SELECT 1")
        selects.append(time.perf_counter() - started)
        short.append(_ask(client, distinct_names(base, BATCH, number), None))
        long.append(_ask(client, _typed(long_list, number), "bench-long"))
    await connection.close()
    middle = rounds // 2
    ratios = sorted(one / other for one, other in zip(short, selects, strict=True))
    again = sorted(one / other for one, other in zip(long, short, strict=True))
    return {
        "select_1_ms": sorted(selects)[middle] * 1000,
        "project_schemes_ms": sorted(short)[middle] * 1000,
        "long_list_ms": sorted(long)[middle] * 1000,
        "first_answer_of_long_list_s": first_long_s,
        "ratio_to_select_1": ratios[middle],
        "ratio_long_to_short": again[middle],
    }


def _ask(client: httpx.Client, names: list[str], scheme: str | None) -> float:
    body: dict[str, object] = {"names": names} | ({"scheme": scheme} if scheme else {})
    started = time.perf_counter()
    answer = client.post("/dictionary/resolve", json=body)
    taken = time.perf_counter() - started
    assert answer.status_code == 200 and len(answer.json()["results"]) == len(names), answer.text[:300]
    return taken


def _typed(names: Sequence[str], seed: int) -> list[str]:
    """Names of the long list as people type them: half as they are, the others with a character lost or doubled."""
    dice = random.Random(seed)
    typed = []
    for name in dice.sample(list(names), BATCH):
        place = dice.randrange(len(name))
        typed.append(
            dice.choice((name, name, name[:place] + name[place + 1 :] or name, name[:place] + name[place:] * 2))
        )
    return typed


async def _add_many(url: str) -> list[str]:
    """A code list of 50,000 invented places."""
    dice = random.Random(7)
    names: dict[str, None] = {}
    while len(names) < MANY:
        names[
            "".join(dice.choices(_PARTS, k=dice.choice((2, 2, 3, 4))))
            + dice.choice(("街道", "镇", "乡", "村", "社区", "新区"))
        ] = None
    connection = await connect(url)
    await connection.execute(
        "INSERT INTO jishi.code_list (id, title, title_en, standard, edition, source, complete, extensible, checked, version) "
        "VALUES ('bench-long', '长表', 'long list', '', '', '', false, true, '2026-01-01', '1')"
    )
    await connection.execute(
        "INSERT INTO jishi.code_value (list, code, name, name_en, note) "
        "SELECT 'bench-long', lpad(place::text, 12, '0'), name, '', '' FROM unnest($1::text[]) WITH ORDINALITY AS given (name, place)",
        list(names),
    )
    await connection.close()
    return list(names)


def _wait(client: httpx.Client, server: subprocess.Popen[bytes]) -> None:
    for _ in range(600):
        if server.poll() is not None:
            raise SystemExit("the server ended")
        try:
            if client.get("/health/live").status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    raise SystemExit("the server does not answer")
