"""Entries of the dictionary as pages for people: printable, without a script, from no other host (respond, road out)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from starlette.requests import Request

from jishi.delivery.document import Block, Cell, Document, Heading, Paragraph, Reference, Table, to_html
from jishi.delivery.handbook_scheme import CONCEPT_HEADER, period, scheme_chapter
from jishi.delivery.words import STATUSES
from jishi.dictionary.changes import Page
from jishi.dictionary.entries import Entry, Head, whole_scheme
from jishi_api.dictionary_service import Asked
from jishi_api.dictionary_views import concept_address, entry_json
from jishi_api.links import address

SCHEMES_HEADER = ("标识 Id", "名称 Title", "English", "种类 Kind", "标准 Standard")
CODES_HEADER = (
    "代码 Code",
    "名称 Name",
    "英文名 English",
    "上级 Superior",
    "有效期 Valid",
    "别名 Alternatives",
    "接替 Successors",
)
CHANGES_HEADER = (
    "时间 Time",
    "变更 Change",
    "体系 Scheme",
    "代码 Code",
    "名称 Name",
    "作者 Author",
    "事由 Act",
    "原因 Reason",
)
FACTS_HEADER = ("项目 Item", "内容 Content")


def schemes_page(request: Request, heads: Iterable[Head], asked: Asked) -> str:
    """All schemes and lists, each a link."""
    rows: list[tuple[Cell, ...]] = []
    for head in heads:
        told = head.scheme or head.listed
        title, english = (told.title, told.title_en) if told else ("", "")
        kind = "概念 concepts" if head.scheme else "代码 codes"
        link = Reference(head.id, address(request, "dictionary", "schemes", head.id))
        rows.append((link, title, english, kind, head.listed.standard if head.listed else ""))
    return _page("概念体系与代码表 Schemes and code lists", [Table(SCHEMES_HEADER, tuple(rows))], asked)


def scheme_page(request: Request, head: Head, entries: Sequence[Entry], asked: Asked) -> str:
    """A scheme with its stages, order and names; a list with its codes."""
    if head.scheme is not None:
        scheme = whole_scheme(head, entries)
        links = tuple(
            (Reference(entry.code, concept_address(request, entry.scheme, entry.code)), entry.concept.name)
            for entry in entries
            if entry.concept is not None
        )
        blocks: list[Block] = list(scheme_chapter(scheme.plain()))
        blocks += [Heading(4, "各概念 Each concept", "concepts"), Table(("代码 Code", "名称 Name"), links)]
        return _page(f"{scheme.title} {scheme.title_en}", blocks, asked)
    rows = tuple(
        (
            Reference(entry.code, concept_address(request, entry.scheme, entry.code)),
            held.name,
            held.name_en,
            held.parent or "",
            period(held.valid_from, held.valid_to),
            "、".join(held.alternatives),
            "、".join(held.successors),
        )
        for entry in entries
        for held in entry.periods
        if asked.day is None or held.holds_on(asked.day)
    )
    title = f"{head.listed.title} {head.listed.title_en}" if head.listed else head.id
    return _page(title, [Table(CODES_HEADER, rows)], asked)


def concept_page(request: Request, head: Head, entry: Entry, names: Mapping[str, str], asked: Asked) -> str:
    """One entry with everything that is known of it."""
    told = entry_json(request, entry, names, asked.day, asked.language)
    blocks: list[Block] = []
    if "notice" in told:
        blocks.append(Paragraph(str(told["notice"])))
        blocks += [
            Table(
                ("接替 Successor",),
                tuple((Reference(f"{item['code']} {item['name']}", item["href"]),) for item in told["replaced_by"]),
            )
        ]
    facts: list[tuple[Cell, ...]] = [
        ("体系 Scheme", Reference(entry.scheme, address(request, "dictionary", "schemes", entry.scheme))),
        ("代码 Code", entry.code),
        ("状态 Status", STATUSES[str(told["status"])]),
    ]
    words = {
        "名称 Name": "name",
        "英文名 English": "name_en",
        "定义 Definition": "definition",
        "范围 Scope": "scope_note",
        "阶段 Stage": "stage_name",
        CONCEPT_HEADER[4]: "responsible",
        "上级 Superior": "parent",
        "生效 Valid from": "valid_from",
        "失效 Valid to": "valid_to",
        "备注 Note": "note",
        "修订 Revision": "revision",
        "版本 Version": "version",
        "修改时间 Modified": "modified",
        "作者 Author": "author",
    }
    facts += [(title, str(told[name])) for title, name in words.items() if told.get(name)]
    for title, name in (
        ("前置 Predecessors", "predecessors"),
        ("文档 Documents", "documents"),
        ("依据 Basis", "legal_basis"),
    ):
        if told.get(name):
            facts.append((title, "、".join(told[name])))
    for title, name in (("其他名称 Other names", "aliases"), ("不是 Is not", "negative_aliases")):
        if told.get(name):
            facts.append((title, "；".join(_alias(alias) for alias in told[name])))
    blocks.append(Table(FACTS_HEADER, tuple(facts)))
    return _page(f"{entry.code} {told['name']}", blocks, asked)


def changes_page(request: Request, page: Page, asked: Asked) -> str:
    """A page of the feed."""
    rows: tuple[tuple[Cell, ...], ...] = tuple(
        (
            change.recorded_at.isoformat(timespec="seconds"),
            change.change,
            change.scheme,
            Reference(change.code, concept_address(request, change.scheme, change.code)) if change.code else "",
            change.name,
            change.author,
            change.act,
            change.reason,
        )
        for change in page.changes
    )
    return _page("字典变更 Changes of the dictionary", [Table(CHANGES_HEADER, rows)], asked)


def _alias(alias: Mapping[str, object]) -> str:
    places, departments = alias["places"], alias.get("departments", [])
    scope = [*places, *departments] if isinstance(places, list) and isinstance(departments, list) else []
    return f"{alias['name']}（{'、'.join(map(str, scope))}）" if scope else str(alias["name"])


def _page(title: str, blocks: Sequence[Block], asked: Asked) -> str:
    version = Paragraph(f"字典版本 Dictionary version: {asked.version}")
    return to_html(Document(title, (version, *blocks)), "zh-CN")
