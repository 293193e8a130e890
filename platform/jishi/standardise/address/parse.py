"""One address, from its text to its parts and its county (step standardise)."""

from __future__ import annotations

from jishi.standardise.address.gazetteer import Gazetteer
from jishi.standardise.address.head import read_head
from jishi.standardise.address.parts import REMAINDER, ParsedAddress, Segment
from jishi.standardise.address.reading import Reading
from jishi.standardise.address.resolve import resolve
from jishi.standardise.address.tail import read_tail

LONGEST = 1000
"""A text of more characters is no address; it is not searched for parts."""


def parse(text: str, gazetteer: Gazetteer, within: str = "") -> ParsedAddress:
    """The parts of ``text`` and its division; ``within``: code prefix of the place the source is at home in.

    Nothing is altered and nothing is lost: ``parse(text, …).text() == text``. Never raises.
    """
    reading = read(text, gazetteer, within)
    segments = tuple(Segment(kind, text[begin:end]) for kind, begin, end in reading.spans())
    return ParsedAddress(segments, resolve(reading, gazetteer))


def read(text: str, gazetteer: Gazetteer, within: str) -> Reading:
    """The spans of ``text`` and what they say of its place."""
    reading = Reading(text, within)
    if len(text) > LONGEST:
        reading.take(REMAINDER, len(text))
        return reading
    read_head(reading, gazetteer)
    read_tail(reading, gazetteer)
    return reading
