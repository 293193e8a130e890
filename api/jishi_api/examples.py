"""The examples of a ``match``: what each says, and the condition by which records that may be meant are found (plan, road
out).

Of a register of persons an example must fulfil one of its search shapes; what else it says is compared. Elsewhere numbers
and names find candidates: the names that hold all of the characters that tell a name from others, or all but a few.
"""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from jishi.errors import Fault
from jishi.matching.similarity import GENERIC
from jishi.matching.variants import spellings
from jishi.registers.element import Kind
from jishi.registers.register import Register
from jishi_api.compare import CLAIMABLE, interval
from jishi_api.condition import ALIAS, Condition, Numbers, bearers, encodes
from jishi_api.numbers import number_of
from jishi_api.personal import Search, search_of
from jishi_api.shapes import ADDRESS, How, listed, shapes_of
from jishi_api.text_index import characters, holds

MOST_EXAMPLES = 100
MOST_ELEMENTS = 30
LONGEST = 1000
_SHORT, _GROUPS = 6, 4

Example = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Net:
    """Where the candidates of one example are: in ``condition``, the nearest by ``nearest`` (SQL) first."""

    condition: Condition
    nearest: str | None = field(default=None)


def read_examples(register: Register, given: object, faults: list[Fault]) -> list[Example]:
    """Element → text of each example, what is null left out; faults are named ``examples.0.entity_name``."""
    if not isinstance(given, list) or not 0 < len(given) <= MOST_EXAMPLES:
        faults.append(Fault("examples", "QRY-MATCH-EXAMPLES", {"most": MOST_EXAMPLES}))
        return []
    return [_example(register, f"examples.{place}", example, faults) for place, example in enumerate(given)]


def key_of(register: Register, example: Example) -> dict[str, str] | None:
    """The part of an example that fulfils a search shape, None where it fulfils none."""
    for shape in shapes_of(register.name):
        key: dict[str, str] = {}
        for criterion in shape.criteria:
            is_prefix = criterion.how is How.PREFIX
            named = [
                name
                for name in criterion.elements
                if name in example and example[name].strip().endswith("%") == is_prefix
            ]
            key |= {name: example[name] for name in named[:1]}
        if len(key) == len(shape.criteria):
            return key
    return None


def search_for(register: Register, place: int, example: Example, first: int, faults: list[Fault]) -> Search | None:
    """The search of an example about a person; None after ``QRY-SEARCH-SHAPE`` or a fault of a value."""
    key = key_of(register, example)
    if key is None:
        faults.append(Fault(f"examples.{place}", "QRY-SEARCH-SHAPE", {"shapes": listed(register.name)}))
        return None
    found: list[Fault] = []
    search = search_of(register, key, first, found)
    faults += [Fault(f"examples.{place}.{fault.name}", fault.code, fault.values) for fault in found]
    return search


def by_number(register: Register, example: Example, first: int) -> Condition | None:
    """Records that bear one of its strong identifiers now; None where it names none."""
    tests: list[str] = []
    values: list[object] = []
    for name, text in example.items():
        element = register.elements[name]
        number = number_of(element, text) if element.strong else None
        if number is not None:
            values.append(Numbers((number,)))
            tests.append(f"{ALIAS}.uid IN (SELECT d.uid {bearers(register, name, f'${first + len(values) - 1}')})")
            if not element.sealed:
                values.append(number)
                tests.append(f"{ALIAS}.{name} = ${first + len(values) - 1}")
    return Condition(" OR ".join(tests), tuple(values)) if tests else None


def by_text(register: Register, example: Example, first: int) -> Net | None:
    """Records whose name, or where none is told whose address, is that of the example or nearly so; None where it tells
    neither, or nothing by which it is told from others."""
    free = register.free_text
    name = next((name for name in (*free.names, *free.addresses) if name in example), None)
    if name is None:
        return None
    text = unicodedata.normalize("NFKC", example[name]).strip()
    values: list[object] = [text, list(spellings(example[name].strip()))]
    tests = [f"{ALIAS}.{name} = ANY(${first + 1}::text[])"]
    for group in _groups(text):
        values.append(group)
        tests.append(holds(name, f"${first + len(values) - 1}"))
    return Net(Condition(" OR ".join(tests), tuple(values)), f"public.similarity({ALIAS}.{name}, ${first}::text)")


def _groups(text: str) -> list[list[str]]:
    """Sets of characters of which a name that is meant holds one whole: all that tell this one from others but one, or of
    a longer one but a quarter, in each spelling."""
    found = []
    for form in spellings(GENERIC.sub("", text) or text):
        letters = [letter for letter in characters(form, folded=True) if letter.isalnum()]
        count = len(letters) if len(letters) <= _SHORT else _GROUPS
        if len(letters) < 4:
            found.append(letters)
            continue
        bounds = [round(len(letters) * place / count) for place in range(count + 1)]
        found += [letters[:low] + letters[high:] for low, high in pairwise(bounds)]
    return [letters for letters in found if letters]


def _example(register: Register, at: str, given: object, faults: list[Fault]) -> Example:
    if not isinstance(given, dict) or not 0 < len(given) <= MOST_ELEMENTS:
        faults.append(Fault(at, "QRY-MATCH-EXAMPLE", {"most": MOST_ELEMENTS}))
        return {}
    found: dict[str, str] = {}
    told = len(faults)
    for name, value in given.items():
        element = register.elements.get(name)
        text: Any = value if isinstance(value, str) else json.dumps(value)
        if name == ADDRESS and register.personal and isinstance(value, str):
            found[name] = text
        elif element is None or element.kind not in CLAIMABLE:
            faults.append(Fault(f"{at}.{name}"[:80], "QRY-PROPERTY-UNKNOWN"))
        elif value is None:
            continue
        elif not isinstance(value, str | int | float) or not _is_text(text):
            faults.append(Fault(f"{at}.{name}", "QRY-VALUE-TEXT", {"longest": LONGEST}))
        elif element.kind in (Kind.DATE, Kind.PARTIAL_DATE) and interval(text) is None:
            faults.append(Fault(f"{at}.{name}", "QRY-VALUE-DATE"))
        else:
            found[name] = text
    if not found and len(faults) == told:
        faults.append(Fault(at, "QRY-MATCH-EXAMPLE", {"most": MOST_ELEMENTS}))
    return found


def _is_text(text: str) -> bool:
    return bool(text.strip()) and len(text) <= LONGEST and "\0" not in text and encodes(text)
