"""The commands about access: who may ask, what for, and who asked (edge of the road out)."""

from __future__ import annotations

import argparse
from importlib import import_module
from importlib.util import find_spec

from jishi.access import client_cli, user_cli

FURTHER = ("jishi.access.grant_cli", "jishi.access.audit_cli")


def register(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add ``clients``, ``users``, and what else there is of grants and audit."""
    client_cli.register(subparsers)
    user_cli.register(subparsers)
    for name in FURTHER:
        if find_spec(name):
            import_module(name).register(subparsers)
