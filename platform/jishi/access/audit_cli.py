"""``jishi audit``: the disclosure log exported, verified and asked; receipts checked (behind the road out)."""

from __future__ import annotations

import argparse
import asyncio
import getpass
import json
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

from jishi.access import export, receipts, sealer, signing, who
from jishi.access.disclosure_log import DisclosureLog
from jishi.access.disclosures import Disclosure, digest_of
from jishi.access.findings import Report
from jishi.access.key_of_process import signing_key
from jishi.errors import CallerError, InternalError
from jishi.identifiers.keys import Use, load_or_create
from jishi.logs import configure
from jishi.registers.catalog import register_of
from jishi.settings import Settings, load_city
from jishi.storage import cluster, roles
from jishi.storage.engine import connect, wait
from jishi.terminal import say, text

if TYPE_CHECKING:
    Commands = argparse._SubParsersAction[argparse.ArgumentParser]

SEALED_WITHIN_S = 30.0


def register(subparsers: Commands) -> None:
    """Add ``audit`` with its sub-commands."""
    parser = subparsers.add_parser("audit", help="the disclosure log 披露登记")
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    out = actions.add_parser("export", help="write the log to a file that can be checked anywhere 导出")
    out.add_argument("path", type=Path, metavar="PATH", help="ndjson; gzipped where the name ends in .gz")
    out.add_argument("--without-cases", action="store_true", help="leave case numbers out 不含案号")
    out.set_defaults(run=_export)
    check = actions.add_parser("verify", help="find the first bad row of the log 核验")
    check.add_argument("--file", type=Path, metavar="EXPORT", help="an export; default: the database 导出文件")
    check.add_argument("--keys", type=Path, metavar="JWKS", help="believe only these keys, with --file 公钥")
    check.add_argument("--seals", type=Path, metavar="DIR", help="seals kept elsewhere, with --file 另存的封印")
    check.add_argument("--json", action="store_true", help="one JSON document on stdout")
    check.set_defaults(run=_verify)
    saw = actions.add_parser("who", help="who saw an entity 谁看过")
    saw.add_argument("collection", metavar="COLLECTION")
    saw.add_argument("uid", type=UUID, metavar="UID")
    saw.add_argument("--since", type=_instant, metavar="TIME", help="RFC 3339; default: from the beginning 起始")
    saw.add_argument("--json", action="store_true", help="one JSON document on stdout")
    saw.set_defaults(run=_who)
    receipt = actions.add_parser("check-receipt", help="check a receipt of a verification 核验回执")
    receipt.add_argument("file", type=Path, metavar="FILE", help="a receipt, or the whole answer that holds it")
    receipt.add_argument("--keys", type=Path, metavar="JWKS", help="saved public keys; default: the database's 公钥")
    receipt.add_argument("--asked", type=Path, metavar="FILE", help="the request: collection, key, claims, salt 请求")
    receipt.add_argument("--json", action="store_true", help="one JSON document on stdout")
    receipt.set_defaults(run=_check_receipt)


def _export(args: argparse.Namespace) -> int:
    configure()
    counts = wait(_exported(Settings(), args.path, cases=not args.without_cases))
    say("ACC-EXPORTED", path=args.path, rows=counts["row"], seals=counts["seal"])
    return 0


async def _exported(settings: Settings, path: Path, *, cases: bool) -> dict[str, int]:
    """The export tells of itself: it is disclosed and sealed before it is written."""
    async with DisclosureLog(settings) as log:
        await log.write(_of_operator(settings, "audit-export", [path.name]))
        await _sealed(settings, log)
    key = await signing_key(settings, "seal")
    connection = await connect(cluster.url(settings, roles.AUDIT), application="jishi-audit")
    try:
        return await export.write_export(connection, sealer.folder_of(settings), path, key, cases=cases)
    finally:
        await connection.close()


async def _sealed(settings: Settings, log: DisclosureLog) -> None:
    """Seal here, or wait until whoever has the sealer's place has done it. Raises InternalError ``ACC-LOG-UNSEALED``."""
    async with sealer.sealing(settings) as place:
        if place is not None:
            await place.seal_now()
            return
    connection = await connect(cluster.url(settings, roles.AUDIT), application="jishi-audit")
    try:
        for _ in range(int(SEALED_WITHIN_S)):
            if await connection.fetchval(_IS_SEALED, str(log.writer), log.number):
                return
            await asyncio.sleep(1.0)
    finally:
        await connection.close()
    raise InternalError("ACC-LOG-UNSEALED")


def _verify(args: argparse.Namespace) -> int:
    if args.file is not None:
        _present(args.file)
        keys = None if args.keys is None else _jwks(args.keys)
        report = export.verify_export(args.file, keys, args.seals)
    else:
        report = wait(_verified(Settings()))
    if args.json:
        sys.stdout.write(json.dumps(report.document()) + "\n")
    else:
        _tell(report)
    return 0 if report.whole else 1


async def _verified(settings: Settings) -> Report:
    connection = await connect(cluster.url(settings, roles.AUDIT), application="jishi-audit")
    try:
        return await export.verify_database(connection, sealer.folder_of(settings))
    finally:
        await connection.close()


