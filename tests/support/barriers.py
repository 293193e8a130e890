"""What keeps people from using a page, as axe finds it in a browser; a picture of every page that was looked at."""

from __future__ import annotations

from functools import cache
from importlib.metadata import distribution
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from console_site import Visitor

GRAVE = ("serious", "critical")


def examine(visitor: Visitor, name: str) -> list[str]:
    """The grave barriers of the page that stands open, each with where it stands; the picture is kept under ``name``."""
    visitor.shoot(name)
    visitor.page.evaluate(_rules())
    found: Any = visitor.page.evaluate("() => axe.run(document, {resultTypes: ['violations']})")
    return [
        f"{name}: {one['id']} {node['target']} {node['failureSummary']}"
        for one in found["violations"]
        if one["impact"] in GRAVE
        for node in one["nodes"][:3]
    ]


@cache
def _rules() -> str:
    """From the package that carries them."""
    carried = distribution("axe-playwright-python").locate_file("axe_playwright_python/axe.min.js")
    return Path(str(carried)).read_text(encoding="utf-8")
