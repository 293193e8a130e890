"""Characters: which are forms of one another, and how they sound."""

from __future__ import annotations

from functools import cache

from opencc import OpenCC

_HAN = (0x4E00, 0x9FFF)


def sounds(text: str) -> str:
    """The syllables of a text without tones; what is no Chinese character stands for itself.

    >>> sounds("批付") == sounds("批复")
    True
    """
    table = _syllables()
    return " ".join([table.get(character, character) for character in text])


@cache
def plain_characters() -> dict[int, str]:
    """Traditional and Japanese forms → simplified; what GB 2312 holds is simplified already and stays."""
    characters = [chr(point) for point in range(_HAN[0], _HAN[1] + 1) if not _is_simplified(chr(point))]
    turned = OpenCC("t2s").convert(OpenCC("jp2t").convert("\n".join(characters))).split("\n")
    return {ord(one): other for one, other in zip(characters, turned, strict=True) if one != other and len(other) == 1}


def _is_simplified(character: str) -> bool:
    try:
        character.encode("gb2312")
    except UnicodeEncodeError:
        return False
    return True


@cache
def _syllables() -> dict[str, str]:
    """Character → its commonest syllable without tone; only what GB 2312 holds, which is what plain texts are made of."""
    from pypinyin.pinyin_dict import pinyin_dict

    toneless = str.maketrans("āáǎàēéěèīíǐìōóǒòūúǔùüǖǘǚǜńňǹḿ", "aaaaeeeeiiiioooouuuuvvvvvnnnm")
    return {
        chr(point): said.split(",")[0].translate(toneless)
        for point, said in pinyin_dict.items()
        if _HAN[0] <= point <= _HAN[1] and _is_simplified(chr(point))
    }
