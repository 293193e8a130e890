"""Indexes kept in the process: made when the dictionary differs from what is held, dropped when too much is held."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass

from jishi.dictionary.resolver.index import Rows, build
from jishi.dictionary.resolver.judge import Judge, make_judge
from jishi.dictionary.resolver.wording import Reader
from jishi.dictionary.resolver.words import Words

SPELLINGS_LIMIT = 300_000
"""So many spellings are held over all indexes; the one asked longest ago goes first."""

Key = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Kept:
    """A judge, and the words it was made with."""

    judge: Judge
    words: Words


_held: OrderedDict[Key, Kept] = OrderedDict()
_making = threading.Lock()


def kept(key: Key, words: Words) -> Kept | None:
    """What was made for ``key`` with these words; None where it must be made."""
    held = _held.get(key)
    return held if held is not None and held.words is words else None


def judge_of(key: Key, rows: Rows, words: Words) -> Kept:
    """Make and keep the judge of ``rows``; of several threads that want the same one only the first makes it."""
    with _making:
        held = kept(key, words)
        if held is None:
            reader = reader_of(words)
            held = _held[key] = Kept(make_judge(build(rows, reader, words.wordings), reader, words), words)
            for old in [known for known in _held if known != key and known[1:] == key[1:] and _same_base(known, key)]:
                del _held[old]
            while len(_held) > 1 and sum(len(each.judge.index.texts) for each in _held.values()) > SPELLINGS_LIMIT:
                _held.popitem(last=False)
        _held.move_to_end(key)
        return held


def _same_base(one: Key, other: Key) -> bool:
    """Whether two marks are of one database: what it said before is asked no more."""
    return one[0].split("-")[:-4] == other[0].split("-")[:-4]


def reader_of(words: Words) -> Reader:
    """The reader of ``words``, made once."""
    for known, reader in _readers:
        if known is words:
            return reader
    reader = Reader(words)
    _readers[:] = [*_readers[-3:], (words, reader)]
    return reader


_readers: list[tuple[Words, Reader]] = []
