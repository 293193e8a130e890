"""What only a whole scheme can tell: codes that exist, names that mean one thing, an order without circles.

Beside the road: the same for a dictionary file and for an import.
"""

from __future__ import annotations

from collections import Counter
from graphlib import CycleError, TopologicalSorter

from jishi.dictionary.forms import ANY, Alias, Concept, Scheme
from jishi.dictionary.order import cycles
from jishi.dictionary.reading import Faults
from jishi.dictionary.spelling import fold
from jishi.dictionary.status import word_faults


def check_scheme(scheme: Scheme, codes: frozenset[str], faults: Faults, *, suffix: str = ".toml") -> None:
    """Tell every fault of ``scheme``; ``codes`` are all its codes, those of concepts that could not be read included."""
    names: dict[str, str] = {}
    known = dict.fromkeys(codes, "approved") | {concept.code: concept.status for concept in scheme.concepts}
    for concept in scheme.concepts:
        place = f"{scheme.id}{suffix}: {concept.code}"
        for predecessor in concept.predecessors:
            if predecessor != ANY and (predecessor not in codes or predecessor == concept.code):
                faults.add(place, "DIC-PREDECESSOR", predecessor=predecessor)
        if concept.status != "deprecated":
            holder = names.setdefault(fold(concept.name), concept.code)
            if holder != concept.code:
                faults.add(place, "DIC-NAME-TWICE", given=concept.name, other=holder)
        _check_aliases(place, concept, faults)
        faults.found += word_faults(
            place,
            concept.code,
            concept.status,
            concept.successors,
            concept.status_reason,
            known,  # type: ignore[arg-type]
        )
    for edge in scheme.edges:
        for code in (edge.code, edge.predecessor):
            if code not in codes or edge.code == edge.predecessor:
                faults.add(f"{scheme.id}{suffix}: {edge.procedure}", "DIC-PREDECESSOR", predecessor=code)
    _check_circles(scheme, codes, suffix, faults)


def _check_aliases(place: str, concept: Concept, faults: Faults) -> None:
    """One entry a name and scope; a name is not itself an alias, and not both meant and not meant in one place."""
    scopes = Counter(alias.scope for alias in concept.aliases)
    for alias in concept.aliases:
        if scopes[alias.scope] > 1:
            faults.add(place, "DIC-ALIAS-TWICE", alias=alias.name)
        if fold(alias.name) == fold(concept.name):
            faults.add(place, "DIC-ALIAS-NAME", alias=alias.name)
    negative = [alias for alias in concept.aliases if alias.negative]
    for alias in negative:
        if any(not other.negative and _same_scope(alias, other) for other in concept.aliases):
            faults.add(place, "DIC-ALIAS-BOTH", alias=alias.name)


def _same_scope(one: Alias, other: Alias) -> bool:
    """Whether both speak of one name, of the same users, at the same time."""
    scope = (fold(one.name), one.places, one.departments)
    apart = (one.valid_to and other.valid_from and one.valid_to <= other.valid_from) or (
        other.valid_to and one.valid_from and other.valid_to <= one.valid_from
    )
    return scope == (fold(other.name), other.places, other.departments) and not apart


def _check_circles(scheme: Scheme, codes: frozenset[str], suffix: str, faults: Faults) -> None:
    for place, circle in cycles(scheme.concepts, scheme.edges):
        if codes.issuperset(circle):
            faults.add(f"{scheme.id}{suffix}", "DIC-CIRCLE", where=place or "-", codes=" → ".join(circle))
    followed = {concept.code: set(concept.successors) for concept in scheme.concepts if concept.successors}
    try:
        TopologicalSorter(followed).prepare()
    except CycleError as error:
        faults.add(f"{scheme.id}{suffix}", "DIC-CIRCLE", where="successors", codes=" → ".join(error.args[1]))
