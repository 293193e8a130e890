"""A printable document as blocks, and its two forms: one self-contained HTML page, and Markdown (road out, files).

Whatever a block holds is text; both forms escape it, so that a title or a code of the city's own files cannot become
markup.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from html import escape


@dataclass(frozen=True, slots=True)
class Link:
    """Text that leads to the heading with this anchor."""

    text: str
    anchor: str


@dataclass(frozen=True, slots=True)
class Reference:
    """Text that leads to another page of the same host; ``href`` is an address this project made itself."""

    text: str
    href: str


Cell = str | Link | Reference


@dataclass(frozen=True, slots=True)
class Heading:
    """``level`` 2 to 4; the document's title is level 1. ``anchor``: ASCII letters, digits, ``-`` and ``_``."""

    level: int
    text: str
    anchor: str


@dataclass(frozen=True, slots=True)
class Paragraph:
    text: str


@dataclass(frozen=True, slots=True)
class Table:
    """``rows`` are as long as ``header``; ``wide`` tables are printed in small type."""

    header: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    wide: bool = False


Block = Heading | Paragraph | Table


@dataclass(frozen=True, slots=True)
class Document:
    title: str
    blocks: tuple[Block, ...]

    def headings(self, deepest: int) -> Iterator[Heading]:
        return (block for block in self.blocks if isinstance(block, Heading) and block.level <= deepest)


def to_html(document: Document, language: str = "zh-CN") -> str:
    """One page with its style inside; it loads nothing and holds no script."""
    title = escape(document.title)
    return "\n".join(
        [
            "<!DOCTYPE html>",
            f'<html lang="{language}">',
            f'<head><meta charset="utf-8"><title>{title}</title>',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<style>{STYLE}</style></head>",
            f"<body><h1>{title}</h1>",
            "<nav><ul>",
            *(
                f'<li class="l{heading.level}"><a href="#{heading.anchor}">{escape(heading.text)}</a></li>'
                for heading in document.headings(3)
            ),
            "</ul></nav>",
            *map(_html_block, document.blocks),
            "</body></html>\n",
        ]
    )


def to_markdown(document: Document) -> str:
    """Markdown with pipe tables; every heading has its anchor in front."""
    contents = [
        f"{'  ' * (heading.level - 2)}- [{_plain(heading.text)}](#{heading.anchor})" for heading in document.headings(3)
    ]
    parts = [f"# {_plain(document.title)}", "\n".join(contents), *map(_markdown_block, document.blocks)]
    return "\n\n".join(parts) + "\n"


def _html_block(block: Block) -> str:
    match block:
        case Heading(level, text, anchor):
            return f'<h{level} id="{anchor}">{escape(text)}</h{level}>'
        case Paragraph(text):
            return f"<p>{escape(text)}</p>"
        case Table(header, rows, wide):
            head = _html_row("th", header)
            body = "\n".join(_html_row("td", row) for row in rows)
            return f"<table{' class=wide' if wide else ''}><thead>{head}</thead><tbody>\n{body}\n</tbody></table>"


def _html_row(tag: str, cells: Iterable[Cell]) -> str:
    return f"<tr>{''.join(f'<{tag}>{_html_cell(cell)}</{tag}>' for cell in cells)}</tr>"


def _html_cell(cell: Cell) -> str:
    if isinstance(cell, Link):
        return f'<a href="#{cell.anchor}">{escape(cell.text)}</a>'
    if isinstance(cell, Reference):
        return f'<a href="{escape(cell.href)}">{escape(cell.text)}</a>'
    return escape(cell)


def _markdown_block(block: Block) -> str:
    match block:
        case Heading(level, text, anchor):
            return f'<a id="{anchor}"></a>\n\n{"#" * level} {_plain(text)}'
        case Paragraph(text):
            return _plain(text)
        case Table(header, rows):
            lines = [header, ("---",) * len(header), *rows]
            return "\n".join(
                f"| {' | '.join('---' if number == 1 else _markdown_cell(cell) for cell in line)} |"
                for number, line in enumerate(lines)
            )


def _markdown_cell(cell: Cell) -> str:
    if isinstance(cell, Reference):
        return _plain(cell.text)
    return f"[{_plain(cell.text)}](#{cell.anchor})" if isinstance(cell, Link) else _plain(cell)


def _plain(text: str) -> str:
    """Text that Markdown shows as it is, on one line."""
    return _MARKS.sub(r"\\\g<0>", " ".join(text.split())).replace("&", "&amp;").replace("<", "&lt;")


_MARKS = re.compile(r"[\\`*_\[\]|~#]")

STYLE = """
body { font: 15px/1.55 "Noto Sans CJK SC", "Noto Sans SC", "Source Han Sans SC", "Microsoft YaHei", sans-serif;
  margin: 2rem auto; max-width: 75rem; padding: 0 1rem; color: #1b1b1b; background: #fff }
h1, h2, h3, h4 { line-height: 1.25; break-after: avoid }
h2 { border-bottom: 2px solid #345; padding-bottom: .2rem; margin-top: 2.5rem }
nav ul { list-style: none; padding: 0; columns: 3 16rem } nav .l2 { font-weight: 600 } nav .l3 { padding-left: 1rem }
a { color: #124b8c }
table { border-collapse: collapse; width: 100%; margin: .6rem 0 1.4rem; font-size: .9em }
table.wide { font-size: .8em }
th, td { border: 1px solid #b9c0c8; padding: .25rem .45rem; text-align: left; vertical-align: top;
  overflow-wrap: anywhere; white-space: pre-line }
th { background: #eef2f6 }
@page { size: A4 landscape; margin: 14mm }
@media print {
  body { margin: 0; max-width: none; padding: 0; font-size: 10px }
  nav ul { columns: 4 } h2 { break-before: page } thead { display: table-header-group } tr { break-inside: avoid }
  a { color: inherit; text-decoration: none }
}
"""
