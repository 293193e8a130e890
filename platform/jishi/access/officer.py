"""Who acts for the administration: a console user, or a client with a role; and whose deliveries he may see (authenticate).

What a department delivered belongs to it: its own officers see its rows as they were sent. Officers of no department are
the city's own: they see that every row is there, under the masks of its elements. Officers of another department see no
row of it.
"""

from __future__ import annotations

from dataclasses import dataclass

from jishi.access.acts import Actor


@dataclass(frozen=True, slots=True)
class Officer:
    """``department`` is a USCC; None: the city's own."""

    actor: Actor
    department: str | None
    roles: frozenset[str]

    @property
    def by(self) -> str:
        """How a decision names who took it."""
        return f"{self.actor.kind}:{self.actor.name}"

    def sees(self, department: str) -> bool:
        """Whether deliveries of ``department`` are there for him at all."""
        return self.department in (None, department)

    def in_clear(self, department: str) -> bool:
        """Whether he sees the rows of ``department`` as they were sent."""
        return self.department == department
