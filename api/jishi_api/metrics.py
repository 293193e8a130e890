"""What the processes of one deployment count, and the text Prometheus reads of it (edge of the road out).

A request costs a few additions to plain numbers. Once a second each process writes its numbers down in the folder all
processes of the deployment share; whoever is asked for ``/metrics`` adds them up, so that an answer speaks for all of
them, not for the one that happened to take the request. Counts of a process that has ended stay until the next start.
Labels are bounded: the template of a route, a known method, the class of a status; never a path or a caller.
"""

from __future__ import annotations

import json
import os
import time
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

if TYPE_CHECKING:
    from jishi_api.lanes import Lanes

BUCKETS_S = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
METHODS = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
"""What a caller may invent as a method stands in no label and no log line: it is ``other``."""
STALE_S = 5.0
"""After this silence a process is taken to be gone: what it was doing counts no more, what it did still does."""

Key = tuple[str, str, str]


class Metrics:
    """The numbers of one process; ``folder``: where all processes write theirs down, None = this one is alone."""

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder
        self.in_flight = 0
        self._requests: Counter[Key] = Counter()
        self._seconds: dict[Key, list[float]] = {}
        self._refused: Counter[str] = Counter()
        self._flushes = 0
        self._flushed_rows = 0
        self._lanes: dict[str, Lanes] = {}

    def watch(self, name: str, lanes: Lanes) -> None:
        """Show how busy ``lanes`` are under ``name``."""
        self._lanes[name] = lanes

    def answered(self, route: str, method: str, status: int, seconds: float) -> None:
        """One request was answered; ``route`` is the template, never the path, ``method`` one of METHODS or other."""
        key = (route, method, f"{status // 100}xx")
        self._requests[key] += 1
        timed = self._seconds.get(key)
        if timed is None:
            timed = self._seconds[key] = [0.0] * (len(BUCKETS_S) + 2)
        timed[bisect_left(BUCKETS_S, seconds)] += 1
        timed[-1] += seconds

    def refused(self, reason: str) -> None:
        """One request was turned away before its work began; ``reason`` is a word of ours."""
        self._refused[reason] += 1

    def flushed(self, rows: int) -> None:
        """One group of disclosures was written."""
        self._flushes += 1
        self._flushed_rows += rows

    def publish(self) -> None:
        """Write this process's numbers down for the others."""
        if self.folder is None:
            return
        draft = self.folder / f".{os.getpid()}"
        draft.write_text(json.dumps(self._told()), encoding="utf-8")
        draft.replace(self.folder / f"{os.getpid()}.json")

    def render(self) -> bytes:
        """The text Prometheus reads: the numbers of all processes added up."""
        told = [self._told()]
        if self.folder is not None:
            others = (path for path in self.folder.glob("*.json") if path.stem != str(os.getpid()))
            told += [json.loads(path.read_text(encoding="utf-8")) for path in others]
        registry = CollectorRegistry(auto_describe=False)
        registry.register(_Sum(told))
        return generate_latest(registry)

    def _told(self) -> dict[str, Any]:
        return {
            "at": time.time(),
            "requests": [[*key, count] for key, count in self._requests.items()],
            "seconds": [[*key, timed] for key, timed in self._seconds.items()],
            "refused": dict(self._refused),
            "flushes": self._flushes,
            "flushed_rows": self._flushed_rows,
            "in_flight": self.in_flight,
            "busy": {name: lanes.busy for name, lanes in self._lanes.items()},
            "waiting": {name: lanes.waiting for name, lanes in self._lanes.items()},
        }


class _Sum(Collector):
    """The numbers of several processes as metric families."""

    def __init__(self, told: list[dict[str, Any]]) -> None:
        self._told = told
        self._living = [one for one in told if time.time() - one["at"] < STALE_S]

    def collect(self) -> Iterator[Metric]:
        labels = ("route", "method", "status")
        requests = CounterMetricFamily("jishi_requests", "Requests answered", labels=labels)
        for key, count in self._added("requests").items():
            requests.add_metric(key, count[0])
        yield requests
        seconds = HistogramMetricFamily(
            "jishi_request_seconds", "Time from head to last byte handed over", labels=labels
        )
        for key, timed in self._added("seconds").items():
            seconds.add_metric(key, _cumulated(timed), timed[-1])
        yield seconds
        refused = CounterMetricFamily(
            "jishi_refused", "Requests turned away before their work began", labels=("reason",)
        )
        for reason, times in sum((Counter(one["refused"]) for one in self._told), Counter[str]()).items():
            refused.add_metric((reason,), times)
        yield refused
        yield CounterMetricFamily("jishi_log_flushes", "Groups of disclosures written", self._total("flushes"))
        yield CounterMetricFamily("jishi_log_flushed_rows", "Disclosures written", self._total("flushed_rows"))
        yield GaugeMetricFamily("jishi_processes", "API processes that answer", len(self._living))
        in_flight = sum(one["in_flight"] for one in self._living)
        yield GaugeMetricFamily("jishi_requests_in_flight", "Requests under way", in_flight)
        for name, about in (("busy", "Database lanes in use"), ("waiting", "Statements that wait for a lane")):
            lanes = GaugeMetricFamily(f"jishi_lanes_{name}", about, labels=("lanes",))
            for kind in sorted({kind for one in self._living for kind in one[name]}):
                lanes.add_metric((kind,), sum(one[name].get(kind, 0) for one in self._living))
            yield lanes

    def _added(self, name: str) -> dict[Key, list[float]]:
        added: dict[Key, list[float]] = {}
        for one in self._told:
            for *key, numbers in one[name]:
                more = numbers if isinstance(numbers, list) else [numbers]
                before = added.get(tuple(key), [0.0] * len(more))
                added[tuple(key)] = [first + second for first, second in zip(before, more, strict=True)]
        return added

    def _total(self, name: str) -> float:
        return float(sum(one[name] for one in self._told))


def _cumulated(timed: list[float]) -> list[tuple[str, float]]:
    """Bucket counts as Prometheus wants them: up to and including each limit."""
    total, buckets = 0.0, []
    for limit, count in zip((*map(str, BUCKETS_S), "+Inf"), timed, strict=False):
        total += count
        buckets.append((limit, total))
    return buckets
