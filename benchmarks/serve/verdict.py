"""Medians, ratios and what is missed of the targets."""

from __future__ import annotations

import statistics
from collections.abc import Mapping
from dataclasses import fields

from serve.load import Figures

TARGETS = {
    ("point", "naive"): 14.0,
    ("point", "tipg"): 12.0,
    ("point", "postgraphile"): 5.0,
    ("point", "pgbench"): 0.25,
    ("point 128", "pgbench"): 0.6,
    ("page", "naive"): 6.0,
    ("page", "tipg"): 10.0,
    ("page", "postgraphile"): 4.0,
    ("page", "pgbench"): 0.35,
    ("bbox", "naive"): 12.0,
    ("50 boxes", "tipg"): 12.0,
}
"""(kind of load, peer) → what ours must reach, as times the peer's requests a second."""


def judge(ratios: Mapping[tuple[str, str], float]) -> list[str]:
    missed = []
    print("\nratio (ours / peer)          measured   target")
    for (kind, peer), ratio in sorted(ratios.items()):
        target = TARGETS.get((kind, peer))
        verdict = "" if target is None else "met" if ratio >= target else "MISSED"
        missed += [f"{kind} / {peer}"] if verdict == "MISSED" else []
        print(f"  {kind:<10} / {peer:<13} {ratio:10.2f} {'' if target is None else f'{target:8.2f}'}  {verdict}")
    return missed


def print_runs(medians: Mapping[tuple[str, str], Figures]) -> None:
    print("\n                                rps     p50 ms    p99 ms  server us  postgres us   (medians)")
    for (kind, name), one in sorted(medians.items()):
        print(
            f"  {kind:<10} {name:<13} {one.rps:9.0f} {one.p50_ms:10.2f} {one.p99_ms:9.2f} {one.server_us:10.0f}"
            f" {one.postgres_us:12.0f}"
        )


def median(found: list[Figures]) -> Figures:
    values = {field.name: statistics.median(getattr(one, field.name) for one in found) for field in fields(Figures)}
    return Figures(**values)
