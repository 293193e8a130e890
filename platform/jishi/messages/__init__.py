"""Every sentence a person may read, by code, in zh-CN and en; loaded once from the TOML files beside this module.

A file holds tables named by code: ``["ING-READ-EMPTY"]`` with keys ``zh`` and ``en``; ``{name}`` fields are filled by
:func:`render`. A house test finds a code used in the source without both languages.
"""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files

LANGUAGES = ("zh-CN", "en")


@cache
def catalogue() -> dict[str, dict[str, str]]:
    """All templates: code → {"zh": …, "en": …}."""
    templates: dict[str, dict[str, str]] = {}
    for entry in sorted(files(__name__).iterdir(), key=lambda item: item.name):
        if entry.name.endswith(".toml"):
            for code, texts in tomllib.loads(entry.read_text(encoding="utf-8")).items():
                if code in templates:
                    raise ValueError(f"message code {code} stands twice")
                templates[code] = texts
    return templates


def render(code: str, language: str, **values: object) -> str:
    """The sentence of ``code`` in ``language`` (anything but English gives zh-CN); an unknown code renders as itself."""
    texts = catalogue().get(code)
    if texts is None:
        return f"{code} {values}" if values else code
    template = texts["en" if language.lower().startswith("en") else "zh"]
    return template.format_map(_Blank(values))


class _Blank(dict[str, object]):
    """Leaves a field that was not given visible as ``{name}`` instead of failing while an error is being reported."""

    def __missing__(self, key: str) -> str:
        return "{" + key + "}"
