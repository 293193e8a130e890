"""What ``resolve.py`` measures with: judges without a database, from the dictionary's files, and names with their codes."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from jishi.dictionary.concepts import Scheme, load_terms
from jishi.dictionary.resolver.answers import Context, Resolution
from jishi.dictionary.resolver.index import Rows, build
from jishi.dictionary.resolver.judge import Judge, make_judge
from jishi.dictionary.resolver.keep import reader_of
from jishi.dictionary.resolver.setting import make_setting
from jishi.dictionary.resolver.words import Words
from jishi.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
AMBIGUOUS = "?"
"""In place of codes: a name that may have candidates, but no match. Nothing at all in place of codes: a foreign name."""


@dataclass(frozen=True, slots=True)
class Case:
    """A name and the codes that are right for it."""

    name: str
    codes: tuple[str, ...]


def own_cases(number: str = "") -> list[Case]:
    """The names made for this project: those learned from, or of another list (``2``, ``3``) that is only measured."""
    file = f"names_{number}.csv" if number else "names.csv"
    return list(_cases(Path(__file__).with_name(file), "name", "codes"))


def open_cases(data: Path) -> list[Case]:
    """The names of the open notices, each once."""
    path = data / "09_egov_projects" / "process_node_names.csv"
    return list({case.name: case for case in _cases(path, "raw_name", "acceptable_codes")}.values())


def given_names(facts: Path) -> list[str]:
    """Standard names and aliases as they were handed to the project."""
    found: list[str] = []
    for file, column in (
        ("project_nodes.csv", "standard_name"),
        ("om_categories.csv", "standard_name"),
        ("project_types.csv", "standard_name"),
        ("aliases.csv", "alias"),
    ):
        with (facts / file).open(encoding="utf-8", newline="") as opened:
            found += [row[column] for row in csv.DictReader(opened)]
    return found


def schemes() -> list[Scheme]:
    return list(load_terms(Settings().dictionaries_dir / "terms").values())


def judge_without(words: Words, left_out: Callable[[str], bool] = lambda _: False) -> Judge:
    """The judge of the project schemes; an alias or wording whose bare text is ``left_out`` is unknown to it."""
    reader = reader_of(words)
    concepts: list[dict[str, object]] = []
    aliases: list[dict[str, object]] = []
    for scheme in schemes():
        for concept in scheme.concepts:
            period = {"valid_from": concept.valid_from, "valid_to": concept.valid_to}
            head = {"scheme": scheme.id, "code": concept.code, "name": concept.name}
            stage = {"stage_code": concept.stage_code, "responsible": concept.responsible}
            concepts.append({**head, **stage, **period, "documents": concept.documents})
            for alias in concept.aliases:
                if left_out(reader.bare(reader.plain(alias.name))):
                    continue
                scope = {"places": alias.places, "departments": (), "valid_from": None, "valid_to": None}
                held = {"scheme": scheme.id, "code": concept.code, "alias": alias.name, "negative": alias.negative}
                aliases.append({**held, **scope})
    wordings = {
        scheme: {
            code: tuple(name for name in names if not left_out(reader.bare(reader.plain(name))))
            for code, names in codes.items()
        }
        for scheme, codes in words.wordings.items()
    }
    return make_judge(build(Rows(concepts, aliases, ()), reader, wordings), reader, words)


def answers(judge: Judge, names: Sequence[str], limit: int = 5) -> tuple[Resolution, ...]:
    setting = make_setting(judge.index, Context(), date.today().toordinal(), None, None, judge.words)  # noqa: DTZ011
    return judge.resolve(names, setting, limit)


def _cases(path: Path, name: str, codes: str) -> Iterable[Case]:
    with path.open(encoding="utf-8", newline="") as opened:
        for row in csv.DictReader(opened):
            yield Case(row[name], tuple(row[codes].split()))
