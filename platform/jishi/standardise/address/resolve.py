"""From the names an address bears to one county of today, or to the counties in question."""

from __future__ import annotations

from jishi.standardise.address.gazetteer import CITY, Gazetteer
from jishi.standardise.address.parts import How, Resolution
from jishi.standardise.address.reading import Reading

_MOST_CANDIDATES = 12


def resolve(reading: Reading, gazetteer: Gazetteer) -> Resolution:
    """What the head and the town of an address say together."""
    if reading.counties:
        return _of_named(reading)
    if reading.town:
        return _of_town(reading)
    if reading.hint or gazetteer.roads:
        found = _of_hint(reading, gazetteer)
        if found is not None:
            return found
    whole = gazetteer.without_counties.intersection(reading.named) if reading.level == CITY else ()
    if len(whole) == 1:
        code = next(iter(whole))
        return Resolution(How.EXACT, code, code)
    return Resolution()


def _of_named(reading: Reading) -> Resolution:
    counties = reading.counties
    candidates = sorted({code for county in counties for code in county.today})
    codes = {county.code for county in counties}
    how = How.HISTORY
    if counties[0].living:
        how = How.CONTEXT if reading.by_context else How.EXACT if counties[0].full else How.ALIAS
    if len(candidates) > 1 and reading.town:
        by_town = {place.county for place in reading.town}.intersection(candidates)
        if len(by_town) == 1:
            candidates = list(by_town)
            how = How.CONTEXT if counties[0].living else How.HISTORY
    code = candidates[0] if len(candidates) == 1 else None
    named = code if code in codes else min(codes, default=None) if len(codes) == 1 or not counties[0].living else None
    if code is None and counties[0].living:
        how = How.AMBIGUOUS
    return Resolution(how, code, named, _town_code(reading, code), () if code else tuple(candidates))


def _of_town(reading: Reading) -> Resolution:
    """The address names no county, but a town or village of known ground."""
    counties = sorted({place.county for place in reading.town})
    if len(counties) == 1:
        return Resolution(How.CONTEXT, counties[0], None, _town_code(reading, counties[0]))
    return Resolution(How.AMBIGUOUS, candidates=tuple(counties[:_MOST_CANDIDATES]))


def _of_hint(reading: Reading, gazetteer: Gazetteer) -> Resolution | None:
    """A road that lies in one county, or a zone, an estate or a street that is called after a town."""
    for kind, begin, end in reading.spans():
        if kind in ("road", "compound"):
            known = [one for one in gazetteer.roads.get(reading.text[begin:end], ()) if _lies_in(reading, one)]
            if len(known) == 1:
                return Resolution(How.CONTEXT, known[0])
    counties = {place.county for place in reading.hint}
    return Resolution(How.CONTEXT, counties.pop()) if len(counties) == 1 else None


def _lies_in(reading: Reading, county: str) -> bool:
    prefixes = reading.prefixes or ((reading.within,) if reading.within else ())
    return bool(prefixes) and county.startswith(prefixes)


def _town_code(reading: Reading, county: str | None) -> str | None:
    """The town's nine digits where the registers agree on them."""
    codes = {place.code for place in reading.town if place.county == county and place.code}
    return codes.pop() if len(codes) == 1 else None
