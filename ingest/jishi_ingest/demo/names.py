"""Invented names of the demo city's people: surnames by frequency, given names by sex, rare characters, middle dots."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import polars as pl

Ints = npt.NDArray[np.int64]

SURNAMES = (
    "李王张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎"
    "余潘杜戴夏钟汪田任姜范方石姚谭廖邹熊金陆郝孔白崔康毛邱秦江史顾侯邵孟龙万段雷钱汤尹黎易常武乔贺赖龚文"
)
_COMMON = (79, 74, 71, 54, 45, 31, 23, 22, 21, 20, 17, 15, 13, 13, 12, 12, 12, 11, 10, 9, 8, 8, 8, 7, 7, 6, 6, 6, 6, 6)
_MALE = "建国志明军伟强勇磊涛斌浩宇轩博文杰鹏飞辉刚毅林峰海波俊豪泽晨铭昊然子睿书恒远承柏松庆荣根福生宝兴德义礼"
_FEMALE = "秀英兰芳梅玉珍桂香丽娟敏静艳红霞燕萍琴雪莹颖慧婷琳佳怡欣雨梓涵诗语若彤芸蕾薇岚月凤云巧素瑾瑶妍漪荷蓉"
RARE = "𠮷䶮㛃㬎𬭎𫍽𬱖㙍堃喆淼嫄翀頔玥甡犇骉"
TRADITIONAL = dict(
    zip(
        "国军伟强涛鹏飞辉刚兴义礼兰丽静艳红琴莹颖云庆荣宝",
        "國軍偉強濤鵬飛輝剛興義禮蘭麗靜艷紅琴瑩穎雲慶榮寶",
        strict=True,
    )
)
_DOTTED_FIRST = (
    "艾力",
    "买买提",
    "阿依古丽",
    "古丽娜尔",
    "吐尔逊",
    "热依汗",
    "帕提古丽",
    "玉素甫",
    "叶尔兰",
    "阿曼古丽",
)
_DOTTED_LAST = ("阿不都", "亚森", "吾买尔", "依明", "卡德尔", "热合曼", "沙吾提", "巴合提", "努尔兰", "司马义")

_weights = np.array([*_COMMON, *np.linspace(5, 1.5, len(SURNAMES) - len(_COMMON))])
SURNAME_SHARES = _weights / _weights.sum()


def draw_surnames(size: int, random: np.random.Generator) -> Ints:
    """Places in ``SURNAMES``, drawn by frequency."""
    return random.choice(len(SURNAMES), size=size, p=SURNAME_SHARES).astype(np.int64)


def full_names(surname: Ints, is_male: npt.NDArray[np.bool_], random: np.random.Generator) -> pl.Series:
    """Surname and one or two given characters; two names in a thousand end with a rare character."""
    size = len(surname)
    given = [_pick(_MALE, _FEMALE, is_male, random) for _ in range(2)]
    is_short = random.random(size) < 0.18
    frame = pl.DataFrame({"surname": _at(SURNAMES, surname), "first": given[0], "second": given[1]})
    rare = _at(RARE, random.integers(0, len(RARE), size))
    is_rare = random.random(size) < 0.002
    last = pl.when(pl.Series(is_rare)).then(pl.lit(rare)).otherwise(pl.col("first"))
    middle = pl.when(pl.Series(is_short)).then(pl.lit("")).otherwise(pl.col("second"))
    return frame.select(pl.concat_str("surname", middle, last)).to_series()


def dotted_names(size: int, random: np.random.Generator) -> pl.Series:
    """Names of two parts joined by a middle dot (U+00B7), as some nationalities write them."""
    parts = [
        _at(words, random.integers(0, len(words), size)).alias(name)
        for name, words in (("first", _DOTTED_FIRST), ("last", _DOTTED_LAST))
    ]
    return pl.DataFrame(parts).select(pl.concat_str("first", "last", separator="·")).to_series()


def to_traditional(name: str) -> str:
    """The name with its given characters in traditional form where this list knows one; the surname stays."""
    return name[:1] + "".join(TRADITIONAL.get(char, char) for char in name[1:])


def _pick(male: str, female: str, is_male: npt.NDArray[np.bool_], random: np.random.Generator) -> pl.Series:
    count = min(len(male), len(female))
    place = random.integers(0, count, len(is_male))
    return _at(male[:count] + female[:count], np.where(is_male, place, place + count))


def _at(words: str | tuple[str, ...], places: Ints) -> pl.Series:
    return pl.Series("at", list(words), dtype=pl.String).gather(places)
