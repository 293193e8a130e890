"""``jishi grants`` and ``jishi protection``: the operator's way to say who may ask for what (authorise, road out)."""

from __future__ import annotations

import argparse

from jishi.access import protection_cli
from jishi.access.grants import RIGHTS

_ELEMENTS = (
    "elements granted, comma separated, or '*' for all the register has today; answered under their mask unless named in "
    "--clear. An element without a mask, which is not sealed either, is the same both ways and counts as clear 授予的数据元"
)


def register(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add ``grants`` and ``protection`` with their sub-commands."""
    parser = subparsers.add_parser("grants", help="授权 which client may ask for what")
    actions = parser.add_subparsers(dest="action", required=True)
    _register_add(actions)
    listing = actions.add_parser("list", help="授权清单 grants that are not revoked")
    listing.add_argument("client", nargs="?", metavar="CLIENT", help="only this client's, by client_id or name")
    listing.add_argument("--all", action="store_true", help="revoked ones too 含已撤销")
    listing.add_argument("--json", action="store_true", help="one JSON document on stdout")
    listing.set_defaults(run=_list)
    revoke = actions.add_parser("revoke", help="撤销授权 end a grant now")
    revoke.add_argument("grant", type=_number, metavar="GRANT", help="its number")
    revoke.set_defaults(run=_revoke)
    protection_cli.register(subparsers)


def _register_add(actions: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    add = actions.add_parser(
        "add", help="新建授权 make a grant; it takes the place of the client's grant on the same collection"
    )
    add.add_argument("client", metavar="CLIENT", help="client_id or name")
    add.add_argument("collection", metavar="COLLECTION", help="collection or register")
    add.add_argument("--elements", type=_words, default=(), metavar="A,B|*", help=_ELEMENTS)
    add.add_argument(
        "--clear",
        type=_words,
        default=(),
        metavar="A,B|*",
        help="of these the ones answered in clear; '*' = every element granted 明文数据元",
    )
    add.add_argument(
        "--derived",
        type=_words,
        default=(),
        metavar="D,E",
        help="derived elements, with their argument, or without it for any: age,resident_of(320505) 衍生数据元",
    )
    add.add_argument("--rows", metavar="CQL2", help="only rows that fulfil this CQL2 text 行筛选")
    add.add_argument("--purposes", type=_words, default=(), metavar="P,Q", help="one of these must be stated 用途")
    add.add_argument("--case-required", action="store_true", help="a case number must be stated 须说明案号")
    add.add_argument("--rate", metavar="N/min", help="requests a minute 每分钟请求数")
    add.add_argument("--quota", metavar="N/day", help="subjects delivered a day 每日披露数")
    add.add_argument("--rights", type=_words, default=(), metavar="R,S", help=f"of {', '.join(RIGHTS)} 权利")
    add.add_argument("--until", metavar="DATE", help="the last day of its validity 有效期止")
    add.add_argument("--basis", metavar="TEXT", help="what the sharing rests on 共享依据")
    add.add_argument("--json", action="store_true", help="one JSON document on stdout")
    add.set_defaults(run=_add)


def _add(args: argparse.Namespace) -> int:
    from jishi.access import grant_commands

    return grant_commands.add(args)


def _list(args: argparse.Namespace) -> int:
    from jishi.access import grant_commands

    return grant_commands.show(args)


def _revoke(args: argparse.Namespace) -> int:
    from jishi.access import grant_commands

    return grant_commands.revoke(args)


def _words(text: str) -> tuple[str, ...]:
    return tuple(word for part in text.split(",") if (word := part.strip()))


def _number(text: str) -> int:
    number = int(text)
    if not 0 < number < 2**63:
        raise ValueError(text)
    return number
