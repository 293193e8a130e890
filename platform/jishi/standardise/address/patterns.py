"""Regular expressions of addresses, made of the endings of the dictionary; compiled once a dictionary."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from jishi.dictionary.addresses import AddressWords

SEPARATORS = r"[\s\-_－—~,，.。、;；:：/／|·()（）\[\]【】<>《》\"'“”#*+&]+"
_NAME = r"[^\s\d\-_－—~,，。、;；:：/／|()（）\[\]【】]"
_DIRECTIONS = "[东西南北中上下前后新老大小内外横直支一二三四五六七八九十]"
_NUMERAL = "[0-9一二三四五六七八九十百]"


@dataclass(frozen=True)
class Patterns:
    """``filler``: what stands between divisions; ``ended``: a name and its ending, its group the part; ``counted``: the same
    of what is told by a number; ``stop``, ``local_stop``: what the short name of a division, of a town must not stand
    before; ``zone``: the rest of a zone that bears a county's name; ``direction``: words behind a road; ``run``: a name."""

    separators: re.Pattern[str]
    country: re.Pattern[str]
    filler: re.Pattern[str]
    ended: re.Pattern[str]
    counted: re.Pattern[str]
    stop: re.Pattern[str]
    local_stop: re.Pattern[str]
    zone: re.Pattern[str]
    direction: re.Pattern[str]
    run: re.Pattern[str]


def compile_patterns(words: AddressWords) -> Patterns:
    """The expressions of a dictionary."""
    endings = dict(words.endings)
    road, town, community = _any(endings["road"]), _any(endings["town"]), _any(endings["community"])
    zone, compound = _any(endings["zone"]), _any(endings["compound"])
    long_compound = _any(word for word in endings["compound"] if len(word) > 1)
    areas = _any(word for word in endings["compound"] if len(word) > 1 and word[-1] == "区")
    # an ending is none where another one follows at once: 新村路, 花园小区, 镇北路
    joined = (
        f"(?!{_DIRECTIONS}{{0,2}}(?:路|街|大道|大街|巷|弄|胡同|公路|道)|{community}|{town}|{long_compound}|{zone}|区)"
    )
    at_once = f"(?!(?:路|街|大道|大街|巷|弄|胡同|公路|道)|{community}|{town}|{long_compound})"
    not_in_zone = f"(?!(?:路|街|大道|大街|巷|弄|公路)|{community}|{town}|大厦|广场|中心|市场|小区)"
    ended = "|".join(
        (
            f"(?P<zone>{zone}){not_in_zone}",
            f"(?P<town>{town})(?!{_DIRECTIONS}{{0,2}}(?:路|街(?!道)|大道|大街|巷|弄)|{long_compound}|中心|上|政府|口)",
            f"(?P<community>{community})(?!{_DIRECTIONS}{{0,2}}(?:路|街(?!道)|大道|大街|巷|弄)|{town}|{long_compound}|口)",
            f"(?P<road>(?:{road}))(?!{road}|桥区|桥镇|办事处|道办|口镇|网|社区|小区|新村)"
            f"(?P<stretch>[东西南北中一二三四五六七八九十]段)?",
            f"(?P<compound>{areas}{at_once}|{compound}{joined})(?P<phase>[一二三四五六七八九十0-9东西南北A-Za-z]期)?",
        )
    )
    return Patterns(
        separators=re.compile(SEPARATORS),
        country=re.compile("(?:中华人民共和国|中国)(?=.{2})"),
        filler=re.compile("市辖区|其[他它](?:地区|区)?(?!路)"),
        ended=re.compile(f"{_NAME}{{1,11}}?(?:{ended})"),
        counted=re.compile(_counted()),
        stop=re.compile(
            f"{_DIRECTIONS}{{0,2}}(?:路|街|大道|巷|弄|胡同|公路|道)|{community}|{town}|{long_compound}|[0-9号桥场]"
        ),
        local_stop=re.compile(
            f"(?:{_NAME}|{_DIRECTIONS}{{2}})?(?:路|街|大道|巷|弄|胡同|公路|道)|{town}|{community}|{long_compound}"
            f"|(?:经济|高新|工业|技术){{0,3}}{zone}|号"
        ),
        zone=re.compile(f"{_NAME}{{0,7}}?{zone}{not_in_zone}"),
        direction=re.compile(
            "交叉口|交界处|交汇处|交口|路口|门口|附近|对面|旁边|旁|隔壁|斜对面|与(?=.{2})|[东西南北]+(?:侧|面|首|端)"
            "|[往向]?[东西南北][0-9]+米|以?[东西南北](?![^\\s,，、()（）])|底(?![^\\s,，、()（）])"
        ),
        run=re.compile(r"[^\s\d\-_－—~,，。、;；:：/／|()（）\[\]【】]+"),
    )


def _any(words: Iterable[str]) -> str:
    """Longest first."""
    return "(?:" + "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True)) + ")"


def _counted() -> str:
    number = r"[0-9]+[A-Za-z]?(?:[-~—－、,，/至.][0-9]+[A-Za-z]?){0,20}"
    return "|".join(
        (
            rf"(?P<road>[GSX]?[0-9]{{2,4}}(?:国道|省道|县道|乡道)|{_NUMERAL}{{1,4}}(?:大街|马路|号大街)"
            rf"|第?{_NUMERAL}{{1,3}}(?:村民小组|组|队))",
            r"(?P<building>第?[0-9A-Za-z一二三四五六七八九十东西南北]{1,5}(?:[-~、/][0-9A-Za-z]+){0,9}(?:号楼|#楼|#|幢|栋|座(?!落)|橦))",
            rf"(?P<unit>(?:{_NUMERAL}{{1,3}}|[东西南北中A-Za-z甲乙丙])(?:单元|门洞|梯))",
            rf"(?P<room>(?:负|地下|[BFbf])?{_NUMERAL}{{1,4}}(?:[-~、至][0-9]+){{0,9}}(?:层|楼(?![栋幢]))|[0-9]{{1,3}}[Ff](?![A-Za-z0-9])"
            rf"|[A-Za-z]?[0-9]+[A-Za-z]?(?:[-~、,][A-Za-z]?[0-9]+){{0,20}}(?:号房|号铺|室|房(?!东)|户|铺)|顶楼|地下室)",
            rf"(?P<number>(?:自编|附|之)?{number}(?:号院|号|弄|號)"
            rf"(?:附[0-9]+号|之[一二三四五六七八九十0-9]+|[0-9]+支弄)?)",
            r"(?P<bare>[0-9A-Za-z]+(?:[-－—~/][0-9A-Za-z]+)*)",
        )
    )
