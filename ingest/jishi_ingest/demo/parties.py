"""Who decisions are about and who holds certificates: enterprises that the register has by their code, and citizens."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from random import Random

from jishi_ingest.demo.citizens import Citizen
from jishi_ingest.demo.entities import SHOP, Enterprise, Record

Party = Enterprise | Citizen


@dataclass(frozen=True, slots=True)
class Parties:
    """``enterprises`` are in the register before, ``coming`` arrive after all credit and certificate files."""

    enterprises: Sequence[Enterprise]
    coming: Sequence[Enterprise]
    citizens: Sequence[Citizen]

    def anyone(self, random: Random, person_share: float, day: date) -> Party:
        """Somebody who was grown up, or founded, on ``day``."""
        party: Party
        while True:
            if self.citizens and random.random() < person_share:
                party = random.choice(self.citizens)
                begun = party.birth.replace(year=party.birth.year + 18, day=1)
            else:
                party = random.choice(self.enterprises)
                begun = party.founded
            if begun < day:
                return party


def category(party: Party) -> str:
    """行政相对人类别."""
    if isinstance(party, Citizen):
        return "自然人"
    return "个体工商户" if party.kind == SHOP else "法人及非法人组织"


def party_cells(party: Party) -> Record:
    """The columns of 双公示 that say who the party is."""
    cells = {"行政相对人名称": party.name, "行政相对人类别": category(party)}
    cells |= {f"行政相对人代码_{place}": "" for place in range(1, 7)}
    cells |= dict.fromkeys(("法定代表人", "法定代表人证件类型", "法定代表人证件号码"), "")
    cells |= dict.fromkeys(("自然人证件类型", "自然人证件号码"), "")
    if isinstance(party, Citizen):
        return cells | {"自然人证件类型": "身份证", "自然人证件号码": party.number}
    cells |= {"行政相对人代码_1": party.uscc, "法定代表人": party.representative}
    if party.representative_number:
        cells |= {"法定代表人证件类型": "身份证", "法定代表人证件号码": party.representative_number}
    return cells


def references(party: Party) -> int:
    """How many numbers of :func:`party_cells` refer to somebody: the party's, and its representative's."""
    return 1 if isinstance(party, Citizen) else 1 + bool(party.representative_number)
