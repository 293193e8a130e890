"""A small page about one entity, shown in a frame of whoever reconciles, and the few lines of a flyout (respond, road out)."""

from __future__ import annotations

from datetime import date
from html import escape

from jishi_api.reconcile.entity import Entity, Reference, Value
from jishi_api.reconcile.properties import PROPERTIES, Property
from jishi_api.reconcile.reading import Type

HEADERS = {
    # a page made to be framed: where both are sent, frame-ancestors is what counts, not X-Frame-Options
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors *",
    "Cache-Control": "public, max-age=60",
}
_SHOWN = (
    "definition",
    "stage",
    "responsible",
    "predecessor",
    "document",
    "alias",
    "full_name",
    "parent",
    "status",
    "successor",
)
_MOST_SHOWN = 6
_STYLE = (
    "body{font:13px/1.5 sans-serif;margin:8px;color:#222}h1{font-size:15px;margin:0 0 2px}"
    "p{margin:0 0 6px;color:#666}dl{display:grid;grid-template-columns:auto 1fr;gap:2px 10px;margin:0}"
    "dt{color:#666}dd{margin:0}"
)


def page(entity: Entity, known: Type | None, language: str) -> str:
    """The whole document; it loads nothing and holds no script."""
    title = escape(entity.name)
    lines = "".join(
        f"<dt>{escape(entry.name(language))}</dt><dd>{escape(_joined(entity.values[entry.id]))}</dd>"
        for entry in map(PROPERTIES.__getitem__, _SHOWN)
        if entity.values.get(entry.id)
    )
    return (
        f'<!DOCTYPE html><html lang="zh"><head><meta charset="utf-8"><title>{title}</title><style>{_STYLE}</style></head>'
        f"<body><h1>{title}</h1><p>{_heading(entity, known, language)}</p><dl>{lines}</dl></body></html>"
    )


def flyout_of_entity(entity: Entity, known: Type | None, language: str) -> str:
    name, description = escape(entity.name), escape(entity.description)
    return f"<p><b>{name}</b> {_heading(entity, known, language)}</p><p>{description}</p>"


def flyout_of_type(entry: Type, language: str) -> str:
    return f"<p><b>{escape(entry.name(language))}</b> {escape(entry.id)}</p>"


def flyout_of_property(entry: Property, language: str) -> str:
    return f"<p><b>{escape(entry.name(language))}</b> {escape(entry.id)}</p>"


def _heading(entity: Entity, known: Type | None, language: str) -> str:
    return escape(f"{entity.code} · {known.name(language) if known is not None else entity.scheme}")


def _joined(values: tuple[Value, ...]) -> str:
    shown = [_text(value) for value in values[:_MOST_SHOWN]]
    return "；".join(shown) + ("…" if len(values) > _MOST_SHOWN else "")


def _text(value: Value) -> str:
    if isinstance(value, Reference):
        return value.name
    return value.isoformat() if isinstance(value, date) else value
