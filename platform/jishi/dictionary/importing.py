"""Takes schemes from an export into the database: adds and changes, removes nothing, resets no status (import).

An entry that is new is taken as the file has it, its place in the history included. Of a known one what the file says
otherwise is changed and is from then on a steward's, so that no later load takes it back; its status may only go a legal
step. Names and edges a file does not mention stay.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from jishi.dictionary.check_scheme import check_scheme
from jishi.dictionary.editions import Edition, current_edition, lock, record_edition
from jishi.dictionary.entries import read_entries, read_heads, whole_scheme
from jishi.dictionary.forms import KeptAlias, KeptConcept, KeptEdge, KeptScheme
from jishi.dictionary.put import put
from jishi.dictionary.reading import Faults
from jishi.dictionary.reuse import ended_names, reuse_faults
from jishi.dictionary.spelling import fold
from jishi.dictionary.status import step_faults
from jishi.errors import CallerError, Fault

if TYPE_CHECKING:
    from asyncpg import Connection

ALIAS_STEPS: Mapping[str, tuple[str, ...]] = {
    "draft": ("approved", "rejected"),
    "approved": ("ended",),
    "rejected": (),
    "ended": (),
}
KEPT = frozenset({"origin", "removed_at", "status_origin", "revision", "aliases", "concepts", "edges"})
"""Members that say how an entry came to be, and parts that are compared by themselves."""

Row = dict[str, object]


@dataclass
class ImportReport:
    """What an import did, in rows by table; ``edition`` None: nothing was new."""

    inserted: dict[str, int] = field(default_factory=dict)
    updated: dict[str, int] = field(default_factory=dict)
    edition: Edition | None = None


@dataclass
class _Plan:
    """Rows to write, tables in the order in which they refer to each other, and what forbids it."""

    rows: dict[str, list[Row]] = field(
        default_factory=lambda: {"scheme": [], "concept": [], "concept_alias": [], "concept_edge": []}
    )
    report: ImportReport = field(default_factory=ImportReport)
    revisions: dict[tuple[str, str], int] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)

    def add(self, table: str, row: Row, *, known: bool) -> None:
        self.rows[table].append(row)
        counts = self.report.updated if known else self.report.inserted
        counts[table] = counts.get(table, 0) + 1


async def import_schemes(connection: Connection[Any], schemes: Sequence[KeptScheme], author: str) -> ImportReport:
    """Bring ``schemes`` in, by ``author`` (a login), in the caller's transaction.

    Raises CallerError ``DIC-IMPORT`` with every fault of all schemes; then nothing is changed.
    """
    await lock(connection)
    edition = await current_edition(connection)
    number = edition.number if edition else 0
    heads = {head.id: head for head in await read_heads(connection, number)}
    ended = await ended_names(connection)
    plan = _Plan()
    for scheme in schemes:
        head = heads.get(scheme.id)
        if head is not None and head.scheme is None:
            plan.faults.append(Fault(scheme.id, "DIC-IMPORT-LIST", {"list": scheme.id}))
            continue
        known = whole_scheme(head, await read_entries(connection, number, scheme.id)) if head else None
        plan.faults += reuse_faults(scheme.plain(), ended, scheme.id)
        _plan(plan, scheme, known)
    if plan.faults:
        raise CallerError("DIC-IMPORT", faults=tuple(plan.faults), count=len(plan.faults))
    for table, rows in plan.rows.items():
        await put(connection, table, rows)
    plan.report.edition = await record_edition(connection, "import", author, revisions=plan.revisions)
    return plan.report


def _plan(plan: _Plan, scheme: KeptScheme, known: KeptScheme | None) -> None:
    """Compare one scheme with what is known of it, check what would come of both."""
    if known is None or _differ(scheme, known):
        plan.add("scheme", _scheme_row(scheme, known), known=known is not None)
    plan.revisions[scheme.id, ""] = scheme.revision
    before = {concept.code: concept for concept in known.concepts} if known else {}
    merged: dict[str, KeptConcept] = dict(before)
    for concept in scheme.concepts:
        plan.revisions[scheme.id, concept.code] = concept.revision
        merged[concept.code] = _plan_concept(plan, scheme.id, concept, before.get(concept.code))
    edges = {_edge_key(edge): edge for edge in known.edges} if known else {}
    for edge in scheme.edges:
        held = edges.get(_edge_key(edge))
        if held is None or _differ(edge, held):
            plan.add("concept_edge", _edge_row(scheme.id, edge, held), known=held is not None)
        edges[_edge_key(edge)] = held.model_copy(update=_content(edge)) if held else edge
    whole = scheme.model_copy(update={"concepts": tuple(merged.values()), "edges": tuple(edges.values())})
    faults = Faults()
    check_scheme(whole.plain(), frozenset(merged), faults, suffix="")
    plan.faults += faults.found


def _plan_concept(plan: _Plan, scheme: str, given: KeptConcept, held: KeptConcept | None) -> KeptConcept:
    """Plan one concept and its names; the concept as it will be."""
    place = f"{scheme}: {given.code}"
    if held is None or _differ(given, held):
        plan.add("concept", _concept_row(scheme, given, held), known=held is not None)
    if held is not None:
        plan.faults += step_faults(place, held.status, given.status)
    aliases = {alias.scope: alias for alias in held.aliases} if held else {}
    for alias in given.aliases:
        before = aliases.get(alias.scope)
        if before is None or _differ(alias, before):
            plan.add("concept_alias", _alias_row(scheme, given.code, alias, before), known=before is not None)
        if before is not None and alias.status != before.status and alias.status not in ALIAS_STEPS[before.status]:
            legal = ", ".join(ALIAS_STEPS[before.status]) or "-"
            values: dict[str, object] = {"before": before.status, "after": alias.status, "legal": legal}
            plan.faults.append(Fault(f"{place} {alias.name}", "DIC-STATUS-STEP", values))
        aliases[alias.scope] = before.model_copy(update=_content(alias)) if before else alias
    whole = held.model_copy(update=_content(given)) if held else given
    return whole.model_copy(update={"aliases": tuple(aliases.values())})


def _content(form: KeptScheme | KeptConcept | KeptAlias | KeptEdge) -> dict[str, object]:
    return {name: getattr(form, name) for name in type(form).model_fields if name not in KEPT}


def _differ(given: Any, held: Any) -> bool:
    return _content(given) != _content(held)


def _edge_key(edge: KeptEdge) -> tuple[object, ...]:
    return (edge.code, edge.predecessor, edge.place, edge.procedure, edge.valid_from)


def _scheme_row(scheme: KeptScheme, held: KeptScheme | None) -> Row:
    told = scheme.model_dump(mode="json", include={"id", "title", "title_en", "description"})
    return told | _history(scheme, held)


def _concept_row(scheme: str, given: KeptConcept, held: KeptConcept | None) -> Row:
    told = given.model_dump(mode="json", exclude={"aliases", "revision", "name", "name_en"})
    stepped = held is not None and held.status != given.status
    kept = held.status_origin if held is not None else given.status_origin
    return {
        **told,
        "scheme": scheme,
        "preferred_name": given.name,
        "preferred_name_en": given.name_en,
        "name_normalised": fold(given.name),
        "status_origin": "steward" if stepped else kept,
        **_history(given, held),
    }


def _alias_row(scheme: str, code: str, given: KeptAlias, held: KeptAlias | None) -> Row:
    told = given.model_dump(mode="json", exclude={"name"})
    named = {"scheme": scheme, "code": code, "alias": given.name, "alias_normalised": fold(given.name)}
    return {**told, **named, **_history(given, held)}


def _edge_row(scheme: str, given: KeptEdge, held: KeptEdge | None) -> Row:
    return {**given.model_dump(mode="json"), "scheme": scheme, **_history(given, held)}


def _history(given: Any, held: Any) -> Row:
    """Whose a row is and since when no file holds it: as the file says of a new one; a changed one is a steward's."""
    source = given if held is None else held
    removed = source.removed_at.isoformat() if source.removed_at else None
    return {"origin": given.origin if held is None else "steward", "removed_at": removed}


def counts(report: ImportReport) -> Iterable[tuple[str, int, int]]:
    """Table, rows inserted, rows updated."""
    for table in ("scheme", "concept", "concept_alias", "concept_edge"):
        yield table, report.inserted.get(table, 0), report.updated.get(table, 0)
