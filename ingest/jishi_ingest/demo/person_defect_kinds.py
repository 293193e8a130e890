"""The kinds of defects in person files (1–14): who may get each, and how a row that has it looks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any

import numpy as np
import polars as pl

from jishi_ingest.demo.departments import DEPARTMENTS, EDUCATION, HEALTH, POLICE, SOCIAL, Department
from jishi_ingest.demo.truth import Outcome

Person = dict[str, Any]
Row = dict[str, str]

CHECK = "natural_person.id_number.check_character"
READABLE = "natural_person.id_number.readable"
BIRTH = "natural_person.birth_date.agrees_with_id_number"
SEX = "natural_person.sex_code.agrees_with_id_number"
NUMBER, _NAME, _BIRTH = "公民身份号码", "姓名", "出生日期"
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


def knows(department: Department) -> pl.Expr:
    """Whether ``department`` holds a person; a column of the frame that ``choose`` is given."""
    return pl.col(f"in_{department.prefix}")


def _keep(
    row: Row, person: Person, partner: Person, variant: int, random: np.random.Generator
) -> tuple[Outcome, str, str]:
    return Outcome.ACCEPTED, "", ("rare character", "middle dot", "traditional form")[variant % 3]


def _wrong_check(row: Row, person: Person, *_: Any) -> tuple[Outcome, str, str]:
    number = person["number"]
    row[NUMBER] = number[:17] + "0123456789X"["X0123456789".index(number[17])]
    return Outcome.REFUSED, CHECK, ""


def _transposed(row: Row, person: Person, *_: Any) -> tuple[Outcome, str, str]:
    number = person["number"]
    row[NUMBER] = number[:14] + number[15] + number[14] + number[16:]
    return Outcome.REFUSED, CHECK, "two digits of the serial"


def _fifteen(row: Row, person: Person, *_: Any) -> tuple[Outcome, str, str]:
    row[NUMBER] = person["number"][:6] + person["number"][8:17]
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
    row[NUMBER] = repr(value) if in_sheet else f"{value:.5E}"
    return Outcome.REFUSED, READABLE, "spreadsheet number" if in_sheet else "scientific notation"


def _disguised(row: Row, person: Person, partner: Person, variant: int, *_: Any) -> tuple[Outcome, str, str]:
    number = person["number"]
    row[NUMBER], detail = (
        (number.translate(_FULL_WIDTH), "full-width digits"),
        (f" {number[:6]} {number[6:14]} {number[14:]}　", "blanks"),
        (f"{number[:10]}\u200b{number[10:]}\u200b", "zero-width characters"),
    )[variant % 3]
    return Outcome.ACCEPTED, "", detail


def _two_people(row: Row, person: Person, partner: Person, variant: int, *_: Any) -> tuple[Outcome, str, str]:
    row[_NAME] = _STRANGERS[variant % len(_STRANGERS)]
    return Outcome.IDENTIFIER_CONFLICT, "", "another name under the number"


def _holder(row: Row, person: Person, partner: Person, variant: int, *_: Any) -> tuple[Outcome, str, str]:
    row[NUMBER] = f"DEMO{variant:07}"
    return Outcome.ACCEPTED, "", "holder of the document below"


def _other_holder(row: Row, person: Person, partner: Person, variant: int, *_: Any) -> tuple[Outcome, str, str]:
    row[NUMBER], row[_NAME] = f"DEMO{variant:07}", _STRANGERS[variant % len(_STRANGERS)]
    return Outcome.IDENTIFIER_CONFLICT, "", "another name and birth date under a document"


def _two_numbers(row: Row, person: Person, partner: Person, *_: Any) -> tuple[Outcome, str, str]:
    row["其他证件类型"], row["其他证件号码"] = "111", partner["number"]
    return Outcome.IDENTIFIER_CONFLICT, "", "the other number is another person's"


def _partial(
    forms: tuple[str, ...], row: Row, person: Person, partner: Person, variant: int, *_: Any
) -> tuple[Outcome, str, str]:
    row[NUMBER] = ""
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
