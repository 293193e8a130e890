"""Names of tables and columns of one register as SQL fragments; identifiers come from the declaration only."""

from __future__ import annotations

from dataclasses import dataclass

from jishi.registers.element import Kind
from jishi.registers.register import Register, element_columns


@dataclass(frozen=True)
class Names:
    """SQL names of one register and one batch's stage tables."""

    register: Register
    stage: str  # stage.b_<batch>
    staged: frozenset[str]  # columns that the stage table has

    @property
    def golden(self) -> str:
        return f"jishi.{self.register.name}"

    @property
    def version(self) -> str:
        return f"jishi.{self.register.name}_version"

    @property
    def contribution(self) -> str:
        return f"jishi.{self.register.name}_contribution"

    @property
    def link(self) -> str:
        return f"jishi.{self.register.name}_link"

    @property
    def columns(self) -> tuple[str, ...]:
        return self.register.columns

    def column_list(self, alias: str = "") -> str:
        """All value columns, comma separated."""
        return ", ".join(f"{alias}.{column}" if alias else column for column in self.columns)

    def staged_list(self, alias: str) -> str:
        """Value columns read from the stage table, null where the source maps nothing."""
        return ", ".join(self._staged(alias, column) for column in self.columns)

    def _staged(self, alias: str, column: str) -> str:
        if column not in self.staged:
            return f"NULL::{self.type_of(column)}"
        kind = self.kind_of(column)
        if kind is Kind.GEOMETRY:
            return f"{alias}.{column}::geometry"
        if kind is Kind.ITEMS:
            return f"{alias}.{column}::jsonb"
        return f"{alias}.{column}"

    def kind_of(self, column: str) -> Kind:
        return next(e.kind for n, e in self.register.elements.items() if column in element_columns(n, e))

    def type_of(self, column: str) -> str:
        kind = self.kind_of(column)
        if kind is Kind.PARTIAL_DATE:
            return "text" if column.endswith("_precision") else "date"
        return {
            Kind.DATE: "date",
            Kind.DECIMAL: "numeric",
            Kind.INTEGER: "bigint",
            Kind.BOOLEAN: "boolean",
            Kind.GEOMETRY: "geometry",
            Kind.ITEMS: "jsonb",
        }.get(kind, "text")

    def groups(self) -> list[tuple[tuple[str, ...], tuple[str, ...]]]:
        """Column groups taken from one contribution: (columns, element names); a partial date is a group by itself."""
        together = {name: group for group in self.register.survivorship.together for name in group}
        seen: set[str] = set()
        found = []
        for name in self.register.elements:
            if name in seen:
                continue
            members = together.get(name, (name,))
            seen.update(members)
            columns = tuple(
                column for member in members for column in element_columns(member, self.register.elements[member])
            )
            found.append((columns, members))
        return found

    def strong(self) -> tuple[str, ...]:
        """Strong identifier elements that the stage table has, in order."""
        return tuple(n for n in self.register.identifiers if self.register.elements[n].strong and n in self.staged)
