"""The handbook's chapters of concepts: the stages in their order, what comes after what, what each concept is (road out)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from graphlib import CycleError

from jishi.delivery.document import Block, Cell, Heading, Link, Paragraph, Table
from jishi.delivery.words import STATUSES
from jishi.dictionary.forms import ANY, Alias, Concept, Edge, Scheme
from jishi.dictionary.order import levels, order_of

CONCEPT_HEADER = (
    "编码 Code",
    "标准名称 Name",
    "定义与范围 Definition, scope",
    "前置 Predecessors",
    "责任方 Responsible",
    "文档 Documents",
    "依据 Basis",
    "状态 Status",
    "备注 Note",
)
NAME_HEADER = (
    "编码 Code",
    "标准名称 Name",
    "其他名称 Other name",
    "使用地 Place",
    "部门 Department",
    "期间 Period",
    "判定 Means",
)
EDGE_HEADER = (
    "地区 Place",
    "程序 Procedure",
    "期间 Period",
    "节点 Node",
    "前置 Predecessor",
    "变化 Change",
    "备注 Note",
)
STAGE_HEADER = ("阶段 Stage", "节点数 Nodes", "节点 Nodes in order", "此前阶段 After stages")
STEP_HEADER = ("步 Step", "可以并行的节点 Nodes that may run side by side")


def scheme_chapter(scheme: Scheme) -> Iterator[Block]:
    """Heading, order, one table of concepts a stage, names by place, what single cities do otherwise."""
    yield Heading(3, f"{scheme.title} {scheme.id}", f"scheme-{scheme.id}")
    yield Paragraph(f"{scheme.title_en}; {len(scheme.concepts)}. {scheme.description}")
    stages = _stages(scheme.concepts)
    if len(stages) > 1:
        yield from _order(scheme, stages)
    names = {concept.code: concept.name for concept in scheme.concepts}
    for code, concepts in stages.items():
        if code:
            title = f"{code} {concepts[0].stage_name or ''}"
            yield Heading(4, title, _anchor(scheme, "stage", code))
        yield Table(CONCEPT_HEADER, tuple(_concept(concept, names) for concept in concepts), wide=True)
    named = tuple(_name(concept, alias) for concept in scheme.concepts for alias in concept.aliases)
    if named:
        yield Heading(4, f"各地名称 Names elsewhere（{len(named)}）", _anchor(scheme, "names"))
        yield Table(NAME_HEADER, named, wide=True)
    if scheme.edges:
        yield Heading(4, "各地程序 Procedures of single cities", _anchor(scheme, "edges"))
        yield Table(EDGE_HEADER, tuple(_edge(edge, names) for edge in scheme.edges), wide=True)


def _stages(concepts: Iterable[Concept]) -> dict[str, list[Concept]]:
    found: dict[str, list[Concept]] = {}
    for concept in concepts:
        found.setdefault(concept.stage_code or "", []).append(concept)
    return dict(sorted(found.items()))


def _order(scheme: Scheme, stages: dict[str, list[Concept]]) -> Iterator[Block]:
    """Which stages follow which, and the partial order of all nodes in steps."""
    stage_of = {concept.code: concept.stage_code or "" for concept in scheme.concepts}
    order = order_of(scheme.concepts)
    yield Heading(4, "阶段与次序 Stages and their order", _anchor(scheme, "order"))
    rows: list[tuple[Cell, ...]] = []
    for code, concepts in stages.items():
        before = {stage_of[item] for concept in concepts for item in order[concept.code]} - {code}
        heading = Link(f"{code} {concepts[0].stage_name or ''}", _anchor(scheme, "stage", code)) if code else "-"
        rows.append(
            (heading, str(len(concepts)), " → ".join(item.code for item in concepts), "、".join(sorted(before)))
        )
    yield Table(STAGE_HEADER, tuple(rows))
    try:
        steps = levels(order)
    except CycleError:
        return
    names = {concept.code: concept.name for concept in scheme.concepts}
    told = tuple(
        (str(number), "、".join(f"{code} {names.get(code, '')}" for code in step))
        for number, step in enumerate(steps, 1)
    )
    yield Table(STEP_HEADER, told)


def _concept(concept: Concept, names: dict[str, str]) -> tuple[Cell, ...]:
    before = (code if code == ANY else f"{code} {names.get(code, '')}" for code in concept.predecessors)
    status = STATUSES[concept.status]
    if concept.successors:
        told = "、".join(f"{code} {names.get(code, '')}" for code in concept.successors)
        status += f"；改用 use {told}"
    return (
        concept.code,
        concept.name,
        "\n".join(part for part in (concept.definition, concept.scope_note) if part),
        "、".join(before),
        concept.responsible or "",
        "、".join(concept.documents),
        "；".join(concept.legal_basis),
        "；".join(part for part in (status, concept.status_reason) if part),
        "；".join(part for part in (concept.name_en, concept.note) if part),
    )


def _name(concept: Concept, alias: Alias) -> tuple[Cell, ...]:
    return (
        concept.code,
        concept.name,
        alias.name,
        "、".join(alias.places),
        "、".join(alias.departments),
        period(alias.valid_from, alias.valid_to),
        "不是 not this" if alias.negative else "是 this",
    )


def _edge(edge: Edge, names: dict[str, str]) -> tuple[Cell, ...]:
    return (
        edge.place,
        edge.procedure,
        period(edge.valid_from, edge.valid_to),
        f"{edge.code} {names.get(edge.code, '')}",
        f"{edge.predecessor} {names.get(edge.predecessor, '')}",
        "此处不要求 not here" if edge.removes else "此处要求 here too",
        edge.note,
    )


def period(since: date | None, until: date | None) -> str:
    """Both ends of a period, empty where there is none."""
    first, last = since.isoformat() if since else "", until.isoformat() if until else ""
    return f"{first} – {last}".strip() if first or last else ""


def _anchor(scheme: Scheme, *parts: str) -> str:
    """ASCII letters, digits, ``-`` and ``_``; what else a code holds is told by its number."""
    told = "-".join((scheme.id, *parts))
    return "".join(
        letter if letter.isascii() and (letter.isalnum() or letter in "-_") else f"_{ord(letter):x}" for letter in told
    )
