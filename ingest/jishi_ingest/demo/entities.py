"""Invents the enterprises of the demo city: codes that compute, names, capital, scope, addresses.

Their codes carry the division part that was never assigned, so that none can belong to a real entity.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from random import Random

from jishi_ingest.demo.check_digits import USCC_ALPHABET, organisation_check, uscc_check
from jishi_ingest.demo.citizens import Citizen
from jishi_ingest.demo.ground import Ground
from jishi_ingest.demo.people import AS_OF

HEADERS = (
    "企业名称",
    "统一社会信用代码",
    "注册日期",
    "企业类型",
    "法人代表",
    "注册资金",
    "经营范围",
    "所在省份",
    "地区",
    "注册地址",
)
APPROVED = "核准日期"
FURTHER = ("法定代表人证件类型", "法定代表人证件号码", "上级单位代码")
"""What a register sends beside the contract's headers, as CSV only."""
ENGLISH = (
    "name",
    "code",
    "registrationDay",
    "character",
    "legalRepresentative",
    "capital",
    "businessScope",
    "province",
    "city",
    "address",
)
SOURCE = "enterprise-registration"
COMPANY, SHOP, COOPERATIVE = "91", "92", "93"

Record = dict[str, str]

_BRAND = "恒瑞锦泰盛源汇通达创博宏凯益欣悦航驰卓越启明嘉禾润丰旭辉腾翔佳诚信远景"
_TRADES = (
    ("电子科技", "电子元器件、通信设备的研发、生产、销售；软件开发；技术服务"),
    ("纺织", "针纺织品、服装、纺织机械配件的生产、加工、销售"),
    ("精密机械", "精密机械、模具、五金件的制造、加工、销售；自营和代理各类商品的进出口业务"),
    ("物流", "道路普通货物运输；仓储服务；货物运输代理"),
    ("建筑工程", "房屋建筑工程、市政公用工程、建筑装修装饰工程的施工"),
    ("餐饮管理", "餐饮服务；餐饮企业管理；食品经营"),
    ("新材料", "高分子材料、复合材料的研发、生产、销售"),
    ("环保设备", "环保设备、水处理设备的设计、制造、安装"),
    ("商贸", "日用百货、办公用品、五金交电、建筑材料的销售"),
    ("园林绿化", "园林绿化工程的设计、施工、养护；花木销售"),
)
_SHOPS = (
    ("面馆", "餐饮服务"),
    ("理发店", "理发服务"),
    ("水果店", "水果零售"),
    ("五金店", "五金零售"),
    ("小吃店", "小吃服务"),
)
_NUMBERED, _BRANCH_EVERY = 0.6, 25
_CO_OPS = (("果蔬专业合作社", "果蔬的种植、销售"), ("水产专业合作社", "水产品的养殖、销售"))


@dataclass(frozen=True, slots=True)
class Enterprise:
    """One enterprise as it truly is."""

    name: str
    uscc: str
    founded: date
    approved: date | None
    kind: str  # first two characters of the code
    form: str  # 企业类型
    representative: str
    capital_wan: int | None  # 万元 CNY
    scope: str
    address: str
    representative_number: str = ""  # where the register holds it
    superior: str = ""  # code of the enterprise whose branch it is

    def record(self, ground: Ground) -> Record:
        """The row a register sends: the contract's headers, 核准日期 and the further ones."""
        values = (
            self.name,
            self.uscc,
            self.founded.isoformat(),
            self.form,
            self.representative,
            "N/A" if self.capital_wan is None else f"{self.capital_wan}万元人民币",
            self.scope,
            ground.province.removesuffix("省"),
            ground.city.name.removesuffix("市"),
            self.address,
        )
        approved = "" if self.approved is None else self.approved.isoformat()
        further = ("居民身份证" if self.representative_number else "", self.representative_number, self.superior)
        return dict(zip((*HEADERS, APPROVED, *FURTHER), (*values, approved, *further), strict=True))


def enterprises(ground: Ground, count: int, seed: int, representatives: Sequence[Citizen]) -> list[Enterprise]:
    """``count`` enterprises: seven in ten companies, the rest shops of individuals and farmers' cooperatives.

    The register holds the representative's number of six in ten.
    """
    random = Random(f"{seed}-enterprises")
    taken: set[str] = set()
    return [_enterprise(ground, random, place, taken, representatives) for place in range(count)]


def with_branches(known: list[Enterprise], seed: int) -> list[Enterprise]:
    """``known`` with one company in twenty-five as the branch of an earlier one that is no branch itself."""
    random = Random(f"{seed}-branches")
    companies = [at for at, one in enumerate(known) if one.kind == COMPANY]
    branches = companies[_BRANCH_EVERY - 1 :: _BRANCH_EVERY]
    heads = [at for at in companies if at not in branches]
    found = list(known)
    for number, at in enumerate(branches, 1):
        head = known[random.choice([place for place in heads if place < at])]
        name = f"{head.name}第{number}分公司"
        found[at] = replace(known[at], name=name, form="有限责任公司分公司", capital_wan=None, superior=head.uscc)
    return found


def code(ground: Ground, kind: str, body: str, check: str | None = None) -> str:
    """A unified social credit code on eight characters of an organisation code; ``check`` replaces its ninth."""
    start = f"{kind}{ground.never_assigned}{body}{check or organisation_check(body)}"
    return start + uscc_check(start)


def body(place: int) -> str:
    """Eight characters of an organisation code, another for every ``place``: digits, or MA and six as since 2015."""
    if place % 3:
        return f"{place * 7919 % 100_000_000:08}"
    text, rest = "", place
    for _ in range(6):
        rest, digit = divmod(rest, len(USCC_ALPHABET))
        text = USCC_ALPHABET[digit] + text
    return f"MA{text}"


def _enterprise(
    ground: Ground, random: Random, place: int, taken: set[str], representatives: Sequence[Citizen]
) -> Enterprise:
    kind = random.choices((COMPANY, SHOP, COOPERATIVE), (70, 25, 5))[0]
    village = random.choice(ground.villages)
    county = ground.counties[village.county].name
    town = ground.city.name.removesuffix("市")
    trade, scope = random.choice({COMPANY: _TRADES, SHOP: _SHOPS, COOPERATIVE: _CO_OPS}[kind])
    representative = random.choice(representatives) if representatives else None
    while True:
        brand = "".join(random.sample(_BRAND, 2 if len(taken) < 3000 else 3))
        name, form = {
            COMPANY: (f"{town}{brand}{trade}有限公司", "有限责任公司"),
            SHOP: (f"{county}{village.street_name}{brand}{trade}", "个体工商户"),
            COOPERATIVE: (f"{county}{brand}{trade}", "农民专业合作社"),
        }[kind]
        if name not in taken:
            break
    taken.add(name)
    founded = date(1984, 1, 1) + timedelta(days=random.randrange(15_000))
    approved = founded + timedelta(days=random.randrange(1, 3000))
    capital = random.choice((10, 30, 50, 100, 200, 500, 800, 1000, 1250, 2800, 5000, 12_500))
    return Enterprise(
        name,
        code(ground, kind, body(place + 1)),
        founded,
        approved if approved < AS_OF and random.random() < 0.7 else None,
        kind,
        form,
        representative.name if representative else "N/A",
        None if kind == SHOP or random.random() < 0.1 else capital,
        scope,
        f"{town}市{county}{village.street_name}{random.choice(ground.roads)}{random.randrange(1, 400)}号",
        representative.number if representative and random.random() < _NUMBERED else "",
    )
