"""Plants the defects of person files (1–14): who gets which is chosen among the people, then written in rows.

No person gets two, and whoever is the other side of a defect gets none, so that every planted row has one outcome.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any

import numpy as np
import polars as pl

from jishi_ingest.demo.departments import DEPARTMENTS, EDUCATION, HEALTH, POLICE, SOCIAL, Department
from jishi_ingest.demo.names import RARE, to_traditional
from jishi_ingest.demo.truth import Outcome, Plant

Person = dict[str, Any]
Row = dict[str, str]

CHECK = "natural_person.id_number.check_character"
READABLE = "natural_person.id_number.readable"
BIRTH = "natural_person.birth_date.agrees_with_id_number"
SEX = "natural_person.sex_code.agrees_with_id_number"
_NUMBER, _NAME, _BIRTH = "公民身份号码", "姓名", "出生日期"
# Their characters stand in no list of names, so that nothing of the right name is left.
_STRANGERS = ("欧阳沐霖", "司徒望舒", "上官晴朗", "诸葛翊墨", "皇甫栩栩", "尉迟千帆")
_FULL_WIDTH = str.maketrans("0123456789X", "０１２３４５６７８９Ｘ")
_HEALTH_DATES = ("{0.year}", "{0.year}-{0.month:02}", "{0.year}{0.month:02}", "")  # the third never reads as YYMMDD
_SCHOOL_DATES = ("{0.year}年", "{0.year}年{0.month}月", "{0.year}年四月初二", "")


@dataclass(frozen=True, slots=True)
class Kind:
    """One defect in one department's file."""

    defect: int
    department: Department
    write: Callable[[Row, Person, Person, int, np.random.Generator], tuple[Outcome, str, str]]
    who: pl.Expr
    partner: pl.Expr | None = None  # who may stand on the other side
    again: bool = False  # the row stands in the file twice; ``write`` changes the second
    stranger: bool = False  # the row is about somebody else, whom no other row knows
    most: int | None = None  # planted in the first chunk only, and no oftener


@dataclass(frozen=True, slots=True)
class Choice:
    """One person chosen for one kind; ``variant`` counts within the kind."""

    kind: Kind
    person: Person
    partner: Person
    variant: int


def knows(department: Department) -> pl.Expr:
    """Whether ``department`` holds a person; a column of the frame that ``choose`` is given."""
    return pl.col(f"in_{department.prefix}")


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
        row: Row = {**record, _NUMBER: choice.person["number"]}
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


def _keep(
    row: Row, person: Person, partner: Person, variant: int, random: np.random.Generator
) -> tuple[Outcome, str, str]:
    return Outcome.ACCEPTED, "", ("rare character", "middle dot", "traditional form")[variant % 3]


def _wrong_check(row: Row, person: Person, *_: Any) -> tuple[Outcome, str, str]:
    number = person["number"]
    row[_NUMBER] = number[:17] + "0123456789X"["X0123456789".index(number[17])]
    return Outcome.REFUSED, CHECK, ""


def _transposed(row: Row, person: Person, *_: Any) -> tuple[Outcome, str, str]:
    number = person["number"]
    row[_NUMBER] = number[:14] + number[15] + number[14] + number[16:]
    return Outcome.REFUSED, CHECK, "two digits of the serial"


def _fifteen(row: Row, person: Person, *_: Any) -> tuple[Outcome, str, str]:
    row[_NUMBER] = person["number"][:6] + person["number"][8:17]
    return Outcome.ACCEPTED, "", "upgraded"


def _wrong_birth(
    row: Row, person: Person, partner: Person, variant: int, random: np.random.Generator
) -> tuple[Outcome, str, str]:
    other = person["birth"] - timedelta(days=int(random.integers(40, 4000)))
    manner = next(one for one in DEPARTMENTS if one.origin == row["来源"]).date_format
    row[_BIRTH] = other.strftime(manner)
    return Outcome.REFUSED, BIRTH, ""


def _wrong_sex(row: Row, person: Person, *_: Any) -> tuple[Outcome, str, str]:
    female, male = next(one for one in DEPARTMENTS if one.origin == row["来源"]).sexes
    row["性别"] = female if person["is_male"] else male
    return Outcome.REFUSED, SEX, ""


def _scientific(row: Row, person: Person, *_: Any) -> tuple[Outcome, str, str]:
    value = float(person["number"][:17] + "0")
    in_sheet = row["来源"] == HEALTH.origin
    row[_NUMBER] = repr(value) if in_sheet else f"{value:.5E}"
    return Outcome.REFUSED, READABLE, "spreadsheet number" if in_sheet else "scientific notation"


def _disguised(row: Row, person: Person, partner: Person, variant: int, *_: Any) -> tuple[Outcome, str, str]:
    number = person["number"]
    row[_NUMBER], detail = (
        (number.translate(_FULL_WIDTH), "full-width digits"),
        (f" {number[:6]} {number[6:14]} {number[14:]}　", "blanks"),
        (f"{number[:10]}\u200b{number[10:]}\u200b", "zero-width characters"),
    )[variant % 3]
    return Outcome.ACCEPTED, "", detail


