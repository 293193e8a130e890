"""Tiny feeds into four registers, and rows of them as Hypothesis draws them: what the tests of any sequence deliver.

A row is a handful of small numbers, so that a failing sequence can be read; each kind of feed writes it out in its own columns.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from hypothesis import strategies as st

from jishi.identifiers import certificate_id, citizen_id, organisation_code, uscc

TODAY = datetime.now(UTC)
REFUSED = "拒收"
"""A value that only rows to be refused carry; it must never be seen again."""

FIRMS = ("苏州金鸡湖纺织有限公司", "金鸡湖纺织（苏州）股份有限公司", "常德桃花源水泥厂")
"""The first two are alike enough to be one entity, the third contradicts both."""
PEOPLE = ("严测甲", "严测甲", "卜同乙")


@dataclass(frozen=True)
class Row:
    """``swap``: carries the number of the next key; ``to``: whom it refers to; ``since``, ``day``: days from today."""

    key: int
    swap: int = 0
    name: int = 0
    city: str = ""
    to: int | None = None
    since: int | None = None
    day: int | None = None
    gone: bool = False
    area: str = "东"
    flawed: bool = False

    @property
    def who(self) -> int:
        return (self.key + self.swap) % 3

    def mended(self) -> Row:
        return replace(self, flawed=False)


_one = st.builds(
    Row,
    key=st.integers(1, 3),
    swap=st.sampled_from([0, 0, 0, 0, 1]),
    name=st.sampled_from([0, 0, 0, 1, 2]),
    city=st.sampled_from(["", "甲", "乙"]),
    to=st.sampled_from([None, 0, 1, 2]),
    since=st.sampled_from([None, None, -30, -20, -10, 0, 10, 20]),
    day=st.sampled_from([None, -15, 5, 15]),
    gone=st.sampled_from([False, False, False, False, True]),
    area=st.sampled_from(["东", "东", "西"]),
    flawed=st.sampled_from([False] * 9 + [True]),
)
_different = st.lists(_one, min_size=1, max_size=3, unique_by=lambda row: row.key)
rows = st.one_of(
    _different, _different, _different.map(lambda listed: [*listed, listed[0]]), st.lists(_one, min_size=2, max_size=4)
).map(tuple)
"""The rows of one delivery: mostly of different keys, sometimes one twice, sometimes one key with other values."""
several = st.lists(
    _one.map(lambda row: replace(row, swap=0, since=None, gone=False, flawed=False)),
    min_size=2,
    max_size=3,
    unique_by=lambda row: row.key,
).map(tuple)
"""Those of one after which there is more than one entity."""


@dataclass(frozen=True)
class Feed:
    """One source; ``strict``: its default bands hold what ends more than one record in twenty."""

    name: str
    kind: str
    rank: int
    full: bool = False
    strict: bool = False

    @property
    def register(self) -> str:
        return KINDS[self.kind].register

    def cells(self, row: Row) -> dict[str, str]:
        """The row as the file writes it."""
        since = _day(row.since)
        return {"key": f"K{row.key}", "since": since, "gone": "是" if row.gone else "", "area": row.area} | KINDS[
            self.kind
        ].write(row)

    def declare(self, home: Path) -> None:
        kind = KINDS[self.kind]
        mode = 'mode = "full"\nabsence = "end"\nscope = ["area"]\n' if self.full else 'mode = "delta"\n'
        bands = "" if self.strict else "max_endings_share = 1.0\n"
        (home / "sources").mkdir(parents=True, exist_ok=True)
        (home / "sources" / f"{self.name}.toml").write_text(
            f'id = "{self.name}"\ntitle = "测试"\ntitle_en = "Test"\ndepartment = "113205000000900347"\n'
            f'register = "{kind.register}"\nrank = {self.rank}\nkey = ["key"]\n{mode}effective = "since"\n'
            f'deleted = {{ column = "gone", values = ["是"] }}\n[thresholds]\nmax_failure_share = 1.0\nvolume_band = 99.0\n'
            f"{bands}[map]\n{kind.map}",
            encoding="utf-8",
        )


@dataclass(frozen=True)
class Kind:
    """Register, mapping, how a row is written, and which cells say what (element → cell)."""

    register: str
    map: str
    write: Callable[[Row], dict[str, str]]
    plain: Mapping[str, str]


def credit_code(number: int) -> str:
    inner = f"MA{number:06d}"
    body = f"91320505{inner}{organisation_code.check_character(inner)}"
    return body + uscc.check_character(body)


def citizen(number: int) -> str:
    body = f"32050519600101{number:03d}"
    return body + citizen_id.check_character(body)


def certificate(number: int) -> str:
    kind, issuer, serial = "11100000000013338W011", "11430000006122244L", f"{number:04d}"
    check = certificate_id.check_character(f"{kind}{issuer}{serial}001")
    return f"{kind}.{issuer}.{serial}.001.{check}"


def _spoilt(number: str, flawed: bool) -> str:
    """A number with a wrong check character."""
    return number[:-1] + ("1" if number[-1] != "1" else "2") if flawed else number


def _day(days: int | None) -> str:
    return "" if days is None else (TODAY + timedelta(days=days)).strftime("%Y-%m-%d")


def _firm(row: Row) -> dict[str, str]:
    return {
        "name": FIRMS[row.name],
        "code": _spoilt(credit_code(row.who), row.flawed),
        "city": REFUSED if row.flawed else row.city,
        "rep": "" if row.to is None else PEOPLE[0],
        "rep_number": "" if row.to is None else citizen(row.to),
        "above": "" if row.day is None else credit_code(row.day % 3),
    }


def _person(row: Row) -> dict[str, str]:
    return {
        "name": PEOPLE[row.name],
        "number": _spoilt(citizen(row.who), row.flawed),
        "born": "",
        "address": REFUSED if row.flawed else row.city,
    }


def _certificate(row: Row) -> dict[str, str]:
    person = row.to is not None and row.to > 1
    return {
        "identifier": _spoilt(certificate(row.who), row.flawed),
        "name": REFUSED if row.flawed else f"测试证照{row.city}",
        "issuer": "测试机关",
        "issued": "2020-01-01",
        "holder": PEOPLE[0] if person else FIRMS[0],
        "holder_code": "" if row.to is None else citizen(row.to) if person else credit_code(row.to),
        "holder_type": "" if row.to is None else "111" if person else "001",
        "until": _day(row.day),
        "status": "02" if row.name == 2 else "01",
        "before": certificate((row.who + 1) % 3) if row.name == 1 else "",
    }


def _decision(row: Row) -> dict[str, str]:
    return {
        "number": f"测罚〔2026〕{row.who + 1}号",
        "name": FIRMS[0],
        "code": _spoilt(credit_code(row.to or 0), row.flawed),
        "decided": _day(-40),
        "organ": REFUSED if row.flawed else f"测试机关{row.city}",
        "from": _day(row.day) if row.name == 1 else "",
        "until": _day(row.day) if row.name != 1 else "",
        "grade": "1" if row.name == 2 else "",
    }


def _repair(row: Row) -> dict[str, str]:
    agreed = {"repaired": _day(row.day), "result": "1" if row.name != 2 else "2"} if row.day is not None else {}
    return {**_decision(row), "until": "", "from": "", "grade": "", "repaired": "", "result": "", **agreed}


_CREDIT = """
record_class = { constant = "3" }
decision_document = { from = "number" }
counterparty_name = { from = "name", as = "entity_name" }
cp_uscc = { from = "code", as = "uscc" }
decided_on = { from = "decided" }
organ_name = { from = "organ" }
publish_from = { from = "from" }
publicity_until = { from = "until" }
severity_grade_code = { from = "grade" }
"""

KINDS = {
    "firms": Kind(
        "legal_entity",
        """
