"""Plants the defects of person files (1–14): who gets which is chosen among the people, then written in rows.

No person gets two, and whoever is the other side of a defect gets none, so that every planted row has one outcome.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from jishi_ingest.demo.departments import SOCIAL, Department
from jishi_ingest.demo.names import RARE, to_traditional
from jishi_ingest.demo.person_defect_kinds import KINDS, NUMBER, Kind, Person, Row, knows
from jishi_ingest.demo.truth import Outcome, Plant


@dataclass(frozen=True, slots=True)
class Choice:
    """One person chosen for one kind; ``variant`` counts within the kind."""

    kind: Kind
    person: Person
    partner: Person
    variant: int


def choose(people: pl.DataFrame, seed: tuple[int, int], share: float) -> tuple[pl.DataFrame, list[Choice]]:
    """Choose ``share`` of each file's people for each kind (in chunk 0 at least two), change what concerns the person.

    ``people`` carries a column ``in_<prefix>`` a department; it comes back with names (8) and knowledge (14) changed.
    """
    random = np.random.default_rng((*seed, 4))
    taken: set[int] = set()
    choices: list[Choice] = []
    for kind in KINDS:
        held = int(people[f"in_{kind.department.prefix}"].sum())
        wanted = max(2 if seed[1] == 0 else 0, round(held * share))
        if kind.most is not None:
            wanted = min(wanted, kind.most) if seed[1] == 0 else 0
        mine = _draw(people, kind.who, wanted, taken, random)
        others = _draw(people, kind.partner, wanted, taken, random) if kind.partner is not None else mine
        choices += [Choice(kind, one, other, at) for at, (one, other) in enumerate(zip(mine, others, strict=False))]
    renamed = {one.person["person"]: _rare_name(one) for one in choices if one.kind.defect == 8}
    if renamed:
        names = pl.col("person").replace_strict(renamed, default=pl.col("name"), return_dtype=pl.String)
        people = people.with_columns(names.alias("name"))
    dead = [one.person["person"] for one in choices if one.kind.defect == 14]
    return people.with_columns((knows(SOCIAL) | pl.col("person").is_in(dead)).alias(f"in_{SOCIAL.prefix}")), choices


def write_down(
    frame: pl.DataFrame, department: Department, choices: list[Choice], first_row: int, seed: tuple[int, int]
) -> tuple[pl.DataFrame, list[Plant]]:
    """Plant the ``choices`` of ``department`` in its numbered records, whose first is row ``first_row`` of the file."""
    random = np.random.default_rng((*seed, 5))
    mine = {one.person["person"]: one for one in choices if one.kind.department is department}
    found = frame.with_row_index("at").filter(pl.col("person").is_in(list(mine)))
    changed: dict[int, Row] = {}
    added: list[Row] = []
    plants: list[Plant] = []
    for record in found.iter_rows(named=True):
        at, person = record.pop("at"), record.pop("person")
        choice = mine[person]
        row: Row = {**record, NUMBER: choice.person["number"]}
        changed[at] = dict(row)
        outcome, rule, detail = choice.kind.write(row, choice.person, choice.partner, choice.variant, random)
        place = first_row + at
        if choice.kind.again:
            added.append({**row, "person": person})
            if outcome is Outcome.QUARANTINED:
                plants.append(Plant(place, choice.kind.defect, outcome, rule, detail))
            place = first_row + frame.height + len(added) - 1
        else:
            changed[at] = row
        plants.append(Plant(place, choice.kind.defect, outcome, rule, detail))
    places = list(changed)
    columns = [
        frame[name].scatter(places, [changed[at][name] for at in places]) for name in frame.columns if name != "person"
    ]
    frame = frame.with_columns(columns)
    return pl.concat([frame, pl.DataFrame(added, schema=frame.schema)]) if added else frame, plants


def _draw(
    people: pl.DataFrame, who: pl.Expr, wanted: int, taken: set[int], random: np.random.Generator
) -> list[Person]:
    places = people.select((who & ~pl.col("person").is_in(list(taken))).arg_true()).to_series().to_numpy()
    drawn = people.gather(random.permutation(places)[:wanted])
    taken.update(drawn["person"].to_list())
    return drawn.to_dicts()


def _rare_name(choice: Choice) -> str:
    name: str = choice.person["name"]
    match choice.variant % 3:
        case 0:
            return name[:1] + RARE[choice.variant // 3 % len(RARE)]
        case 1:
            return f"{name[0]}努尔·{name[1:]}江"
        case _:
            return to_traditional(name[:1] + "國強"[: max(1, len(name) - 1)])
