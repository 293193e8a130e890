"""``jishi dictionary queue|alias|negative|decide``: what stewards do with names, for people at a terminal (beside the road)."""

from __future__ import annotations

import argparse
from datetime import date

from jishi.dictionary.cli import commands_of


def register(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the sub-commands to ``dictionary``, which its own room has registered before."""
    commands = commands_of(subparsers)
    queue = commands.add_parser("queue", help="names without a sure answer, the most asked for first")
    queue.add_argument("--scheme", help="asked in this scheme; empty: the project schemes")
    queue.add_argument("--limit", type=int, default=50)
    queue.add_argument("--discard", type=int, metavar="ID", help="take a name out of the queue for good")
    queue.add_argument("--reason", default="", help="why")
    queue.add_argument("--forget", type=int, metavar="DAYS", help="remove names that came once, longer ago than that")
    queue.add_argument("--json", action="store_true", help="one JSON document on stdout")
    queue.set_defaults(run=_queue)
    for name, told in (("alias", "another name of a concept"), ("negative", "a name that does not mean a concept")):
        parser = commands.add_parser(name, help=told)
        parser.add_argument("name", metavar="NAME")
        parser.add_argument("code", metavar="CODE")
        parser.add_argument("--scheme", default="project-nodes")
        parser.add_argument("--place", action="append", default=[], dest="places", help="who uses it; repeatable")
        parser.add_argument("--department", action="append", default=[], dest="departments", help="repeatable")
        parser.add_argument("--from", type=date.fromisoformat, dest="valid_from", metavar="DATE", help="first day")
        parser.add_argument("--to", type=date.fromisoformat, dest="valid_to", metavar="DATE", help="first day no more")
        parser.add_argument("--reason", default="", help="why")
        parser.add_argument("--draft", action="store_true", help="leave it to another to approve")
        parser.add_argument("--preview", action="store_true", help="only show which earlier answers would change")
        parser.add_argument("--json", action="store_true", help="one JSON document on stdout")
        parser.set_defaults(run=_alias, negative=name == "negative")
    decide = commands.add_parser("decide", help="approve, reject or end an alias of stewards")
    decide.add_argument("alias", type=int, metavar="ID")
    decide.add_argument("act", choices=("approve", "reject", "end"))
    decide.add_argument("--reason", default="", help="why; needed to reject and to end")
    decide.set_defaults(run=_decide)


def _queue(args: argparse.Namespace) -> int:
    from jishi.stewardship import alias_commands

    return alias_commands.queue(args)


def _alias(args: argparse.Namespace) -> int:
    from jishi.stewardship import alias_commands

    return alias_commands.alias(args)


def _decide(args: argparse.Namespace) -> int:
    from jishi.stewardship import alias_commands

    return alias_commands.decide(args)
