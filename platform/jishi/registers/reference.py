"""What one register says of another: references 关联 declared as plain data, which ``golden`` resolves to relations."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Reference:
    """An element that names an entity of one of ``targets``.

    Without ``to_element`` the element is an identifier and its number is looked for among the strong identifiers of the
    targets. With it the golden value is looked for in that element of the one target, where also every pair of ``same``
    (own element, target's element) is equal and every pair of ``where`` (target's element, value) holds. ``above`` is an
    element and its values from the highest on: the target stands above, and of several the lowest is meant.
    """

    kind: str
    element: str
    targets: tuple[str, ...]
    to_element: str = ""
    same: tuple[tuple[str, str], ...] = ()
    where: tuple[tuple[str, str], ...] = ()
    above: tuple[str, tuple[str, ...]] | None = None

    @property
    def by_value(self) -> bool:
        return bool(self.to_element)
