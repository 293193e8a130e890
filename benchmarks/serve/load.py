"""Load: wrk with requests picked at random, pgbench with the same statement, and what both cost the processor."""

from __future__ import annotations

import json
import os
import re
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from http.client import HTTPConnection
from pathlib import Path

HERE = Path(__file__).resolve().parent
TICK_S = 1 / os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Request:
    """One request of a mix."""

    path: str
    method: str = "GET"
    body: str = ""


@dataclass(frozen=True, slots=True)
class Figures:
    """What one run gave. ``server_us`` and ``postgres_us``: processor time a request; ``failed``: neither 200 nor, where
    it was counted, 503; ``broken``: connections refused, reset or given up after two seconds.
    """

    rps: float
    p50_ms: float = 0.0
    p99_ms: float = 0.0
    longest_ms: float = 0.0
    requests: int = 0
    failed: int = 0
    broken: int = 0
    refused: int = 0
    server_us: float = 0.0
    postgres_us: float = 0.0

    @property
    def cpu_us(self) -> float:
        return self.server_us + self.postgres_us


@dataclass
class Mix:
    """Requests to pick from, with the headers that go with all of them."""

    requests: Sequence[Request]
    headers: Mapping[str, str] = field(default_factory=dict)

    def write(self) -> Path:
        """A file wrk's script reads: headers, an empty line, then method, path and body a line."""
        lines = [f"{name}\t{text}" for name, text in self.headers.items()]
        lines += ["", *(f"{one.method}\t{one.path}\t{one.body}" for one in self.requests)]
        with tempfile.NamedTemporaryFile("w", suffix=".mix", delete=False, encoding="utf-8") as file:
            file.write("\n".join(lines) + "\n")
        return Path(file.name)


def wrk(port: int, mix: Mix, connections: int, seconds: int, watched: Watched, *, strict: bool = False) -> Figures:
    """One run; ``strict`` looks at every answer: 200, 503 with Retry-After, or failed."""
    path = mix.write()
    try:
        before = watched.cpu_s()
        done = subprocess.run(
            [
                "wrk",
                "-t1",
                f"-c{connections}",
                f"-d{seconds}s",
                "--timeout",
                "2s",
                "-s",
                str(HERE / "mix.lua"),
                f"http://127.0.0.1:{port}",
                "--",
                str(path),
                "strict" if strict else "plain",
            ],
            capture_output=True,
            text=True,
            check=True,
        )
        after = watched.cpu_s()
    finally:
        path.unlink()
    told = json.loads(done.stdout.splitlines()[-1])
    requests = max(1, int(told["requests"]))
    return Figures(
        rps=requests / told["seconds"],
        p50_ms=told["p50"],
        p99_ms=told["p99"],
        longest_ms=told["longest"],
        requests=requests,
        failed=told["failed"],
        broken=told["broken"],
        refused=told["refused"],
        server_us=(after[0] - before[0]) / requests * 1e6,
        postgres_us=(after[1] - before[1]) / requests * 1e6,
    )


def pgbench(program: Path, url: str, script: str, connections: int, seconds: int, watched: Watched) -> Figures:
    """The same statement without any server before it, prepared, one thread as wrk has one."""
    with tempfile.NamedTemporaryFile("w", suffix=".sql", encoding="utf-8") as file:
        file.write(script)
        file.flush()
        before = watched.cpu_s()
        done = subprocess.run(
            [
                str(program),
                "-n",
                "-M",
                "prepared",
                "-c",
                str(connections),
                "-j",
                "1",
                "-T",
                str(min(6, seconds + connections // 50)),  # its connecting takes part of the time
                "-f",
                file.name,
                url,
            ],
            capture_output=True,
            text=True,
            check=False,
        )
        after = watched.cpu_s()
    found = re.search(r"tps = ([\d.]+)", done.stdout)
    if done.returncode or found is None or "failed transactions: 0" not in done.stdout:
        raise RuntimeError(f"pgbench: {done.stderr[-500:]} {done.stdout[-500:]}")  # its arguments hold the password
    transactions = int(re.search(r"actually processed: (\d+)", done.stdout)[1])
    tps = float(found[1])
    latency = float(re.search(r"latency average = ([\d.]+)", done.stdout)[1])
    return Figures(
        rps=tps, p50_ms=latency, requests=transactions, postgres_us=(after[1] - before[1]) / max(1, transactions) * 1e6
    )


def fixed(port: int, mix: Mix, connections: int, total: int) -> float:
    """Seconds until ``total`` requests over ``connections`` connections were answered, each with 200."""
    waiting = [mix.requests[number % len(mix.requests)] for number in range(total)]
    failures: list[str] = []

    def work() -> None:
        connection = HTTPConnection("127.0.0.1", port, timeout=120)
        while True:
            try:
                one = waiting.pop()
            except IndexError:
                break
            connection.request(one.method, one.path, one.body or None, dict(mix.headers))
            answer = connection.getresponse()
            answer.read()
            if answer.status != 200:
                failures.append(str(answer.status))
        connection.close()

    threads = [threading.Thread(target=work) for _ in range(connections)]
    started = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise RuntimeError(f"{len(failures)} of {total} requests failed: {sorted(set(failures))}")
    return time.perf_counter() - started


class Watched:
    """Processor time of a server's processes and of PostgreSQL's; what has ended counts through its parent."""

    def __init__(self, servers: Iterable[int], postmaster: int) -> None:
        self._servers = tuple(servers)
        self._postmaster = postmaster

    def cpu_s(self) -> tuple[float, float]:
        stats = dict(_stats())
        return (
            sum(_tree_s(stats, pid) for pid in self._servers),
            _tree_s(stats, self._postmaster),
        )


def _tree_s(stats: Mapping[int, tuple[int, float]], root: int) -> float:
    """Seconds of ``root`` and all below it."""
    known = {root}
    grown = True
    while grown:
        more = {pid for pid, (parent, _) in stats.items() if parent in known} - known
        known |= more
        grown = bool(more)
    return sum(stats[pid][1] for pid in known if pid in stats)


def _stats() -> Iterable[tuple[int, tuple[int, float]]]:
    """pid → parent, seconds of user and system time with those of children that have ended."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parts = (entry / "stat").read_text(encoding="utf-8").rpartition(")")[2].split()
            except OSError:
                continue
            yield int(entry.name), (int(parts[1]), sum(map(int, parts[11:15])) * TICK_S)


def graphql(queries: object) -> Mix:
    requests = [Request("/graphql", "POST", json.dumps({"query": text})) for text in queries]  # type: ignore[attr-defined]
    return Mix(requests, {"Content-Type": "application/json"})


def camel(names: str) -> str:
    parts = [name.split("_") for name in names.split(",")]
    return " ".join(first + "".join(word.capitalize() for word in rest) for first, *rest in parts)


def dashed(text: str) -> str:
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"
