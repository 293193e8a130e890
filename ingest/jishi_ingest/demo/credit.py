"""Invents licences and penalties of the demo city in the headers of 双公示: decisions of its organs on its parties."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from random import Random

from jishi_ingest.demo.citizens import Citizen
from jishi_ingest.demo.days import Days, months_on
from jishi_ingest.demo.ground import Ground
from jishi_ingest.demo.lines import Line
from jishi_ingest.demo.organs import Organ
from jishi_ingest.demo.parties import Parties, Party, party_cells, references

LICENCES, PENALTIES = "licences", "penalties"
NUMBER, DECIDED, GRADE = "行政处罚决定书文号", "处罚决定日期", "失信程度"
FINE, CONTENT, UNTIL = "罚款金额(万元)", "处罚内容", "公示截止期"
SLIGHT, ORDINARY, SERIOUS = "轻微", "一般", "严重"
MOST_MONTHS = {ORDINARY: 12, SERIOUS: 36}
"""Longest term of publicity by grade; 信用修复管理办法, from 2026-04-01 on. What is slight is not published at all."""

_LICENCES = (
    ("食品经营许可证", "普通", "许可经营：热食类、冷食类食品制售", "SP"),
    ("道路运输经营许可证", "普通", "许可经营：道路普通货物运输", "YS"),
    ("公共场所卫生许可证", "核准", "许可项目：公共场所经营", "WS"),
    ("建筑业企业资质证书", "认可", "核定资质：建筑工程施工总承包三级", "ZZ"),
    ("城镇污水排入排水管网许可证", "普通", "准许向城镇排水设施排放污水", "PS"),
)
_PERSONAL = (
    ("网络预约出租汽车驾驶员证", "普通", "准予从事网络预约出租汽车客运", "WY"),
    ("特种设备安全管理和作业人员证", "认可", "准予从事特种设备作业", "TS"),
)
_VIOLATIONS = (
    ("市场监管", "未按规定公示年度报告", "《企业信息公示暂行条例》第十八条"),
    ("市场监管", "销售不符合标签规定的商品", "《中华人民共和国产品质量法》第五十四条"),
    ("城管", "擅自占用城市道路经营", "《城市道路管理条例》第四十二条"),
    ("交通", "未取得道路运输经营许可从事经营", "《中华人民共和国道路运输条例》第六十三条"),
    ("税务", "未按规定期限办理纳税申报", "《中华人民共和国税收征收管理法》第六十二条"),
)
_FINES = (200, 500, 1000, 2000, 5000, 8000, 12_000, 25_000, 36_500, 50_000, 120_000, 200_000)
_CONFISCATED = (300, 860, 4200, 15_000)
_BRACKETS = ("〔{}〕", "[{}]", "（{}）")


@dataclass(frozen=True, slots=True)
class Office:
    """What decisions are made of."""

    ground: Ground
    organs: dict[str, Organ]
    parties: Parties
    days: Days

    def document(self, word: str, decided: date, serial: int) -> str:
        """The number of a document 文号; a third each with the brackets that people type instead of 〔〕."""
        year = _BRACKETS[serial % 3].format(decided.year)
        return f"{self.ground.city.name[0]}{word}字{year}{serial}号"


def licence(office: Office, random: Random, serial: int, decided: date, party: Party | None = None) -> Line:
    """One administrative licence 行政许可; of anybody where no party is given. ``serial``: another for every licence."""
    given = party or office.parties.anyone(random, 0.15, decided)
    name, kind, content, word = random.choice(_PERSONAL if isinstance(given, Citizen) else _LICENCES)
    organ = office.organs["审批"]
    row = {
        **party_cells(given),
        "行政许可决定文书名称": "准予行政许可决定书",
        "行政许可决定文书号": office.document("审批许", decided, serial),
        "许可类别": kind,
        "许可证书名称": name,
        "许可编号": f"{word}{decided.year}{serial:06}",
        "许可内容": content,
        "许可决定日期": decided.isoformat(),
        "有效期自": decided.isoformat(),
        "有效期至": "长期" if random.random() < 0.1 else months_on(decided, 60).isoformat(),
        "许可机关": organ.name,
        "许可机关统一社会信用代码": organ.uscc,
        "当前状态": "有效",
        "数据来源单位": organ.name,
        "数据来源单位统一社会信用代码": organ.uscc,
        "备注": "",
    }
    return Line(row, resolved=references(given), late=office.days.is_late(decided))


def penalty(office: Office, random: Random, serial: int, decided: date, party: Party | None = None) -> Line:
    """One administrative penalty 行政处罚; a person's is not published, nor is what is slight."""
    given = party or office.parties.anyone(random, 0.12, decided)
    field, violation, basis = random.choice(_VIOLATIONS)
    organ, grade = office.organs[field], _grade((office.days.today - decided).days, random)
    fine, confiscated = random.choice(_FINES), random.choice(_CONFISCATED)
    categories, content = random.choice(
        (
            ("罚款", f"罚款人民币{fine}元"),
            ("警告;罚款", f"给予警告，并处罚款人民币{fine}元"),
            ("没收违法所得;罚款", f"没收违法所得{confiscated}元；罚款人民币{fine}元"),
            ("警告", "给予警告"),
        )
    )
    row = {
        **party_cells(given),
        NUMBER: office.document(f"{field[:2]}罚", decided, serial),
        "违法行为类型": violation,
        "违法事实": f"经查，当事人{violation}，事实清楚，证据确凿。",
        "处罚依据": basis,
        "处罚类别": categories,
        CONTENT: content,
        FINE: _wan(fine) if "罚款" in categories else "",
        "没收违法所得金额(万元)": _wan(confiscated) if "没收" in categories else "",
        "暂扣或吊销证照名称及编号": "",
        DECIDED: decided.isoformat(),
        "处罚有效期": "",
        UNTIL: months_on(decided, MOST_MONTHS[grade]).isoformat() if grade in MOST_MONTHS else "",
        "处罚机关": organ.name,
        "处罚机关统一社会信用代码": organ.uscc,
        GRADE: grade,
        "数据来源单位": organ.name,
        "数据来源单位统一社会信用代码": organ.uscc,
        "备注": "",
    }
    is_withheld = isinstance(given, Citizen) or grade == SLIGHT
    return Line(row, resolved=references(given), withheld=is_withheld, late=office.days.is_late(decided))


def _grade(age: int, random: Random) -> str:
    """Of ``age`` days, such that its longest term has weeks left; of older decisions most are without a grade."""
    if age <= 300:
        return random.choices((SLIGHT, ORDINARY, SERIOUS), (10, 70, 20))[0]
    return SERIOUS if age <= 900 and random.random() < 0.25 else ""


def _wan(yuan: int) -> str:
    """Yuan as the 万元 the column counts in."""
    return f"{yuan / 10_000:.4f}".rstrip("0").rstrip(".")
