"""Plants the defects of certificate files (30): check characters, terms that are over, changes of status, holders."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from random import Random

from jishi_ingest.demo.certificates import EARLIER, FROM, HOLDER, IDENTIFIER, OPERATION, STATUS, TO, VALID
from jishi_ingest.demo.citizens import stranger
from jishi_ingest.demo.credit import Office
from jishi_ingest.demo.days import months_on
from jishi_ingest.demo.entities import COMPANY, body, code
from jishi_ingest.demo.lines import Line
from jishi_ingest.demo.truth import Outcome, Plant

CHECK = "certificate.cert_identifier.check_character"
TRANSITION = "certificate.cert_status.transition"
FINAL = ("注销", "撤销", "吊销")
"""Statuses after which nothing may follow."""
_NOWHERE = 900_000
"""Place of the first organisation code that no enterprise of the city has."""
_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def plant(lines: list[Line], office: Office, random: Random, share: float, kept: set[int]) -> list[Plant]:
    """Change rows in place: ``share`` of them for each kind, two at least; not those at the places ``kept``."""
    each = max(2, round(len(lines) * share))
    able = [at for at, line in enumerate(lines) if at not in kept and not line.row[EARLIER] and not line.expired]
    chosen = iter(random.sample(able, 3 * each))
    plants = [
        *(_wrong_check(lines[at], at) for at in _some(chosen, each)),
        *(_expired(lines[at], at, office) for at in _some(chosen, each)),
        *(_unknown(lines[at], at, office, variant) for variant, at in enumerate(_some(chosen, each))),
    ]
    return sorted(plants, key=lambda one: one.row)


def end(lines: list[Line], random: Random, share: float, kept: set[int]) -> list[Line]:
    """Give ``share`` of the rows, two at least, a final status; they are returned, and no defect yet.

    ``kept``: places that stay as they are.
    """
    able = [at for at, line in enumerate(lines) if at not in kept and not line.row[EARLIER] and not line.expired]
    chosen = random.sample(able, max(2, round(len(lines) * share)))
    kept |= set(chosen)
    for number, at in enumerate(chosen):
        lines[at].row |= {STATUS: FINAL[number % len(FINAL)], OPERATION: "注销、撤销、吊销、转出"}
    return [lines[at] for at in chosen]


def revive(ended: list[Line], first: int) -> tuple[list[Line], list[Plant]]:
    """Rows of a later file, from row ``first`` on, by which certificates that have ended would be valid again."""
    rows = [Line(line.row | {STATUS: VALID, OPERATION: "其他"}) for line in ended]
    details = (f"{line.row[STATUS]}→{VALID}" for line in ended)
    return rows, [Plant(first + n, 30, Outcome.REFUSED, TRANSITION, detail) for n, detail in enumerate(details)]


def _some(places: Iterator[int], count: int) -> Iterator[int]:
    return (next(places) for _ in range(count))


def _wrong_check(line: Line, at: int) -> Plant:
    identifier = line.row[IDENTIFIER]
    line.row[IDENTIFIER] = identifier[:-1] + _ALPHABET[(_ALPHABET.index(identifier[-1]) + 1) % 36]
    return Plant(at + 1, 30, Outcome.REFUSED, CHECK, "wrong check character")


def _expired(line: Line, at: int, office: Office) -> Plant:
    """The source still calls it 有效."""
    issued = date.fromisoformat(line.row[FROM])
    line.row[TO] = min(max(months_on(issued, 1), office.days.ago(400)), office.days.ago(31)).isoformat()
    line.expired = True
    return Plant(at + 1, 30, Outcome.EXPIRED, "", "past its term, said to be valid")


def _unknown(line: Line, at: int, office: Office, variant: int) -> Plant:
    if line.row["持证主体代码类型代码"].startswith("111"):
        person = stranger(office.ground, at)
        name, number, kind = person.name, person.number, "111"
    else:
        number = code(office.ground, COMPANY, body(_NOWHERE + at))
        name, kind = f"外埠贸易{at}有限公司", "001"
    line.row |= {HOLDER: name, "持证主体代码": number, "持证主体代码类型代码": kind}
    line.resolved, line.pending = 0, 1
    return Plant(at + 1, 30, Outcome.PENDING, "", "holder unknown")
