"""The raw columns of a delivery, tidied once; the first non-empty header of a take wins (step standardise)."""

from __future__ import annotations

import polars as pl

from jishi.identifiers.columns import normalise_column, usccs
from jishi.standardise.address.columns import parse_addresses
from jishi.standardise.parts import nth_part
from jishi.standardise.plan import Plan, Take
from jishi.standardise.text import blank, tidy

_REGISTRATION_NUMBER = r"^(?:\d{13}|\d{15})$"


class Delivery:
    """One chunk of a delivery; a tidied column, and the facts of a column of credit codes, are made once."""

    def __init__(self, raw: pl.DataFrame, plan: Plan) -> None:
        self.raw = raw
        self.plan = plan
        self._texts: dict[tuple[str, ...], pl.Series] = {}
        self._usccs: dict[tuple[str, ...], pl.DataFrame] = {}
        self._addresses: dict[tuple[str, ...], pl.DataFrame] = {}

    def text(self, columns: tuple[str, ...]) -> pl.Series:
        """Tidied text of the first of ``columns`` that is not empty in a row; a header the file lacks is empty."""
        if columns not in self._texts:
            found = [self._one(column) for column in columns if column in self.raw.columns]
            self._texts[columns] = _first(found, self.raw.height)
        return self._texts[columns]

    def take(self, take: Take) -> pl.Series:
        """Tidied text of a take, its constant where it has one; of a cell with several values the one ``part`` names."""
        if take.constant is not None:
            return tidy(pl.Series([take.constant]), self.plan.nulls).new_from_index(0, self.raw.height)
        text = self.text(take.columns)
        return nth_part(text, int(take.params["part"])) if "part" in take.params else text

    def geometry(self, take: Take) -> pl.Series:
        """The first present column of a take as it came: bytes stay bytes, text is tidied."""
        column = next((name for name in take.columns if name in self.raw.columns), None)
        if column is not None and self.raw[column].dtype == pl.Binary:
            return self.raw[column]
        return self.text(take.columns)

    def usccs(self, take: Take) -> pl.DataFrame:
        """Facts of the credit codes of a take, without numbers of 13 or 15 digits, which belong to another element."""
        if take.columns not in self._usccs:
            codes = blank(self.numbers(take), self.is_registration_number(take))
            self._usccs[take.columns] = usccs(codes, self.plan.known_divisions)
        return self._usccs[take.columns]

    def address(self, take: Take) -> pl.DataFrame:
        """The parts of the addresses of a take; the source is at home in the city of the deployment."""
        if self.plan.gazetteer is None:
            raise ValueError(f"{take.element} is an address, and the plan has no gazetteer")
        if take.columns not in self._addresses:
            prefix = self.plan.city.division_prefix
            self._addresses[take.columns] = parse_addresses(self.take(take), self.plan.gazetteer, prefix)
        return self._addresses[take.columns]

    def numbers(self, take: Take) -> pl.Series:
        """The take as a raw identifier: no blanks, upper case."""
        return normalise_column(self.take(take))

    def is_registration_number(self, take: Take) -> pl.Series:
        return self.numbers(take).str.contains(_REGISTRATION_NUMBER).fill_null(False)

    def _one(self, column: str) -> pl.Series:
        single = (column,)
        if single not in self._texts:
            self._texts[single] = tidy(self.raw[column], self.plan.nulls)
        return self._texts[single]


def _first(columns: list[pl.Series], height: int) -> pl.Series:
    if not columns:
        return pl.Series([None], dtype=pl.String).new_from_index(0, height)
    frame = pl.DataFrame([column.alias(str(place)) for place, column in enumerate(columns)])
    return columns[0] if len(columns) == 1 else frame.select(pl.coalesce(pl.all()))[:, 0]
