"""What a command says to a person: sentences by code, in the language of the terminal, on stderr (every command)."""

from __future__ import annotations

import os
import sys

from jishi.messages import render


def language(default: str = "zh-CN") -> str:
    """``zh-CN`` or ``en`` by LC_ALL, LC_MESSAGES or LANG; a locale that names no language (C, POSIX) says nothing."""
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        tag = os.environ.get(name, "").split(".")[0].replace("_", "-").lower()
        if tag and tag not in {"c", "posix"}:
            return "en" if tag.startswith("en") else "zh-CN"
    return "en" if os.environ.get("JISHI_LANGUAGE", default).lower().startswith("en") else "zh-CN"


def text(code: str, **values: object) -> str:
    """The sentence of ``code`` in the terminal's language."""
    return render(code, language(), **values)


def say(code: str, **values: object) -> None:
    """Print the sentence of ``code`` on stderr, so that stdout stays free for the one JSON document."""
    sys.stderr.write(text(code, **values) + "\n")
    sys.stderr.flush()