def _two_people(row: Row, person: Person, partner: Person, variant: int, *_: Any) -> tuple[Outcome, str, str]:
    row[_NAME] = _STRANGERS[variant % len(_STRANGERS)]
    return Outcome.IDENTIFIER_CONFLICT, "", "another name under the number"


def _holder(row: Row, person: Person, partner: Person, variant: int, *_: Any) -> tuple[Outcome, str, str]:
    row[_NUMBER] = f"DEMO{variant:07}"
    return Outcome.ACCEPTED, "", "holder of the document below"


def _other_holder(row: Row, person: Person, partner: Person, variant: int, *_: Any) -> tuple[Outcome, str, str]:
    row[_NUMBER], row[_NAME] = f"DEMO{variant:07}", _STRANGERS[variant % len(_STRANGERS)]
    return Outcome.IDENTIFIER_CONFLICT, "", "another name and birth date under a document"


def _two_numbers(row: Row, person: Person, partner: Person, *_: Any) -> tuple[Outcome, str, str]:
    row["其他证件类型"], row["其他证件号码"] = "111", partner["number"]
    return Outcome.IDENTIFIER_CONFLICT, "", "the other number is another person's"


def _partial(
    forms: tuple[str, ...], row: Row, person: Person, partner: Person, variant: int, *_: Any
) -> tuple[Outcome, str, str]:
    row[_NUMBER] = ""
    form = forms[variant % len(forms)]
    row[_BIRTH] = form.format(person["birth"])
    return Outcome.ACCEPTED, "", "partial birth date" if row[_BIRTH] else "no birth date"


def _same_again(*_: Any) -> tuple[Outcome, str, str]:
    return Outcome.DUPLICATE, "", ""


def _other_again(
    row: Row, person: Person, partner: Person, variant: int, random: np.random.Generator
) -> tuple[Outcome, str, str]:
    row["联系电话"] = f"100{random.integers(0, 100_000_000):08}"
    return Outcome.QUARANTINED, "ING-KEY-CONFLICT", ""


def _still_living(*_: Any) -> tuple[Outcome, str, str]:
    return Outcome.ACCEPTED, "", "golden status stays 2"


_is_new = pl.col("birth").dt.year() >= 1900
_later_unknown = ~knows(HEALTH) & ~knows(EDUCATION)
_swappable = pl.col("number").str.slice(14, 1) != pl.col("number").str.slice(15, 1)
_of_last_century = _is_new & (pl.col("birth").dt.year() < 2000)

KINDS = (
    # the rare ones first, while nobody is taken
    Kind(14, SOCIAL, _still_living, knows(POLICE) & pl.col("is_dead") & _is_new),
    Kind(9, SOCIAL, _two_people, knows(SOCIAL) & knows(POLICE) & _later_unknown, stranger=True),
    Kind(9, SOCIAL, _holder, knows(SOCIAL) & ~knows(POLICE), most=2),
    Kind(9, HEALTH, _other_holder, knows(HEALTH) & (pl.col("age") < 10), stranger=True, most=2),
    Kind(
        10,
        HEALTH,
        _two_numbers,
        knows(HEALTH) & knows(POLICE) & ~knows(EDUCATION),
        partner=knows(POLICE) & ~knows(SOCIAL) & _later_unknown,
    ),
    Kind(8, POLICE, _keep, knows(POLICE) & pl.col("ethnicity").is_in(["01"])),
    Kind(11, EDUCATION, partial(_partial, _SCHOOL_DATES), knows(EDUCATION)),
    Kind(12, EDUCATION, _same_again, knows(EDUCATION), again=True),
    Kind(13, EDUCATION, _other_again, knows(EDUCATION), again=True),
    Kind(7, EDUCATION, _disguised, knows(EDUCATION)),
    Kind(1, POLICE, _wrong_check, knows(POLICE)),
    Kind(1, SOCIAL, _wrong_check, knows(SOCIAL)),
    Kind(2, SOCIAL, _transposed, knows(SOCIAL) & knows(POLICE) & _swappable),
    Kind(3, SOCIAL, _fifteen, knows(SOCIAL) & _of_last_century),
    Kind(3, HEALTH, _fifteen, knows(HEALTH) & _of_last_century),
    Kind(4, SOCIAL, _wrong_birth, knows(SOCIAL) & _is_new),
    Kind(4, HEALTH, _wrong_birth, knows(HEALTH) & _is_new),
    Kind(5, SOCIAL, _wrong_sex, knows(SOCIAL)),
    Kind(5, HEALTH, _wrong_sex, knows(HEALTH)),
    Kind(6, SOCIAL, _scientific, knows(SOCIAL)),
    Kind(6, HEALTH, _scientific, knows(HEALTH)),
    Kind(7, SOCIAL, _disguised, knows(SOCIAL)),
    Kind(
        11, HEALTH, partial(_partial, _HEALTH_DATES), knows(HEALTH) & pl.col("birth").dt.year().is_between(1913, 1999)
    ),
    *(Kind(12, one, _same_again, knows(one), again=True) for one in (POLICE, SOCIAL, HEALTH)),
    *(Kind(13, one, _other_again, knows(one), again=True) for one in (POLICE, SOCIAL, HEALTH)),
)
