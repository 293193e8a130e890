"""Editions 版本 of the dictionary: each act that changed something, who did it, and every entry as it was after it.

Beside the road: whoever changes the dictionary's tables ends with :func:`record_edition` in the same transaction; from then
on every read of the service, of now and of any earlier day, is answered out of ``dictionary_version``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from asyncpg import Connection

Act = Literal["load", "import", "status", "alias"]
FILES = "dictionary"
"""The author of what the dictionary files say."""


@dataclass(frozen=True, slots=True)
class Edition:
    """One state of the whole dictionary; ``version`` is what answers name, ``number`` is its place in the history."""

    number: int
    version: str
    recorded_at: datetime
    author: str
    act: str
    reason: str


async def lock(connection: Connection[Any]) -> None:
    """One change at a time; readers are not disturbed."""
    await connection.execute("LOCK TABLE jishi.dictionary_edition IN SHARE ROW EXCLUSIVE MODE")


async def record_edition(
    connection: Connection[Any],
    act: Act,
    author: str = FILES,
    *,
    reason: str = "",
    files: str | None = None,
    revisions: Mapping[tuple[str, str], int] | None = None,
) -> Edition | None:
    """Keep a version of every entry that differs from its latest one; None where nothing changed.

    ``files``: the digest of the files just loaded; None = as before. ``revisions``: by scheme and code, at least which
    revision an entry new here is (an import continues the count of where it came from). Call under :func:`lock`.
    """
    known = [{"scheme": scheme, "code": code, "revision": least} for (scheme, code), least in (revisions or {}).items()]
    row = await connection.fetchrow(_RECORD, act, author, reason, files, json.dumps(known))
    return None if row is None else _edition(row)


async def current_edition(connection: Connection[Any]) -> Edition | None:
    """The edition in force; None before the first load."""
    row = await connection.fetchrow(_CURRENT)
    return None if row is None else _edition(row)


async def edition_of(connection: Connection[Any], version: str) -> Edition | None:
    """The edition of that version (the latest, where files came back to it), or of that number; None: there is none."""
    number = int(version) if version.isascii() and version.isdigit() and len(version) < 16 else None
    row = await connection.fetchrow(_BY_VERSION, version, number)
    return None if row is None else _edition(row)


async def edition_at(connection: Connection[Any], instant: datetime) -> Edition | None:
    """The edition in force at an instant; of the time before the first one, the first. None: nothing was loaded yet."""
    row = await connection.fetchrow(_AT, instant)
    return None if row is None else _edition(row)


def _edition(row: Mapping[str, Any]) -> Edition:
    return Edition(row["id"], row["version"], row["loaded_at"], row["author"], row["act"], row["reason"])


_COLUMNS = "id, version, loaded_at, author, act, reason"

_RECORD = f"""
-- The edition and the versions of what differs, in one statement; no row where there is neither.
WITH last AS (
  SELECT id, files, loaded_at FROM jishi.dictionary_edition ORDER BY id DESC LIMIT 1
), latest AS (
  SELECT DISTINCT ON (kind, scheme, code) kind, scheme, code, revision, ended, content
  FROM jishi.dictionary_version
  ORDER BY kind, scheme, code, revision DESC
), differing AS MATERIALIZED (
  SELECT e.kind, e.scheme, e.code, e.ended, e.content,
    greatest(coalesce(l.revision, 0) + 1, CASE WHEN l.revision IS NULL THEN g.revision END) AS revision,
    CASE WHEN l.revision IS NULL THEN 'new' WHEN e.ended AND NOT l.ended THEN 'deprecated' ELSE 'modified' END AS change
  FROM jishi.dictionary_entry e
  LEFT JOIN latest l USING (kind, scheme, code)
  LEFT JOIN jsonb_to_recordset($5::jsonb) AS g (scheme text, code text, revision bigint)
    ON g.scheme = e.scheme AND g.code = e.code
  WHERE l.content IS DISTINCT FROM e.content
), edition AS (
  INSERT INTO jishi.dictionary_edition (version, loaded_at, files, author, act, reason)
  SELECT
    CASE
      WHEN $1 <> 'load' OR EXISTS (SELECT FROM jishi.dictionary_edition WHERE act <> 'load')
        THEN coalesce($4, last.files, '') || '.' || (SELECT count(*) + 1 FROM jishi.dictionary_edition)
      ELSE coalesce($4, last.files, '')
    END,
    greatest(clock_timestamp(), last.loaded_at + interval '1 microsecond'),
    coalesce($4, last.files, ''), $2, $1, $3
  FROM (SELECT) one
  LEFT JOIN last ON true
  WHERE EXISTS (SELECT FROM differing) OR $4 <> coalesce(last.files, '')
  RETURNING {_COLUMNS}
), kept AS (
  INSERT INTO jishi.dictionary_version (kind, scheme, code, revision, edition, change, ended, content)
  SELECT d.kind, d.scheme, d.code, d.revision, edition.id, d.change, d.ended, d.content
  FROM differing d
  CROSS JOIN edition
)
SELECT {_COLUMNS}
FROM edition
"""  # noqa: S608  fixed columns

_CURRENT = f"""
-- The latest edition.
SELECT {_COLUMNS}
FROM jishi.dictionary_edition
ORDER BY id DESC
LIMIT 1
"""  # noqa: S608  fixed columns

_BY_VERSION = f"""
-- The latest edition of a version or of a number.
SELECT {_COLUMNS}
FROM jishi.dictionary_edition
WHERE version = $1 OR id = $2
ORDER BY version = $1 DESC, id DESC
LIMIT 1
"""  # noqa: S608  fixed columns

_AT = f"""
-- The edition in force at an instant, else the first.
SELECT {_COLUMNS}
FROM jishi.dictionary_edition
ORDER BY loaded_at <= $1 DESC, CASE WHEN loaded_at <= $1 THEN id END DESC, id
LIMIT 1
"""  # noqa: S608  fixed columns
