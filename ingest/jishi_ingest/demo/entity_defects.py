"""Plants the defects of enterprise files (15–23): each has a few rows of its own, the block a file."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from jishi_ingest.demo.check_digits import USCC_ALPHABET, organisation_check, registration_check
from jishi_ingest.demo.entities import APPROVED, COMPANY, FURTHER, HEADERS, Enterprise, Record, code
from jishi_ingest.demo.ground import Ground
from jishi_ingest.demo.truth import Outcome, Plant

NAME, CODE, FOUNDED, CAPITAL, SCOPE = HEADERS[0], HEADERS[1], HEADERS[2], HEADERS[5], HEADERS[6]
READABLE = "legal_entity.uscc.readable"
DATE_READABLE = "legal_entity.establish_date.readable"
CAPITAL_READABLE = "legal_entity.reg_capital.readable"
BLOCK = 8
"""Rows of the run whose columns are shifted."""

Verdict = tuple[Outcome, str, str]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a defect is planted: the enterprise, and which of the kind's plants it is."""

    ground: Ground
    enterprise: Enterprise
    variant: int


def plant(
    records: list[Record], enterprises: list[Enterprise], ground: Ground, seed: str, share: float, has_approved: bool
) -> list[Plant]:
    """Change ``records`` in place (row n is ``records[n - 1]`` of ``enterprises[n - 1]``) and say what was done."""
    random = Random(f"{seed}-entity-defects")
    start = random.randrange(max(1, len(records) - BLOCK))
    shifted = range(start, min(start + BLOCK, len(records)))
    companies = [at for at, one in enumerate(enterprises) if one.kind == COMPANY and at not in shifted]
    random.shuffle(companies)
    plants = [_shift(records[at], at) for at in shifted]
    for kind in KINDS:
        if kind.defect == 20 and not has_approved:
            continue
        wanted = min(kind.most, max(kind.least, round(len(records) * share)))
        for variant, at in enumerate(companies[:wanted]):
            outcome, rule, detail = kind.change(records[at], Place(ground, enterprises[at], variant))
            plants.append(Plant(at + 1, kind.defect, outcome, rule, detail))
        del companies[:wanted]
    return sorted(plants, key=lambda one: one.row)


def block(enterprises: list[Enterprise], names: list[str], ground: Ground) -> list[Record]:
    """Valid codes of ``enterprises``, each under another's name: a block pasted one column beside the right one."""
    return [{**one.record(ground), NAME: name} for one, name in zip(enterprises, names, strict=False)]


def _shift(record: Record, at: int) -> Plant:
    columns = [name for name in record if name not in FURTHER]
    values = [*(record[name] for name in columns[1:]), ""]
    record.update(zip(columns, values, strict=True))
    record.update(dict.fromkeys(FURTHER, ""))
    return Plant(
        at + 1, 21, Outcome.REFUSED, READABLE, "every column one to the left", (DATE_READABLE, CAPITAL_READABLE)
    )


def _wrong_check(record: Record, place: Place) -> Verdict:
    last = USCC_ALPHABET.index(place.enterprise.uscc[-1])
    record[CODE] = place.enterprise.uscc[:-1] + USCC_ALPHABET[(last + 1 + place.variant % 30) % 31]
    return Outcome.REFUSED, "legal_entity.uscc.check_character", "wrong check character"


def _letter(record: Record, place: Place) -> Verdict:
    uscc = place.enterprise.uscc
    for digit, letter in (("0", "O"), ("1", "I")) if place.variant % 2 == 0 else (("1", "I"), ("0", "O")):
        at = uscc.find(digit, 8)
        if at >= 0:
            record[CODE] = f"{uscc[:at]}{letter}{uscc[at + 1 :]}"
            return Outcome.REFUSED, READABLE, f"letter {letter}"
    record[CODE] = uscc[:-1] + "O"
    return Outcome.REFUSED, READABLE, "letter O"


def _short(record: Record, place: Place) -> Verdict:
    record[CODE] = place.enterprise.uscc[:-1]
    return Outcome.REFUSED, READABLE, "17 characters"


def _zeros(record: Record, place: Place) -> Verdict:
    record[CODE] = "0" * 18
    return Outcome.REFUSED, "legal_entity.uscc.not_zeros", "all zeros"


def _inner(record: Record, place: Place) -> Verdict:
    given = place.enterprise.uscc[8:16]
    right = organisation_check(given)
    wrong = "0123456789X"[("0123456789X".index(right) + 3) % 10]
    record[CODE] = code(place.ground, COMPANY, given, wrong)
    return Outcome.WARNING, "legal_entity.uscc.inner_code", ""


def _legacy(record: Record, place: Place) -> Verdict:
    digits = f"{place.ground.never_assigned}{int.from_bytes(place.enterprise.uscc[8:16].encode()) % 100_000_000:08}"
    record[CODE] = digits + registration_check(digits)
    return Outcome.ACCEPTED, "", "reg_no_legacy"


