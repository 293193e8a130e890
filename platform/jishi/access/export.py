"""The disclosure log as one file that can be checked anywhere: keys, seals, seals from outside, rows (behind the road out).

One JSON document a line, gzipped where the name ends in ``.gz``. The first line says what it is, the last how many lines of
each kind there were and the SHA-256 of all bytes before it, signed with the seal key: so a file that was cut or edited
afterwards is known as such, apart from what was done to the log itself.
"""

from __future__ import annotations

import gzip
import json
import os
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from jishi.access import row_document, seal_files, seals
from jishi.access.chain import Row
from jishi.access.findings import Finding, Report
from jishi.access.seals import Seal
from jishi.access.signing import SigningKey, verify
from jishi.access.verifier import Verifier
from jishi.errors import CallerError, InputRefusedError

if TYPE_CHECKING:
    from asyncpg import Connection

FORM = "jishi-disclosure-export-1"
KINDS = ("key", "seal", "outside", "row")
PREFETCH = 2000
_TAG = b"jishi-export-1\0"


@dataclass
class _Tally:
    """What a file holds so far: lines by kind, and the digest of their bytes."""

    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(KINDS, 0))
    digest: Any = field(default_factory=sha256)

    def add(self, kind: str, line: bytes) -> None:
        self.digest.update(line)
        if kind in self.counts:
            self.counts[kind] += 1

    def document(self) -> dict[str, Any]:
        return {**self.counts, "sha256": self.digest.hexdigest()}