entity_name = { from = "name", as = "entity_name" }
uscc = { from = "code", as = "uscc" }
city = { from = "city" }
legal_rep_name = { from = "rep", as = "person_name" }
legal_rep_id_no = { from = "rep_number" }
parent_entity_uscc = { from = "above", as = "uscc" }
""",
        _firm,
        {"uscc": "code", "city": "city", "legal_rep_name": "rep", "parent_entity_uscc": "above"},
    ),
    "people": Kind(
        "natural_person",
        """
full_name = { from = "name", as = "person_name" }
id_number = { from = "number" }
birth_date = { from = "born" }
hukou_address = { from = "address" }
""",
        _person,
        {"full_name": "name", "hukou_address": "address"},
    ),
    "certificates": Kind(
        "certificate",
        """
cert_identifier = { from = "identifier" }
cert_name = { from = "name" }
issuer_name = { from = "issuer" }
issue_date = { from = "issued" }
holder_name = { from = "holder", as = "entity_name" }
holder_code = { from = "holder_code" }
holder_code_type = { from = "holder_type" }
valid_to = { from = "until" }
cert_status = { from = "status" }
associated_cert_identifier = { from = "before" }
""",
        _certificate,
        {"cert_name": "name", "holder_name": "holder", "cert_status": "status"},
    ),
    "decisions": Kind("credit_record", _CREDIT, _decision, {"organ_name": "organ", "severity_grade_code": "grade"}),
    "repairs": Kind(
        "credit_record",
        _CREDIT + 'repair_decided_on = { from = "repaired" }\nrepair_result_code = { from = "result" }\n',
        _repair,
        {"organ_name": "organ", "repair_result_code": "result"},
    ),
}

FEEDS = (
    Feed("firms-a", "firms", 10),
    Feed("firms-b", "firms", 20),
    Feed("firms-full", "firms", 15, full=True),
    Feed("firms-strict", "firms", 15, full=True, strict=True),
    Feed("people", "people", 10),
    Feed("people-full", "people", 20, full=True),
    Feed("certs", "certificates", 10),
    Feed("decisions", "decisions", 10),
    Feed("repairs", "repairs", 5),
)
