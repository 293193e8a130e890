"""What was typed into a form, read and checked; all faults are told at once (plan, road out)."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import date

from jishi.errors import CallerError, Fault

LONGEST = 4000


class Form:
    """The fields of one form, or the parameters of one page. Readers note faults; :meth:`check` raises them together.

    What may not be repeated to the reader is asked for with ``secret``.
    """

    def __init__(self, fields: Iterable[tuple[str, str]] = ()) -> None:
        self._fields: dict[str, list[str]] = {}
        for name, text in fields:
            self._fields.setdefault(name, []).append(text)
        self.faults: list[Fault] = []
        self._secret: set[str] = set()

    def text(self, name: str, *, required: bool = False, most: int = LONGEST, secret: bool = False) -> str:
        """Without blanks around it, empty where not given. Faults ``CON-REQUIRED``, ``CON-LONG``, ``CON-TEXT``."""
        if secret:
            self._secret.add(name)
        given = self._fields.get(name, [""])[-1].replace("\r\n", "\n")
        given = given if secret else given.strip()
        if required and not given:
            self.fault(name, "CON-REQUIRED")
        elif len(given) > most:
            self.fault(name, "CON-LONG", most=most)
        elif "\0" in given or not _encodes(given):
            self.fault(name, "CON-TEXT")
        else:
            return given
        return ""

    def choice(self, name: str, known: Collection[str], *, required: bool = False) -> str | None:
        """One of ``known``; None where none is chosen. Faults ``CON-REQUIRED``, ``CON-CHOICE``."""
        given = self.text(name, required=required)
        if given and given not in known:
            self.fault(name, "CON-CHOICE")
            return None
        return given or None

    def choices(self, name: str, known: Collection[str]) -> tuple[str, ...]:
        """All that are chosen of ``known``. Fault ``CON-CHOICE``."""
        given = tuple(dict.fromkeys(text for text in self._fields.get(name, []) if text))
        if not set(given) <= set(known):
            self.fault(name, "CON-CHOICE")
            return ()
        return given

    def several(self, name: str, *, most: int = 100) -> tuple[str, ...]:
        """Words parted by blanks, commas or line ends, each once. Fault ``CON-MANY``."""
        given = self.text(name).translate({ord(letter): " " for letter in ",，、;；\n\t"})
        found = tuple(dict.fromkeys(given.split()))
        if len(found) > most:
            self.fault(name, "CON-MANY", most=most)
            return ()
        return found

    def number(self, name: str, *, least: int = 0, most: int = 2**63 - 1, required: bool = False) -> int | None:
        """A whole number; None where not given. Faults ``CON-REQUIRED``, ``CON-NUMBER``."""
        given = self.text(name, required=required, most=40)
        if not given:
            return None
        if given.isascii() and given.isdigit() and least <= int(given) <= most:
            return int(given)
        self.fault(name, "CON-NUMBER", least=least, most=most)
        return None

    def day(self, name: str, *, required: bool = False) -> date | None:
        """A date as ``2026-11-22``; None where not given. Faults ``CON-REQUIRED``, ``CON-DAY``."""
        given = self.text(name, required=required, most=40)
        if not given:
            return None
        try:
            return date.fromisoformat(given)
        except ValueError:
            self.fault(name, "CON-DAY")
            return None

    def yes(self, name: str) -> bool:
        """Whether a box is ticked."""
        return bool(self._fields.get(name, [""])[-1])

    def fault(self, name: str, code: str, **values: object) -> None:
        """Something wrong with field ``name``; the code's message is shown beside it."""
        self.faults.append(Fault(name, code, values))

    def check(self) -> None:
        """CallerError ``CON-FORM`` with every fault noted so far."""
        if self.faults:
            raise CallerError("CON-FORM", faults=tuple(self.faults))

    def typed(self, name: str) -> str:
        """What is to be shown in the field again."""
        return "" if name in self._secret else self._fields.get(name, [""])[-1]

    def ticked(self, name: str) -> list[str]:
        return self._fields.get(name, [])

    def __contains__(self, name: str) -> bool:
        return name in self._fields


def _encodes(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
