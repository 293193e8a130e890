"""The data-element handbook 数据字典: every element, rule, code list and project node, for people to read (road out).

Written from the declarations and the dictionary files alone; no database, no date of the day: the same declarations
give the same pages.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from jishi.delivery.document import Block, Cell, Document, Heading, Link, Paragraph, Table
from jishi.delivery.elements import card_of, type_of
from jishi.delivery.handbook_scheme import scheme_chapter
from jishi.delivery.words import MASKS, SENSITIVITIES, SEVERITIES
from jishi.dictionary.codelist import CodeList, CodeRow
from jishi.dictionary.load import Dictionary
from jishi.quality.report import rule_text
from jishi.registers.catalogue_entry import entry_of
from jishi.registers.element import DataElement, Rule
from jishi.registers.register import Register

TITLE = "数据字典 Data-element handbook"

AUTHORITY = "本市 this city"
"""Who registers the elements, where no city is named."""

LONG = 300
"""A code list with more rows shows only those without a superior."""


def handbook(
    registers: Iterable[Register], dictionary: Dictionary, *, version: str | None = None, authority: str = AUTHORITY
) -> Document:
    """The whole handbook; ``registers`` in the order of their chapters.

    ``version``: of the dictionary where it is not that of files; ``authority``: the city that registers the elements.
    """
    known = tuple(registers)
    blocks: list[Block] = [
        Paragraph(f"字典版本 Dictionary version: {version or dictionary.version()}"),
        Paragraph(f"登记机构 Registration authority: {authority}"),
    ]
    blocks.append(Heading(2, "基础库 Registers", "registers"))
    for register in known:
        blocks += _register(register, dictionary, authority)
    blocks.append(Heading(2, "代码表 Code lists", "code-lists"))
    for entry in dictionary.lists.values():
        blocks += _code_list(entry, _users(entry.id, known))
    blocks.append(Heading(2, "电子政务项目 E-government projects", "schemes"))
    for scheme in dictionary.schemes.values():
        blocks += scheme_chapter(scheme)
    return Document(TITLE, tuple(blocks))


def _register(register: Register, dictionary: Dictionary, authority: str) -> Iterator[Block]:
    entry = entry_of(register)
    yield Heading(3, f"{register.title} {register.name}", f"register-{register.name}")
    yield Paragraph(f"{entry.summary}。{entry.summary_en}.")
    yield _facts(
        ("目录编码 Catalogue code", entry.code),
        ("提供方 Provider", entry.provider),
        ("更新周期 Update cycle", entry.update_cycle),
        ("共享类型 Sharing", entry.sharing_title),
        ("共享条件 Condition", entry.condition or ""),
        ("依据 Basis", entry.basis or ""),
        ("接口集合 Collection", register.collection),
        ("个人信息 Personal", _yes(register.personal)),
        ("地址中的标识 Key in addresses", register.natural_key or "uid"),
        ("规则版本 Version of the rules", register.rules_version),
    )
    yield Heading(4, f"数据元 Elements（{len(register.elements)}）", f"elements-{register.name}")
    yield Table(ELEMENT_HEADER, tuple(_element(*item, dictionary) for item in register.elements.items()), wide=True)
    yield Heading(4, "数据元登记属性 Registry attributes（ISO/IEC 11179）", f"registry-{register.name}")
    yield Table(REGISTRY_HEADER, tuple(_registered(register, name, authority) for name in register.elements), wide=True)
    yield Heading(4, f"校验规则 Rules（{len(register.rules)}）", f"rules-{register.name}")
    yield Table(RULE_HEADER, tuple(map(_rule, register.rules)), wide=True)


ELEMENT_HEADER = (
    "名称 Name",
    "中文名 Title",
    "英文名 English title",
    "标准 Standard",
    "类型 Type",
    "代码表 Code list",
    "敏感级 Sensitivity",
    "脱敏 Mask",
    "可查询 Queryable",
    "必填 Required",
    "权威来源 Authority",
)


def _element(name: str, element: DataElement, dictionary: Dictionary) -> tuple[Cell, ...]:
    listed = dictionary.lists.get(element.code_list or "")
    return (
        name,
        element.title,
        element.title_en,
        "本项目建议 proposal" if element.standard == "P" else element.standard,
        type_of(element),
        Link(listed.title, f"list-{listed.id}") if listed else element.code_list or "",
        SENSITIVITIES[element.sensitivity],
        MASKS[element.mask],
        _yes(element.queryable),
        SEVERITIES[element.required] if element.required else "",
        element.authority,
    )


REGISTRY_HEADER = (
    "标识符 Identifier",
    "版本 Version",
    "登记状态 Registration status",
    "定义 Definition",
    "对象类 Object class",
    "特性 Property",
    "表示类 Representation class",
    "数据类型 Datatype",
    "长度 Length",
    "值域 Value domain",
    "管理者 Steward",
    "来源 Origin",
)


def _registered(register: Register, name: str, authority: str) -> tuple[Cell, ...]:
    card = card_of(register, name, authority)
    length = card.length if card.length is not None else ", ".join(map(str, register.elements[name].digits or ()))
    return (
        card.identifier,
        card.version,
        card.registration_status,
        card.definition,
        card.object_class[1],
        card.property[1],
        card.representation_class,
        card.datatype,
        str(length),
        Link(card.code_list, f"list-{card.code_list}") if card.code_list else card.permitted,
        card.steward,
        card.origin,
    )


RULE_HEADER = ("规则 Rule", "数据元 Element", "级别 Severity", "说明", "English")


def _rule(rule: Rule) -> tuple[Cell, ...]:
    return (
        rule.id,
        rule.element,
        SEVERITIES[rule.severity],
        rule_text(rule, "zh-CN"),
        rule_text(rule, "en"),
    )


def _users(list_id: str, registers: Iterable[Register]) -> str:
    return "、".join(
        f"{register.name}.{name}"
        for register in registers
        for name, element in register.elements.items()
        if element.code_list == list_id
    )


LIST_HEADER = (
    "代码 Code",
    "名称 Name",
    "英文名 English name",
    "上级 Superior",
    "有效期 Valid",
    "别名 Alternatives",
    "备注 Note",
)


def _code_list(entry: CodeList, users: str) -> Iterator[Block]:
    yield Heading(3, f"{entry.title} {entry.id}", f"list-{entry.id}")
    yield _facts(
        ("标准 Standard", f"{entry.standard}-{entry.edition}" if entry.standard else "本项目建议 proposal"),
        ("来源 Source", entry.source),
        ("核对日期 Checked", entry.checked.isoformat()),
        ("完整 Complete", _yes(entry.complete)),
        ("可增补 Extensible", _yes(entry.extensible)),
        ("行数 Rows", f"{len(entry.rows)}（有效 in force: {len(entry.names)}）"),
        ("用于 Used by", users),
    )
    rows = entry.rows
    if len(rows) > LONG:
        rows = tuple(row for row in rows if row.parent is None and row.valid_to is None)
        rows = rows if len(rows) <= LONG else ()
        yield Paragraph(
            f"共 {len(entry.rows)} 行，此处只列出没有上级的 {len(rows)} 行；全部见 dictionaries/codes/{entry.id}.csv。"
            f"Of {len(entry.rows)} rows only the {len(rows)} without a superior are shown."
        )
    if rows:
        yield Table(LIST_HEADER, tuple(map(_code_row, rows)))


def _code_row(row: CodeRow) -> tuple[Cell, ...]:
    since = row.valid_from.isoformat() if row.valid_from else ""
    until = row.valid_to.isoformat() if row.valid_to else ""
    valid = f"{since} – {until}".strip() if since or until else ""
    return (row.code, row.name, row.name_en, row.parent or "", valid, "、".join(row.alternatives), row.note)


def _facts(*facts: tuple[str, str]) -> Table:
    return Table(("项目 Item", "内容 Content"), tuple(fact for fact in facts if fact[1]))


def _yes(value: bool) -> str:
    return "是 yes" if value else "否 no"
