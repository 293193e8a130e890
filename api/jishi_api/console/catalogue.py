"""The console's languages: English as written in code and templates, Chinese from the catalogues (respond, road out).

A catalogue is a gettext file a subject under ``locale/zh_CN``; Babel reads them all at first use.
"""

from __future__ import annotations

from functools import cache
from io import BytesIO
from pathlib import Path

from babel import Locale
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import NullTranslations, Translations

FOLDER = Path(__file__).parent / "locale"
CHINESE, ENGLISH = "zh-CN", "en"
LOCALES = {CHINESE: Locale("zh", "CN", script="Hans"), ENGLISH: Locale("en", "GB")}
"""English dates as ISO and most of the world order them: day before month."""


def locale_of(language: str) -> Locale:
    return LOCALES.get(language, LOCALES[CHINESE])


@cache
def translations_of(language: str) -> NullTranslations:
    """What turns English into ``language``; English itself is left as it is."""
    return NullTranslations() if language == ENGLISH else Translations(_compiled())


@cache
def chinese() -> Catalog:
    """All catalogues as one. ValueError where two say different things of one text."""
    whole = Catalog(locale="zh_CN")
    for path in sorted((FOLDER / "zh_CN").glob("*.po")):
        with path.open("rb") as file:
            for message in read_po(file, locale="zh_CN", abort_invalid=True):
                if not message.id:
                    continue
                known = whole.get(message.id, message.context)
                if known is not None and known.string != message.string:
                    raise ValueError(f"{path.name}: {message.id!r} is translated differently elsewhere")
                whole.add(message.id, message.string, context=message.context)
    return whole


def _compiled() -> BytesIO:
    compiled = BytesIO()
    write_mo(compiled, chinese())
    compiled.seek(0)
    return compiled
