"""The dictionary of the database in the form of the files, so that one handbook is written from either (road out)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jishi.dictionary.codelist import CodeList, CodeRow
from jishi.dictionary.entries import Entry, ListEntry, read_entries, read_heads, whole_scheme
from jishi.dictionary.load import Dictionary

if TYPE_CHECKING:
    from asyncpg import Connection


async def published_dictionary(connection: Connection[Any], edition: int) -> Dictionary:
    """Lists and schemes as an edition had them, without those no file holds any more; departments are no part of it."""
    lists, schemes = {}, {}
    for head in await read_heads(connection, edition):
        if head.removed:
            continue
        entries = await read_entries(connection, edition, head.id)
        if head.listed is not None:
            lists[head.id] = _list(head.listed, entries)
        else:
            schemes[head.id] = whole_scheme(head, entries).plain()
    return Dictionary(lists, schemes, ())


def _list(head: ListEntry, entries: list[Entry]) -> CodeList:
    rows = (
        CodeRow(
            entry.code,
            period.name,
            period.name_en,
            period.parent,
            period.valid_from,
            period.valid_to,
            period.alternatives,
            period.note,
        )
        for entry in entries
        for period in entry.periods
        if period.removed_at is None
    )
    return CodeList(
        id=head.id,
        title=head.title,
        title_en=head.title_en,
        standard=head.standard,
        edition=head.edition,
        source=head.source,
        complete=head.complete,
        extensible=head.extensible,
        checked=head.checked,
        rows=tuple(rows),
        parent_list=head.parent_list,
    )