async def write_export(
    connection: Connection[Any], folder: Path, path: Path, key: SigningKey | None, *, cases: bool = True
) -> dict[str, int]:
    """Write the log to ``path`` (mode 0600), ``folder`` holding the seals outside; the lines by kind.

    One snapshot of the database. Without ``cases`` case numbers stay out; their commitments are enough to check.
    Without a ``key`` the last line is not signed. Raises CallerError ``ACC-EXPORT-FILE``.
    """
    tally = _Tally()
    with _new(path) as file:

        def put(kind: str, document: object) -> None:
            line = json.dumps({kind: document}, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
            tally.add(kind, line)
            file.write(line)

        put("log", {"form": FORM, "made_at": seals.instant(datetime.now(UTC))})
        async for item in _walk(connection, folder):
            match item:
                case Row():
                    put("row", row_document.as_document(item, cases=cases))
                case (kind, seal):
                    put(kind, seals.as_document(seal))
                case _:
                    put("key", item)
        counts, end = dict(tally.counts), tally.document()
        signature = {"kid": key.kid, "signature": key.sign(_signed(end)).hex()} if key else {}
        put("end", {**end, **signature})
    return counts


async def verify_database(connection: Connection[Any], folder: Path) -> Report:
    """Check the log where it stands, in one snapshot, against the seals in ``folder`` too."""
    keys: dict[str, dict[str, str]] = {}
    verifier = Verifier(keys)
    async for item in _walk(connection, folder):
        match item:
            case Row():
                verifier.row(item)
            case ("seal", seal):
                verifier.seal(seal)
            case (_, seal):
                verifier.outside(seal)
            case _:
                keys[item["kid"]] = item
    return verifier.end()


def verify_export(path: Path, keys: Iterable[dict[str, str]] | None = None, folder: Path | None = None) -> Report:
    """Check a file without any database. ``keys``: JWKs to believe in; None = those the file brings along, whose
    thumbprints in the report are then to be compared with the published ones. ``folder``: further seals from outside.

    Raises InputRefusedError ``ACC-EXPORT`` where the file is no export, by the line at fault.
    """
    believed = {jwk["kid"]: jwk for jwk in keys or ()}
    verifier, tally = Verifier(believed), _Tally()
    kind, made_at = "", ""
    number = 0
    try:
        for line in _lines(path):
            number += 1
            ((following, content),) = json.loads(line).items()
            if (kind == "") != (following == "log") or kind == "end":
                raise ValueError(following)
            if folder is not None and following in ("row", "end") and kind not in ("row", "end"):
                _add_outside(verifier, folder, made_at)
            kind = following
            if kind == "log":
                made_at = _made_at(content)
            elif kind == "end":
                _check_end(verifier, tally, content)
            elif kind == "key":
                believed.update({} if keys is not None else {content["kid"]: content})
            elif kind == "row":
                verifier.row(row_document.of_document(content))
            else:
                {"seal": verifier.seal, "outside": verifier.outside}[kind](seals.of_document(content))
            tally.add(kind, line)
    except (KeyError, TypeError, ValueError, AttributeError, OSError, EOFError) as error:
        raise InputRefusedError("ACC-EXPORT", path=path.name, line=number) from error
    if kind != "end":
        verifier.report.findings.append(Finding("file-cut"))
    return verifier.end()


async def _walk(connection: Connection[Any], folder: Path) -> AsyncIterator[dict[str, str] | tuple[str, Seal] | Row]:
    """Keys, ("seal", …), ("outside", …) and rows. The files are measured before the snapshot is taken: a seal goes into
    the database first, so what they held then is in it.
    """
    extent = seal_files.extent(folder)
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        for record in await connection.fetch(_KEYS):
            yield json.loads(record["public_key"])
        async for record in connection.cursor(seals.AFTER, 0, prefetch=PREFETCH):
            yield "seal", seals.of_record(record)
        for seal in seal_files.read(extent):
            yield "outside", seal
        async for record in connection.cursor(_ROWS, prefetch=PREFETCH):
            yield row_document.of_record(record)


def _add_outside(verifier: Verifier, folder: Path, made_at: str) -> None:
    """Seals from the folder as far as the export reaches."""
    for seal in seal_files.read(seal_files.extent(folder)):
        if seals.instant(seal.sealed_at) < made_at:
            verifier.outside(seal)


def _check_end(verifier: Verifier, tally: _Tally, content: Mapping[str, Any]) -> None:
    """The last line counts and signs the others; what does not fit has been done to the file."""
    said = {name: content[name] for name in (*KINDS, "sha256")}
    jwk = verifier.keys.get(content.get("kid", ""))
    signed = jwk is not None and verify(jwk, _signed(said), bytes.fromhex(content["signature"]))
    if said != tally.document() or not (signed or ("kid" not in content and not tally.counts["seal"])):
        verifier.report.findings.append(Finding("file-changed"))


def _made_at(content: Mapping[str, Any]) -> str:
    if content["form"] != FORM:
        raise ValueError(FORM)
    return str(content["made_at"])


def _signed(end: Mapping[str, Any]) -> bytes:
    return _TAG + json.dumps(end, sort_keys=True, separators=(",", ":")).encode()


@contextmanager
def _new(path: Path) -> Iterator[IO[bytes]]:
    """The file appears whole or not at all, and for its owner only."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "wb") as raw:
            if path.name.endswith(".gz"):
                with gzip.GzipFile(fileobj=raw, mode="wb", compresslevel=6, mtime=0, filename="") as packed:
                    yield packed  # type: ignore[misc]
            else:
                yield raw
            raw.flush()
            os.fsync(handle)
        draft.replace(path)
    except OSError as error:
        raise CallerError("ACC-EXPORT-FILE", path=path.name, reason=error.strerror or "") from error
    finally:
        draft.unlink(missing_ok=True)


def _lines(path: Path) -> Iterator[bytes]:
    with path.open("rb") as raw:
        yield from gzip.GzipFile(fileobj=raw) if path.name.endswith(".gz") else raw


_KEYS = """
-- Public keys of seals whose signatures are believed.
SELECT public_key::text AS public_key
FROM jishi.signing_key
WHERE use = 'seal' AND withdrawn_at IS NULL
ORDER BY created_at, kid
"""

_ROWS = """
-- The whole log, chain by chain.
SELECT
  writer, number, disclosed_at, request_id, channel, act, caller_kind, caller, department, grant_id, purpose, case_no,
  register, masked, clear, subjects, misses, query_digest, result, salt, commitment, previous, hash
FROM jishi.disclosure
ORDER BY writer, number, disclosed_at
"""
