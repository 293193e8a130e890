"""Fuzzing of the readers: corpus files bent, cut, spliced and rebuilt; only a refusal may come of it, in bounded time.

``python tests/corpus/fuzz.py --minutes 60 --log FILE`` runs alone: a child process under a limit of memory takes the
inputs, so that one that ends the process is a finding and not the end. A finding is kept beside the log, by its seed.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import random
import re
import resource
import signal
import sys
import tempfile
import time
import traceback
import warnings
from collections import Counter
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

MEMORY_BYTES = 4 << 30
SLOW_S = 20
EACH = 1_500
"""Inputs a child takes before a fresh one takes its place."""

LARGEST = 400_000
"""Bytes of a corpus file that is worth bending: the larger ones test size, not shape."""


class TooSlow(BaseException):
    """An input took longer than SLOW_S; no reader may catch it."""


@dataclass
class Tally:
    """What a run found."""

    started: float = field(default_factory=time.time)
    inputs: int = 0
    read: int = 0
    rows: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    kinds: Counter[str] = field(default_factory=Counter)
    ways: Counter[str] = field(default_factory=Counter)
    crashes: int = 0
    deaths: int = 0
    timeouts: int = 0
    slowest_s: float = 0.0
    memory_mib: int = 0

    def text(self) -> str:
        shown = {
            **vars(self),
            "minutes": round((time.time() - self.started) / 60, 1),
            "slowest_s": round(self.slowest_s, 2),
        }
        return json.dumps(shown, ensure_ascii=False, indent=1)


def seeds(made: Path | None = None) -> list[Any]:
    """The corpus files that are small enough to be bent; ``made``: a file of theirs written before by :func:`keep_seeds`."""
    from corpus import CASES

    wanted = [case for case in CASES if not case.name.startswith("bomb")]
    if made is None:
        return [(case, data) for case in wanted if len(data := case.make()) <= LARGEST]
    files = json.loads(made.read_text(encoding="ascii"))
    return [(case, bytes.fromhex(files[case.name])) for case in wanted if case.name in files]


def keep_seeds(path: Path) -> None:
    """Make the files once for all children: some take long."""
    path.write_text(json.dumps({case.name: data.hex() for case, data in seeds()}), encoding="ascii")


def try_one(case: Any, name: str, data: bytes) -> tuple[str, int]:
    """Take one input as far as the rules: ``read`` and its rows, or the code it was refused with."""
    from dataclasses import replace

    from corpus_case import travel
    from jishi.errors import InputRefusedError

    try:
        outcome = travel(replace(case, name=name), data)
    except InputRefusedError as error:
        sentences = [error.text(language) for language in ("zh-CN", "en")]
        if any(re.search(r"\{[a-z_]+\}", sentence) for sentence in sentences):
            raise AssertionError(f"a sentence lacks a value: {sentences}") from error
        return error.code, 0
    return "read", outcome.received


def work(link: Connection, first: int, count: int, made: Path) -> None:
    """Take inputs ``first`` … and say after each what came of it; runs in a child of its own."""
    sys.path.insert(0, str(Path(__file__).parent))
    from fuzz_input import bend

    warnings.simplefilter("error")
    files = seeds(made)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    signal.signal(signal.SIGALRM, _too_slow)
    for number in range(first, first + count):
        case, name, data, way = bend(files, random.Random(number))
        link.send(("begin", number, name, way))
        started = time.perf_counter()
        signal.alarm(SLOW_S)
        try:
            code, rows = try_one(case, name, data)
        except TooSlow:
            link.send(("timeout", number, traceback.format_exc(limit=-6), name))
            continue
        except BaseException:  # noqa: BLE001  what is no refusal is the finding
            link.send(("crash", number, traceback.format_exc(limit=-8), name))
            continue
        finally:
            signal.alarm(0)
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
        link.send(("end", code, rows, time.perf_counter() - started, memory))
    link.send(("done",))


def run(minutes: float, log: Path, first: int = 0) -> Tally:
    """Fuzz for so many minutes; the summary is written anew every hundred inputs, each finding at once."""
    tally, number, end = Tally(), first, time.monotonic() + minutes * 60
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder) / "seeds.json"
        keep_seeds(made)
        while time.monotonic() < end:
            number = _one_child(tally, log, number, end, made)
    log.write_text(tally.text() + "\n", encoding="utf-8")
    return tally


def _one_child(tally: Tally, log: Path, first: int, end: float, made: Path) -> int:
    """Start a child, follow it to its end; the number of the next input."""
    context = multiprocessing.get_context("spawn")
    link, other = context.Pipe(duplex=False)
    child = context.Process(target=work, args=(other, first, EACH, made))
    child.start()
    other.close()
    number, name = first, ""
    try:
        while time.monotonic() < end and link.poll(SLOW_S * 6):
            message = link.recv()
            match message:
                case ("begin", number, name, way):
                    tally.inputs += 1
                    tally.kinds[Path(name).suffix] += 1
                    tally.ways[way] += 1
                    if tally.inputs % 100 == 0:
                        log.write_text(tally.text() + "\n", encoding="utf-8")
                case ("end", code, rows, seconds, memory):
                    _count(tally, code, rows, seconds, memory)
                case ("done",):
                    return number + 1
                case (what, number, told, name):
                    tally.timeouts += what == "timeout"
                    tally.crashes += what == "crash"
                    _keep(log, number, f"{what} {name}\n{told}")
        if time.monotonic() < end:
            tally.timeouts += 1
            _keep(log, number, f"hung {name}")
    except EOFError:
        child.join()
        tally.deaths += 1
        _keep(log, number, f"died with {child.exitcode} {name}")
    finally:
        child.kill()
        child.join()
        link.close()
    return number + 1


def _count(tally: Tally, code: str, rows: int, seconds: float, memory: int) -> None:
    tally.slowest_s, tally.memory_mib = max(tally.slowest_s, seconds), max(tally.memory_mib, memory)
    tally.rows += rows
    if code == "read":
        tally.read += 1
    else:
        tally.refused[code] += 1


def _keep(log: Path, number: int, told: str) -> None:
    with log.with_suffix(".found").open("a", encoding="utf-8") as out:
        out.write(f"== seed {number}: {told}\n")


def _too_slow(*_: Any) -> None:
    raise TooSlow


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=1.0)
    parser.add_argument("--log", type=Path, default=Path("corpus-fuzz.log"))
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--seed", type=int, help="take this one input here, with its trace")
    args = parser.parse_args()
    sys.path.insert(0, str(Path(__file__).parent))
    if args.seed is None:
        print(run(args.minutes, args.log, args.first).text())  # noqa: T201
        return
    from fuzz_input import bend

    case, name, data, way = bend(seeds(), random.Random(args.seed))
    Path("fuzz-input.bin").write_bytes(data)
    print(name, way, len(data), try_one(case, name, data))  # noqa: T201


if __name__ == "__main__":
    main()