def _capital(record: Record, place: Place) -> Verdict:
    amount = 1250 + place.variant
    spelling, currency = CAPITALS[place.variant % len(CAPITALS)]
    record[CAPITAL] = spelling.format(n=amount, yuan=amount * 10_000, wide=str(amount).translate(_WIDE))
    return Outcome.ACCEPTED, "", f"{amount} {currency}"


def _wrong_unit(record: Record, place: Place) -> Verdict:
    record[CAPITAL] = f"{60_000_000 + place.variant * 10_000}(万元人民币)"
    return Outcome.WARNING, "legal_entity.reg_capital.plausible", "yuan under the unit 万元"


def _date_form(record: Record, place: Place) -> Verdict:
    form, is_clear = DATES[place.variant % len(DATES)]
    founded = place.enterprise.founded.replace(day=8 if not is_clear else max(13, place.enterprise.founded.day))
    wide = founded.isoformat().translate(_WIDE).replace("-", "－")
    record[FOUNDED] = form.format(founded, wide=wide, chinese=_chinese(founded.year, founded.month, founded.day))
    record[APPROVED] = ""
    if is_clear:
        return Outcome.ACCEPTED, "", founded.isoformat()
    return Outcome.REFUSED, DATE_READABLE, "reads two ways"


def _disorder(record: Record, place: Place) -> Verdict:
    if place.variant % 2:
        record[FOUNDED], record[APPROVED] = f"{2080 + place.variant % 19}-03-08", ""
        return Outcome.REFUSED, "legal_entity.establish_date.range", "in the future"
    record[APPROVED] = place.enterprise.founded.replace(year=place.enterprise.founded.year - 1, day=1).isoformat()
    return Outcome.REFUSED, "legal_entity.approve_date.after_establishment", "approved before it was established"


def _mojibake(record: Record, place: Place) -> Verdict:
    record[NAME] = record[NAME][:3] + "\ufffd\ufffd" + record[NAME][5:]
    record[SCOPE] = "\ufffd" + record[SCOPE][1:]
    return Outcome.REFUSED, "ING-ROW-REPLACED", "U+FFFD"


def _chinese(year: int, month: int, day: int) -> str:
    digits = "〇一二三四五六七八九"
    tens = ["", "十", "二十", "三十"]
    words = [tens[number // 10] + (digits[number % 10] if number % 10 else "") for number in (month, day)]
    return "".join(digits[int(digit)] for digit in str(year)) + f"年{words[0]}月{words[1]}日"


_WIDE = str.maketrans("0123456789", "０１２３４５６７８９")
CAPITALS = (
    ("{n:,}(万元人民币)", "CNY"),
    ("{n}万人民币", "CNY"),
    ("{n}万元人民币", "CNY"),
    ("{n}(万元)", "CNY"),
    ("{n}（万元）", "CNY"),
    ("{n}(万人民币)", "CNY"),
    ("{n}万元", "CNY"),
    ("{yuan}元", "CNY"),
    ("{yuan:,}元", "CNY"),
    ("{wide}万元", "CNY"),
    ("{n}(万美元)", "USD"),
    ("{n}(万港币)", "HKD"),
    ("{n}万欧元", "EUR"),
    ("{n}万日元", "JPY"),
    ("{n}(万)", "unsaid"),
)
"""Ten spellings of the same capital, foreign currencies, and an amount that names none; ``detail`` of the truth is the
value in 万 and the currency."""
DATES = (
    ("{0:%Y-%m-%d}", True),
    ("{0.year}/{0.month}/{0.day}", True),
    ("{0.year}.{0.month}.{0.day}", True),
    ("{0.year}年{0.month}月{0.day}日", True),
    ("{0:%Y%m%d}", True),
    ("{0:%Y-%m-%d} 00:00:00", True),
    ("{0:%Y-%m-%d}T00:00:00", True),
    ("{0:%d/%m/%Y}", True),
    ("{chinese}", True),
    ("{wide}", True),
    ("08/07/{0.year}", False),
    ("{0:%y-%m-%d}", False),
)
"""Twelve formats of a date, the last two read two ways."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One defect, how often at least and at most it is planted in a file, and how it looks."""

    defect: int
    least: int
    change: Callable[[Record, Place], Verdict]
    most: int = 1_000_000


KINDS = (
    Kind(15, 2, _wrong_check),
    Kind(15, 2, _letter),
    Kind(15, 2, _short),
    Kind(15, 1, _zeros, most=1),  # a second would be the same key with other values
    Kind(16, 2, _inner),
    Kind(17, 2, _legacy),
    Kind(18, len(CAPITALS), _capital),
    Kind(18, 2, _wrong_unit),
    Kind(19, len(DATES), _date_form),
    Kind(20, 4, _disorder),
    Kind(22, 2, _mojibake),
)
