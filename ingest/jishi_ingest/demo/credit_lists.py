"""Invents red and black lists 守信激励名单、严重失信主体名单 of the demo city, and the repair 信用修复 of its penalties."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from random import Random

from jishi_ingest.demo.citizens import Citizen
from jishi_ingest.demo.credit import DECIDED, GRADE, MOST_MONTHS, NUMBER, ORDINARY, SERIOUS, Office
from jishi_ingest.demo.days import months_on
from jishi_ingest.demo.lines import Line
from jishi_ingest.demo.parties import category

LISTS, REPAIRS = "credit-lists", "credit-repairs"
EXPIRES = "有效期至"
BLACK = "严重失信主体名单"
LEAST_DAYS = {ORDINARY: 95, SERIOUS: 370}
"""Days after which the least term of publicity (three months, a year) has surely passed."""

_RED = (("守信激励名单", "税务", "A级纳税人名单"), ("守信激励名单", "发改", "诚信示范企业名单"))
_BLACKS = (
    ("人社", "拖欠农民工工资失信联合惩戒对象名单", "《保障农民工工资支付条例》第四十八条"),
    ("市场监管", "市场监督管理严重违法失信名单", "《企业信息公示暂行条例》第十七条"),
    ("税务", "重大税收违法失信主体名单", "《重大税收违法失信主体信息公布管理办法》第六条"),
)


def listing(office: Office, random: Random, serial: int) -> Line:
    """One entry of a list: six in ten are red ones of this year; black ones last three years, of which months are left."""
    is_red = random.random() < 0.6
    if is_red:
        kind, field, name = random.choice(_RED)
        basis, decided = "", office.days.ago(random.randrange(5, 200))
    else:
        kind = BLACK
        field, name, basis = random.choice(_BLACKS)
        decided = office.days.ago(random.randrange(5, 900))
    party = office.parties.anyone(random, 0.0 if is_red else 0.2, decided)
    organ, is_person = office.organs[field], isinstance(party, Citizen)
    row = {
        "名单类别": kind,
        "认定文号": office.document("信用", decided, serial),
        "名单名称": name,
        "主体名称": party.name,
        "主体类别": category(party),
        "统一社会信用代码": "" if isinstance(party, Citizen) else party.uscc,
        "证件类型": "身份证" if is_person else "",
        "证件号码": party.number if isinstance(party, Citizen) else "",
        "法定代表人": "" if isinstance(party, Citizen) else party.representative,
        "评价年度": str(decided.year),
        "认定依据": basis,
        "认定内容": f"列入{name}",
        "认定日期": decided.isoformat(),
        "发布日期": decided.isoformat(),
        EXPIRES: months_on(decided, 12 if is_red else 36).isoformat(),
        "认定单位": organ.name,
        "认定单位统一社会信用代码": organ.uscc,
        "数据来源单位": organ.name,
        "地域": office.ground.city.name,
        "备注": "",
    }
    return Line(row, resolved=1)


def repairs(office: Office, random: Random, penalties: Sequence[Line]) -> list[Line]:
    """Decisions of repair on some of the ``penalties``, six in ten of those with a grade; one that is agreed withholds."""
    found: list[Line] = []
    for line in penalties:
        is_chosen = random.random() < (0.6 if line.row[GRADE] else 0.1)
        made = _repair(office, random, line, len(found) + 1) if is_chosen else None
        if made is not None:
            found.append(made)
    return found


def _repair(office: Office, random: Random, line: Line, serial: int) -> Line | None:
    """None where the least term has not passed. What had no grade gets the ordinary one with the repair."""
    row, today = line.row, office.days.today
    grade, decided = row[GRADE] or ORDINARY, date.fromisoformat(row[DECIDED])
    last = (min(months_on(decided, MOST_MONTHS.get(grade, 0)), office.days.ago(20)) - decided).days
    if grade not in LEAST_DAYS or not row["行政相对人代码_1"] or last <= LEAST_DAYS[grade]:
        return None
    accepted = decided + timedelta(days=random.randrange(LEAST_DAYS[grade], last))
    settled = accepted + timedelta(days=random.randrange(1, 10))
    is_agreed = random.random() < 0.8
    line.withheld |= is_agreed or months_on(decided, MOST_MONTHS[grade]) < today
    organ = office.organs["发改"]
    made = {
        "修复申请编号": f"XF{accepted:%Y%m%d}{serial:05}",
        "信用信息类别": "行政处罚",
        "决定文书号": row[NUMBER],
        "行政相对人名称": row["行政相对人名称"],
        "行政相对人类别": row["行政相对人类别"],
        "统一社会信用代码": row["行政相对人代码_1"],
        "决定日期": row[DECIDED],
        "决定机关": row["处罚机关"],
        GRADE: grade,
        "义务已履行": "是" if is_agreed else "否",
        "信用承诺书": "已提交" if is_agreed else "",
        "受理日期": accepted.isoformat(),
        "修复决定日期": settled.isoformat(),
        "修复结果": "同意" if is_agreed else "不同意",
        "修复决定单位统一社会信用代码": organ.uscc,
        "停止公示日期": settled.isoformat() if is_agreed else "",
    }
    return Line(made, resolved=1, withheld=line.withheld)
