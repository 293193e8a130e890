"""How the resolver reads a name: one plain form, what is no part of the name cut off, the rest as known words."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property, lru_cache

from jishi.dictionary.resolver.characters import plain_characters, sounds
from jishi.dictionary.resolver.words import Words
from jishi.dictionary.spelling import fold

UNKNOWN_WEIGHT = 0.45
"""What one character of no known word weighs, in parts of a modifier; a run of them weighs at most :data:`UNKNOWN_MOST`."""
UNKNOWN_MOST = 1.3
TYPING_ERROR = 0.85
"""A word known by its sound only is worth this part."""

_SYLLABLES = (4, 3, 2)
_NO_LENGTHS: tuple[int, ...] = ()
_NO_WORD: tuple[str, tuple[str, ...], float] = ("", (), 0.0)
_FRONT = re.compile(
    r"^(?:[\[(〔<]?(?:[0-9]{1,3}|[一二三四五六七八九十]{1,3})[\])〕>、.:,\-_]+"
    r"|第[一二三四五六七八九十0-9]{1,3}(?:步|章|节|条|项|阶段|期|批次?|环节)[、.:,\-]*"
    r"|附件?[0-9一二三四五六七八九十]*[:、.\-]+|附件[0-9一二三四五六七八九十]*"
    r"|[a-z]{1,3}[0-9]{2,6}[-_.:、]*|[0-9]{4,6}[-_.:、]+|[0-9]{4}(?=[\u4e00-\u9fff])(?!年)|[0-9]{1,2}(?=[\u4e00-\u9fff])(?![年月日个次号路])"
    r"|[-—·*•#>\s]+)+"
)
_NOISE = re.compile(
    r"(?:19|20)[0-9]{2}\s*(?:[-—~至]\s*(?:19|20)?[0-9]{2})?年(?:度)?(?:[0-9]{1,2}月(?:[0-9]{1,2}日)?)?"
    r"|(?:19|20)[0-9]{2}度|[〔\[(](?:19|20)[0-9]{2}[〕\])][0-9]*号?"
    r"|\((?:万元|元|份|次|台|套|项|人月|人|个|天|月|年|%|试行|修订|修订版|草案|初稿|终稿|盖章|签字|扫描件|原件|复印件|附件|模板|样表|新|旧|[0-9一二三四五六七八九十]{1,3})\)"
    r"|\.(?:docx?|xlsx?|pdf|wps|ofd)$|v[0-9]+(?:\.[0-9]+)*$"
)
_NUMBERED = frozenset("第附")
"""A text of Chinese characters alone has a number in front only if it begins so."""
_LISTING = frozenset("、/,;+&()|")
_HAN_ONLY = re.compile("[\u4e00-\u9fff]+").fullmatch
_PLAIN = re.compile("[\u4e00-\u9fff0-9a-z]+").fullmatch
"""Such a text is folded already."""
_MARKS = re.compile(r"[^0-9a-z\u3400-\u9fff]+")


@dataclass(slots=True)
class Reading:
    """A name as read: ``weights`` by canonical word; ``unknown`` what the rest weighs; ``head`` its act, or ''.

    ``run`` is the plain text without marks; ``foreign``: a word of other matters stands in it; ``guessed``: a word was
    known by its sound only; ``category``: it ends as the name of a type does; ``tail``: its last word, where the act stands, is
    unknown; ``parts``: the things it joins, if several.
    """

    run: str
    weights: dict[str, float]
    unknown: float
    head: str
    foreign: bool = False
    guessed: bool = False
    category: bool = False
    tail: bool = False
    parts: tuple[Reading, ...] = ()


class Reader:
    """Reads names by the words it was given; made once, shared by threads."""

    def __init__(self, words: Words) -> None:
        self._table = {**plain_characters(), **{ord(one): other for one, other in words.variants.items()}}
        self._acts = frozenset(words.acts)
        self._meanings: dict[str, tuple[str, ...]] = {}
        self._foreign = frozenset(self.plain(word) for word in words.foreign)
        for word in (*words.foreign, *words.empty):
            self._meanings[self.plain(word)] = ()
        for table in (words.objects, words.acts):
            for canonical, spellings in table.items():
                self._meanings |= {self.plain(spelling): (canonical,) for spelling in (canonical, *spellings)}
        self._meanings |= {self.plain(spelling): means for spelling, means in words.compounds.items()}
        self._guessed = lru_cache(50_000)(self._sounding)
        self._leading = frozenset(words.leading)
        self._nominal = frozenset(words.nominal)
        self._bodies = tuple(self.plain(word) for word in words.bodies)
        self._joining = frozenset(self.plain(word) for word in words.joining)
        self._category = frozenset(self.plain(word) for word in words.category)
        lengths: dict[str, set[int]] = {}
        for word in self._meanings:
            lengths.setdefault(word[0], set()).add(len(word))
        self._lengths = {first: tuple(sorted(found, reverse=True)) for first, found in lengths.items()}

    def plain(self, text: str) -> str:
        """Folded, in simplified characters: 検収, 驗收 and 验收 look the same."""
        return (text if _PLAIN(text) else fold(text)).translate(self._table)

    def bare(self, plain: str) -> str:
        """A plain text without numbers in front, years, units and marks; '' where nothing else was there."""
        return self.marked_off(self.text(plain))

    def text(self, plain: str) -> str:
        """A plain text without what is no part of the name, marks kept: they tell words apart."""
        if _HAN_ONLY(plain):
            return _FRONT.sub("", plain) if plain[0] in _NUMBERED else plain
        return _NOISE.sub(" ", _FRONT.sub("", plain))

    def marked_off(self, text: str) -> str:
        """A text without its marks."""
        return text if _HAN_ONLY(text) else _MARKS.sub("", text)

    def read(self, plain: str) -> Reading:
        """A plain text as words, longest first from the left; each word counts once."""
        text = self.text(plain)
        return self.read_text(text, self.marked_off(text))

    def read_text(self, text: str, bare: str) -> Reading:
        """The same of what :meth:`text` and :meth:`marked_off` made of it."""
        part = _Part({})
        parts = [part]
        foreign, guessed, run = bare.endswith(self._bodies), False, 0
        place, end = 0, len(text)
        lengths, meanings = self._lengths, self._meanings
        while place < end:
            for length in lengths.get(text[place], _NO_LENGTHS):
                word = text[place : place + length]
                if word in meanings:
                    means, worth = meanings[word], 1.0
                    break
            else:
                word, means, worth = self._guess(text, place)
                length = len(word)
            if not word:
                if text[place].isalnum():
                    run += 1
                else:
                    part.unknown += _weight(run)
                    run = 0
                    if text[place] in _LISTING:
                        part = _Part({})
                        parts.append(part)
                place += 1
                continue
            part.unknown += _weight(run)
            run = 0
            place += length
            if means:
                guessed, part.category = guessed or worth < 1, False
                self._take(part, means, worth)
            elif word in self._category:
                part.category = True
            elif word in self._joining:
                part = _Part({})
                parts.append(part)
            else:
                foreign = foreign or word in self._foreign
        part.unknown += _weight(run)
        return self._joined(bare, parts, foreign, guessed, run > 1)

    def _take(self, part: _Part, means: tuple[str, ...], worth: float) -> None:
        """A word that was read; the last act is the head, but one that stands in front of its object stays it."""
        weights = part.weights
        for canonical in means:
            if worth == 1 or canonical not in weights:
                weights[canonical] = worth
            if canonical in self._acts and not part.led:
                part.led = not part.head and len(weights) == 1 and canonical in self._leading
                part.head = canonical

    def _joined(self, run: str, parts: list[_Part], foreign: bool, guessed: bool, tail: bool) -> Reading:
        """All parts as one reading that knows them; a part without an object takes the first's, one without an act the last's."""
        if len(parts) == 1:
            only = parts[0]
            return Reading(run, only.weights, only.unknown, only.head, foreign, guessed, only.category, tail)
        weights: dict[str, float] = {}
        for part in parts:
            for word, worth in part.weights.items():
                weights[word] = max(worth, weights.get(word, 0.0))
        unknown = sum(part.unknown for part in parts)
        said = [part for part in parts if part.weights]
        head = said[0].head if said and said[0].led else next((part.head for part in reversed(said) if part.head), "")
        category = bool(said) and said[0].category
        if len(said) < 2:
            return Reading(run, weights, unknown, head, foreign, guessed, category, tail)
        first = {word: worth for word, worth in said[0].weights.items() if word not in self._acts}
        told = []
        for part in said:
            own = dict(part.weights)
            takes = said[-1].head and (not part.head or part.head in self._nominal)
            if takes:
                own[said[-1].head] = 1.0
            elif all(word in self._acts for word in own):
                own = {**first, **own}
            told.append(
                Reading(
                    "",
                    own,
                    part.unknown,
                    said[-1].head if takes else part.head,
                    guessed=guessed,
                    category=part.category,
                )
            )
        return Reading(run, weights, unknown, head, foreign, guessed, category, tail, tuple(told))

    def skim(self, plain: str) -> Reading:
        """A plain text for comparing its characters only, as in lists whose words are not known here."""
        return Reading(_MARKS.sub("", plain), {}, 0.0, "")

    def _guess(self, text: str, place: int) -> tuple[str, tuple[str, ...], float]:
        """The longest word that sounds like what stands at ``place`` and shares a character with it."""
        part = text[place : place + _SYLLABLES[0]]
        if len(part) < 2:
            return _NO_WORD
        return self._guessed(part)

    def _sounding(self, text: str) -> tuple[str, tuple[str, ...], float]:
        for length in _SYLLABLES:
            part = text[:length]
            if len(part) == length and (word := self._hear(part)):
                return part, self._meanings[word], TYPING_ERROR
        return _NO_WORD

    def _hear(self, part: str) -> str:
        word = self._by_sound.get(sounds(part), "")
        return word if any(one == other for one, other in zip(part, word, strict=False)) else ""

    @cached_property
    def _by_sound(self) -> dict[str, str]:
        """Sound → word with a meaning; a sound of two words of different meaning is nobody's."""
        found: dict[str, str] = {}
        for word, means in self._meanings.items():
            if len(word) < 2 or not means:
                continue
            sound = sounds(word)
            known = found.setdefault(sound, word)
            if known and self._meanings[known] != means:
                found[sound] = ""
        return {sound: word for sound, word in found.items() if word}


@dataclass(slots=True)
class _Part:
    """What is read so far between two joining words or marks; ``led``: its act stood in front of its object."""

    weights: dict[str, float]
    unknown: float = 0.0
    head: str = ""
    led: bool = False
    category: bool = False


def is_broad(reading: Reading | None, broad: frozenset[str]) -> bool:
    """Whether a name says one word only, and one of ``broad`` meaning."""
    return reading is not None and len(reading.weights) == 1 and next(iter(reading.weights)) in broad


def _weight(run: int) -> float:
    return min(UNKNOWN_MOST, UNKNOWN_WEIGHT * run)
