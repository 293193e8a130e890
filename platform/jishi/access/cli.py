"""The commands about access: who may ask, what for, and who asked (edge of the road out)."""

from __future__ import annotations

import argparse

from jishi.access import audit_cli, client_cli, grant_cli, user_cli


def register(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add ``clients``, ``users``, ``grants``, ``protection`` and ``audit``."""
    for room in (client_cli, user_cli, grant_cli, audit_cli):
        room.register(subparsers)
