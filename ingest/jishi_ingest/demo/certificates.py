"""Invents electronic certificates 电子证照 of the demo city: of enterprises and of persons, identifiers that compute.

Headers are the names of GB/T 36903-2018. Each version of a certificate is a row with an identifier of its own.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random

from jishi_ingest.demo.check_digits import certificate_check
from jishi_ingest.demo.citizens import Citizen
from jishi_ingest.demo.credit import Office
from jishi_ingest.demo.days import months_on
from jishi_ingest.demo.entities import SHOP, Enterprise
from jishi_ingest.demo.lines import Line
from jishi_ingest.demo.parties import Party

SOURCE = "certificates"
ROOT = "1.2.156.3005.2"
IDENTIFIER, EARLIER, STATUS, OPERATION = "电子证照标识", "关联证照标识", "证照状态", "操作类型"
FROM, TO, HOLDER = "证照有效期起始日期", "证照有效期截止日期", "持证主体"
COPY = ("加注件制作时间", "加注件制作者", "加注件用途", "加注事由", "加注件截止时间")
VALID = "有效"
_MARGIN = 30
"""Days around the day of delivery in which no certificate runs out."""
_COPIED = 0.04


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of certificate: who defines and issues it, its number in the type code, how many months it is valid."""

    name: str
    field: str  # short name of the organ
    type_number: int
    months: tuple[int, ...]  # empty = long-term
    letter: str  # begins the printed number where that is not the holder's own

    def identifier(self, office: Office, serial: str, version: int) -> str:
        """Type, issuer, serial, version and check character under the root; GB/T 36904-2018."""
        issuer = office.organs[self.field].uscc
        parts = (f"{issuer}{self.type_number:03}", issuer, serial, f"{version:03}")
        return ".".join((ROOT, *parts, certificate_check("".join(parts))))


BUSINESS = Kind("营业执照", "市场监管", 1, (), "")
FOOD = Kind("食品经营许可证", "市场监管", 2, (60,), "JY")
IDENTITY = Kind("居民身份证", "公安", 1, (120, 240), "")
DRIVING = Kind("机动车驾驶证", "公安", 2, (72, 120), "")
ESTATE = Kind("不动产权证书", "资规", 1, (), "不动产权第")


def certificate(office: Office, random: Random, kind: Kind, number: int, holders: tuple[Party, ...]) -> Line:
    """The first version of a certificate that is in force, or ran out by itself, its status still 有效.

    ``number``: another for every certificate of the kind. Several holders stand in one cell, parted by ``^``.
    """
    issued, until = _term(office, random, kind, holders[0])
    serial = f"{issued.year}{number:010}"
    return _line(office, random, kind, holders, serial, 1, (issued, issued, until))


def renewal(office: Office, random: Random, kind: Kind, earlier: Line, holders: tuple[Party, ...]) -> Line:
    """The version after ``earlier``, issued when that ran out or, where it has not yet, a few days ago."""
    serial, version = earlier.row[IDENTIFIER].split(".")[-3:-1]
    first, ended = (date.fromisoformat(earlier.row[name]) for name in ("初领日期", TO))
    issued = min(ended, office.days.ago(2))
    terms = (first, issued, months_on(max(ended, issued), max(kind.months)))
    line = _line(office, random, kind, holders, serial, int(version) + 1, terms)
    line.row |= {OPERATION: "延续", EARLIER: earlier.row[IDENTIFIER]}
    line.resolved += 1
    return line


def _line(
    office: Office,
    random: Random,
    kind: Kind,
    holders: tuple[Party, ...],
    serial: str,
    version: int,
    terms: tuple[date, date, date | None],
) -> Line:
    first, issued, until = terms
    organ = office.organs[kind.field]
    type_code = f"{organ.uscc}{kind.type_number:03}"
    row = {
        IDENTIFIER: kind.identifier(office, serial, version),
        "证照名称": kind.name,
        "证照类型名称": kind.name,
        "证照类型代码": type_code,
        "证照定义机构": organ.name,
        "证照定义机构代码": organ.uscc,
        "证照编号": _printed(office, kind, holders[0], serial),
        "证照颁发机构": organ.name,
        "证照颁发机构代码": organ.uscc,
        "证照颁发机构级别": "市级",
        "证照颁发日期": issued.isoformat(),
        "初领日期": first.isoformat(),
        HOLDER: "^".join(one.name for one in holders),
        "持证主体代码": "^".join(code_of(one) for one in holders),
        "持证主体代码类型代码": "^".join("111" if isinstance(one, Citizen) else "001" for one in holders),
        FROM: issued.isoformat(),
        TO: "长期" if until is None else until.isoformat(),
        "证照所属地区编码": office.ground.city_code,
        EARLIER: "",
        STATUS: VALID,
        OPERATION: "新发",
        "照面信息": _face(kind, holders),
        **dict(zip(COPY, _copy(office, random, kind, holders[0]), strict=True)),
    }
    return Line(row, resolved=len(holders), expired=until is not None and until < office.days.today)


def code_of(holder: Party) -> str:
    return holder.number if isinstance(holder, Citizen) else holder.uscc


def _term(office: Office, random: Random, kind: Kind, holder: Party) -> tuple[date, date | None]:
    """Issue and end; one in twelve ran out. A business licence is as old as the enterprise."""
    if not kind.months:
        founded = holder.founded if isinstance(holder, Enterprise) else office.days.ago(random.randrange(60, 4000))
        return founded, None
    months = random.choice(kind.months)
    if random.random() < 1 / 12:
        until = office.days.ago(random.randrange(_MARGIN, 700))
    else:
        until = office.days.ahead(random.randrange(_MARGIN, months * 30 - _MARGIN))
    until = until.replace(day=min(until.day, 28))
    return months_on(until, -months), until


def _printed(office: Office, kind: Kind, holder: Party, serial: str) -> str:
    """The number on the face: of personal documents the holder's own."""
    if not kind.letter:
        return code_of(holder)
    return f"{kind.letter}{serial[4:]}号" if kind is ESTATE else f"{kind.letter}{office.ground.city_code}{serial[-8:]}"


def _face(kind: Kind, holders: tuple[Party, ...]) -> str:
    """Fields on the face as JSON."""
    holder = holders[0]
    if isinstance(holder, Enterprise):
        fields = {"类型": holder.form, "住所": holder.address, "经营范围": holder.scope}
        if kind is FOOD:
            fields = {
                "主体业态": "餐饮服务经营者" if holder.kind == SHOP else "食品销售经营者",
                "经营场所": holder.address,
            }
    elif kind is DRIVING:
        fields = {"准驾车型": "C1", "出生日期": holder.birth.isoformat()}
    else:
        fields = {"共有情况": "共同共有"} if len(holders) > 1 else {"出生日期": holder.birth.isoformat()}
    items = [{"name": name, "value": value} for name, value in fields.items()]
    return json.dumps(items, ensure_ascii=False, separators=(",", ":"))


def _copy(office: Office, random: Random, kind: Kind, holder: Party) -> tuple[str, ...]:
    """An annotated copy 加注件, made once for one purpose; most certificates have none."""
    if random.random() >= _COPIED:
        return ("",) * len(COPY)
    made = office.days.ago(random.randrange(3, 60))
    purpose = "办理出行登记" if isinstance(holder, Citizen) else "参加政府采购投标"
    maker = office.organs["数据"].name
    return made.isoformat(), maker, purpose, f"仅限{purpose}使用", (made + timedelta(days=30)).isoformat()
