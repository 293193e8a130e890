"""Measures how often a likeness is right, and writes the curve that turns it into a score (dictionaries/resolver/calibration.toml).

Learned from the names made for this project and from the dictionary's own aliases, each resolved while it is left out with
every wording equal to it; never from the open file, which is what ``resolve.py`` tests with.

    PYTHONPATH=benchmarks python -m resolving.curve [--write]
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from datetime import date
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from jishi.dictionary.resolver.answers import Context
from jishi.dictionary.resolver.chance import chances_of
from jishi.dictionary.resolver.judge import Judge
from jishi.dictionary.resolver.keep import reader_of
from jishi.dictionary.resolver.setting import make_setting
from jishi.dictionary.resolver.words import shipped_words
from resolving.cases import AMBIGUOUS, ROOT, Case, judge_without, own_cases, schemes

Floats = npt.NDArray[np.float64]
FOLDS = 10
SECOND = 0.3
"""What a candidate that is not the first counts for in learning."""
RIDGE = 0.05
MEMBERS = ("bias", "likeness", "lead", "covered", "covering", "unsaid")


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--write", action="store_true", help="write the curve to the dictionary")
    write: bool = arguments.parse_args().write
    features, right, weight = learning_set()
    curve = fit(features, right, weight)
    chance = 1 / (1 + np.exp(-features @ curve))
    first = weight == 1
    print(f"{int(first.sum())} names, top-1 {right[first].mean():.3f}")
    for low, high in pairwise((0, 0.5, 0.7, 0.8, 0.9, 0.95, 1.01)):
        inside = first & (chance >= low) & (chance < high)
        if inside.any():
            print(
                f"{low:.2f}-{high:.2f}: {int(inside.sum()):4}, told {chance[inside].mean():.3f}, right {right[inside].mean():.3f}"
            )
    for least in (0.8, 0.85, 0.9, 0.92, 0.95):
        sure = first & (chance >= least)
        print(f"match from {least}: {sure.sum() / first.sum():.2f} of the names, precision {right[sure].mean():.3f}")
    text = "\n".join(f"{name} = {value:.4f}" for name, value in zip(MEMBERS, curve, strict=True))
    print(text)
    if write:
        path = ROOT / "dictionaries" / "resolver" / "calibration.toml"
        kept = path.read_text(encoding="utf-8").split("[concepts]")
        limits = "\n".join(
            line for line in kept[1].split("[lists]")[0].splitlines() if line.startswith(("match", "margin", "floor"))
        )
        path.write_text(
            f"{kept[0]}[concepts]\n{text}\n{limits}\n\n[lists]{kept[1].split('[lists]')[1]}", encoding="utf-8"
        )
    return 0


def learning_set() -> tuple[Floats, Floats, Floats]:
    """Features of the first three candidates of every name that is equal to nothing, whether each is right, its weight."""
    words = shipped_words()
    reader = reader_of(words)
    rows: list[tuple[list[float], bool, float]] = []
    rows += _rows(judge_without(words), [case for case in own_cases() if AMBIGUOUS not in case.codes])
    aliases = [
        Case(alias.name, (concept.code,))
        for scheme in schemes()
        for concept in scheme.concepts
        for alias in concept.aliases
        if not alias.negative
    ]
    for fold in range(FOLDS):
        held = aliases[fold::FOLDS]
        bare = {reader.bare(reader.plain(case.name)) for case in held}
        rows += _rows(judge_without(words, bare.__contains__), held)
    return (
        np.array([features for features, _, _ in rows]),
        np.array([right for _, right, _ in rows], float),
        np.array([weight for _, _, weight in rows]),
    )


def fit(features: Floats, right: Floats, weight: Floats) -> Floats:
    """A logistic curve by Newton's method, its slopes held small."""
    ridge = np.diag([0.0, *[RIDGE] * (features.shape[1] - 1)])
    curve = np.zeros(features.shape[1])
    for _ in range(50):
        chance = 1 / (1 + np.exp(-features @ curve))
        slope = features.T @ (weight * (right - chance)) - ridge @ curve
        bend = (features * (weight * chance * (1 - chance))[:, None]).T @ features + ridge
        curve = curve + np.linalg.solve(bend + 1e-9 * np.eye(len(curve)), slope)
    return curve


def _rows(judge: Judge, cases: Sequence[Case]) -> list[tuple[list[float], bool, float]]:
    setting = make_setting(judge.index, Context(), date.today().toordinal(), None, None, judge.words)  # noqa: DTZ011
    asked = [(case, reading) for case in cases if (reading := judge.reading_of(case.name, setting)) is not None]
    likely, left = judge.compared([reading for _, reading in asked], setting)
    _, leads = chances_of(judge.curve, likely, left, len(asked))
    rows: list[tuple[list[float], bool, float]] = []
    rank: dict[int, int] = {}
    for place, row in enumerate(likely.row.tolist()):
        rank[row] = rank.get(row, 0) + 1
        if rank[row] > 3:
            continue
        features = [1.0, *(float(each[place]) for each in (likely.like, leads, likely.covered, likely.covering, left))]
        right = judge.index.codes[likely.owner[place]] in asked[row][0].codes
        rows.append((features, right, 1.0 if rank[row] == 1 else SECOND))
    return rows


if __name__ == "__main__":
    raise SystemExit(main())