def _tell(report: Report) -> None:
    for kid, thumbprint in report.keys.items():
        say("ACC-VERIFY-KEY", kid=kid, thumbprint=thumbprint)
    for finding in sorted(report.findings, key=lambda finding: finding is not report.first):
        where = {name: value if value is not None else "-" for name, value in finding.document().items()}
        kind = text(f"ACC-VERIFY-{finding.kind.upper()}")
        say("ACC-VERIFY-FINDING", **{**where, "kind": kind, "until": finding.until or where["number"]})
    counts = {name: value for name, value in report.document().items() if isinstance(value, int)}
    say("ACC-VERIFY-WHOLE" if report.whole else "ACC-VERIFY-BROKEN", **counts, findings=len(report.findings))


def _who(args: argparse.Namespace) -> int:
    register_of(args.collection)
    looks = wait(_looks(Settings(), args))
    if args.json:
        sys.stdout.write(json.dumps({"disclosures": looks}, ensure_ascii=False) + "\n")
        return 0
    for look in looks:
        department = look["department"]["name"] or look["department"]["uscc"] or "-"
        elements = ", ".join([*look["clear"], *(f"{name}*" for name in look["masked"])])
        told = (look["at"], department, look["caller"], look["act"], look["seen"], look["purpose"] or "-", elements)
        sys.stdout.write("  ".join(told) + "\n")
    return 0


async def _looks(settings: Settings, args: argparse.Namespace) -> list[dict[str, Any]]:
    exempt = load_city(settings).disclosure.exempt_purposes
    found: list[Mapping[str, Any]] = []
    connection = await connect(cluster.url(settings, roles.AUDIT), application="jishi-audit")
    try:
        page = await who.who_saw(connection, [args.uid], since=args.since, limit=who.MOST)
        found += page.rows
        while page.following is not None:
            page = await who.who_saw(connection, [args.uid], since=args.since, before=page.following, limit=who.MOST)
            found += page.rows
    finally:
        await connection.close()
    async with DisclosureLog(settings) as log:
        number = register_of(args.collection).number
        asked = [args.collection, str(args.uid), str(args.since)]
        await log.write(_of_operator(settings, "access-log", asked, register=number, subjects=(args.uid,)))
    return [who.as_document(row, exempt, in_full=True) for row in found]


def _check_receipt(args: argparse.Namespace) -> int:
    receipt = _json(args.file)
    receipt = receipt.get("receipt", receipt)
    asked = _json(args.asked) if args.asked else {}
    jwks = _jwks(args.keys) if args.keys else wait(_receipt_keys(Settings()))
    salt = receipts.read_salt(asked["salt"]) if isinstance(asked.get("salt"), str) else None
    checked = receipts.verify(receipt, jwks, salt, asked.get("collection"), asked.get("key"), asked.get("claims"))
    document = {
        "holds": checked.holds,
        "signed": checked.signed,
        "key": checked.key,
        "outcome": checked.outcome,
        "claims": dict(checked.claims) if checked.claims is not None else None,
    }
    if args.json:
        sys.stdout.write(json.dumps(document, ensure_ascii=False) + "\n")
    else:
        say("ACC-RECEIPT-HOLDS" if checked.holds else "ACC-RECEIPT-FAILS", outcome=checked.outcome or "-")
        for element, outcome in (checked.claims or {}).items():
            sys.stdout.write(f"{element}: {outcome or '-'}\n")
    return 0 if checked.holds else 1


async def _receipt_keys(settings: Settings) -> list[dict[str, str]]:
    connection = await connect(cluster.url(settings, roles.AUDIT), application="jishi-audit")
    try:
        return await signing.public_keys(connection, "receipt")
    finally:
        await connection.close()


def _of_operator(
    settings: Settings, act: str, asked: object, *, register: int | None = None, subjects: tuple[UUID, ...] = ()
) -> Disclosure:
    key = load_or_create(settings.key_path).key(Use.QUERY, detail="disclosure")
    return Disclosure(
        request_id=uuid4(),
        channel="command",
        act=act,
        caller_kind="operator",
        caller=getpass.getuser(),
        department=None,
        grant_id=None,
        purpose=None,
        case_no=None,
        register=register,
        masked=(),
        clear=(),
        subjects=subjects,
        misses=0,
        query_digest=digest_of(key, [act, asked]),
        result="ok",
    )


def _jwks(path: Path) -> list[dict[str, str]]:
    keys = _json(path).get("keys")
    if not isinstance(keys, list) or not all(isinstance(key, dict) and "kid" in key for key in keys):
        raise CallerError("ACC-KEYS-FILE", path=path.name)
    return keys


def _json(path: Path) -> dict[str, Any]:
    _present(path)
    try:
        content = json.loads(path.read_bytes())
    except ValueError as error:
        raise CallerError("ACC-KEYS-FILE", path=path.name) from error
    if not isinstance(content, dict):
        raise CallerError("ACC-KEYS-FILE", path=path.name)
    return content


def _present(path: Path) -> None:
    if not path.is_file():
        raise CallerError("ING-FILE-MISSING", path=path)


def _instant(text: str) -> datetime:
    at = datetime.fromisoformat(text)
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)


_IS_SEALED = """
-- Whether a seal holds row $2 of writer $1.
SELECT true FROM jishi.disclosure_seal
WHERE (heads -> $1 ->> 0)::bigint >= $2
ORDER BY number DESC
LIMIT 1
"""
