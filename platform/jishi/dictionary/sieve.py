"""Which names that were asked for may be kept for stewards to look at, and which might tell of a person (beside the road).

Whoever fills a form may write anything where a node's name belongs. Kept is only what is short and does not look like a
number of a person, a way to reach one, a door, or a person's name; a name kept out is still answered, merely not learnt from.
The test for persons' names errs on the side of keeping out: two to four characters that begin with a surname, unless the
dictionary itself has the first two of them side by side.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from jishi.dictionary.spelling import fold
from jishi.identifiers import uscc

LONGEST = 40
CONTEXT_LONGEST = 60

_SURNAMES = frozenset(
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹彭曾萧肖田董潘袁于蔡蒋余杜叶程苏魏吕丁任沈姚卢姜崔钟谭"
    "陆汪范金石廖贾夏韦付方白邹孟熊秦邱江尹薛闫段雷侯龙史陶黎贺顾毛郝龚邵万钱严覃武戴莫孔向汤温康施文牛樊葛邢安齐易乔"
    "伍庞颜倪庄聂章鲁岳翟殷詹申欧耿关兰焦俞左柳甘祝包宁尚符舒阮柯纪梅童凌毕单季裴霍涂成苗谷盛曲翁冉骆蓝路游辛靳欧管柴蒙"
)
_COMPOUND = (
    "欧阳",
    "上官",
    "司马",
    "诸葛",
    "司徒",
    "夏侯",
    "皇甫",
    "尉迟",
    "公孙",
    "慕容",
    "令狐",
    "东方",
    "长孙",
    "宇文",
    "端木",
)
_TITLE = re.compile(r"[\u4e00-\u9fff](?:某|先生|女士|小姐|老师|同志|师傅|经理|主任|科长|处长|局长|书记)")
_DIGITS = re.compile(r"(?:\d[\s\-—.()]*){6,}")
_REACHED = re.compile(r"@|https?:|www\.|微信|qq\d|wx\d", re.IGNORECASE)
_DOOR = re.compile(r"\d+\s*(?:号|室|栋|幢|单元|弄|楼|门牌)|(?:路|街|巷|弄|村|小区)\d")
_HAN = re.compile(r"[\u3400-\u9fff·]+")
_CODE = re.compile(r"[0-9A-HJ-NPQRTUWXY]{18}|\d{2,12}", re.IGNORECASE)


def may_be_kept(name: str, known: frozenset[str]) -> bool:
    """Whether a name may wait for a steward; ``known``: pairs of characters of the dictionary (:func:`pairs_of`).

    >>> words = pairs_of(["立项批复", "安全测评", "项目建议书"])
    >>> [may_be_kept(name, words) for name in ("立项的批复", "安全测评", "2024年批复", "张三", "李先生申请", "13800001111")]
    [True, True, True, False, False, False]
    """
    text = fold(name)
    if not text or len(text) > LONGEST or not text.isprintable():
        return False
    if _DIGITS.search(text) or _REACHED.search(text) or _DOOR.search(text):
        return False
    return not _is_like_person(text, known)


def kept_context(word: str | None) -> str:
    """What may be kept of a place, department or stage: codes and short names, else nothing."""
    text = fold(word or "")
    if not text or len(text) > CONTEXT_LONGEST or not text.isprintable():
        return ""
    if _CODE.fullmatch(text):
        return "" if len(text) == 11 or (len(text) == 18 and not uscc.check(text.upper()).passes) else text
    return "" if _DIGITS.search(text) or _REACHED.search(text) or _TITLE.search(text) else text


def pairs_of(texts: Iterable[str]) -> frozenset[str]:
    """Every two characters that stand side by side in texts."""
    return frozenset(text[place : place + 2] for text in map(fold, texts) for place in range(len(text) - 1))


def _is_like_person(text: str, known: frozenset[str]) -> bool:
    bare = text.replace("·", "").replace(" ", "")
    title = _TITLE.search(text)
    if title is not None and text[title.start()] in _SURNAMES and text[title.start() : title.start() + 2] not in known:
        return True
    if "·" in text and _HAN.fullmatch(text) and len(text) <= 20:
        return True
    if not _HAN.fullmatch(bare) or not 2 <= len(bare) <= 4:
        return False
    if bare[:2] in known:
        return False
    return bare[:2] in _COMPOUND or (bare[0] in _SURNAMES and len(bare) <= 3)
