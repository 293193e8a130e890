"""Plants the defects of credit files (28, 29): amounts in the wrong unit, terms that are over, late and early arrivals."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from functools import partial
from random import Random

from jishi_ingest.demo.credit import CONTENT, DECIDED, FINE, GRADE, UNTIL, Office, penalty
from jishi_ingest.demo.credit_lists import BLACK, EXPIRES
from jishi_ingest.demo.days import months_on
from jishi_ingest.demo.lines import LATE, Line
from jishi_ingest.demo.truth import Outcome, Plant

UNIT = "credit_record.fine.unit"
NEWCOMERS = "enterprises_new.csv"
"""The file with the entities that decisions speak of before the register has them."""
_LATE_DAYS = (60, 240)

Make = Callable[..., Line]
"""``credit.licence`` or ``credit.penalty``."""


def plant(lines: list[Line], office: Office, random: Random, make: Make, first: int, share: float) -> list[Plant]:
    """Put 28 (late; of penalties the unit too) and 29 in the place of rows of a file of fresh decisions.

    ``first``: serial of the first planted document. ``share`` of the rows gets each, two at least.
    """
    each = max(2, round(len(lines) * share))
    free = random.sample(range(len(lines)), len(lines))
    plants: list[Plant] = []
    kinds = [_late, _newcomer, *([_yuan] if make is penalty else [])]
    for kind in kinds:
        for variant in range(each):
            at = free.pop()
            lines[at], outcome, rule, detail = kind(office, random, partial(make, office, random, first), variant)
            plants.append(Plant(at + 1, 29 if kind is _newcomer else 28, outcome, rule, detail))
            first += 1
    return sorted(plants, key=lambda one: one.row)


def plant_ended(lines: list[Line], office: Office, random: Random, share: float) -> list[Plant]:
    """Give penalties without a grade, and black entries, a term of publicity that is over (28)."""
    able = [at for at, line in enumerate(lines) if not line.withheld and _may_end(line, office)]
    random.shuffle(able)
    plants = []
    for at in able[: max(2, round(len(lines) * share))]:
        line = lines[at]
        line.withheld = True
        decided = "认定日期" if EXPIRES in line.row else DECIDED
        line.row[EXPIRES if EXPIRES in line.row else UNTIL] = months_on(
            date.fromisoformat(line.row[decided]), 3
        ).isoformat()
        plants.append(Plant(at + 1, 28, Outcome.WITHHELD, "", "publicity past its end"))
    return sorted(plants, key=lambda one: one.row)


def _may_end(line: Line, office: Office) -> bool:
    row = line.row
    if EXPIRES in row:
        return row["名单类别"] == BLACK and date.fromisoformat(row["认定日期"]) < office.days.ago(110)
    return not row[GRADE] and date.fromisoformat(row[DECIDED]) < office.days.ago(110)


def _late(office: Office, random: Random, make: Make, variant: int) -> tuple[Line, Outcome, str, str]:
    line = make(office.days.settled(random, *_LATE_DAYS))
    is_counted, line.late = line.late, False
    if is_counted:
        return line, Outcome.WARNING, LATE, "later than seven working days"
    return line, Outcome.ACCEPTED, "", "late, but no notice says which days were worked"


def _newcomer(office: Office, random: Random, make: Make, variant: int) -> tuple[Line, Outcome, str, str]:
    coming = office.parties.coming
    line = make(office.days.fresh(random), party=coming[variant % len(coming)])
    return line, Outcome.ACCEPTED, "", f"party arrives with {NEWCOMERS}"


def _yuan(office: Office, random: Random, make: Make, variant: int) -> tuple[Line, Outcome, str, str]:
    """The column counts in 万元; every other decision does not say the sum in words either."""
    line = make(office.days.fresh(random), party=random.choice(office.parties.enterprises))
    yuan = 12_000 + 500 * variant
    line.row |= {"处罚类别": "罚款", "没收违法所得金额(万元)": "", FINE: str(yuan)}
    line.row[CONTENT] = "处以罚款，限期缴至指定银行" if variant % 2 else f"罚款人民币{yuan}元"
    return line, Outcome.WARNING, UNIT, "yuan under the unit 万元"
