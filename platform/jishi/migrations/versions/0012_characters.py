"""Names and addresses are found by any part of them: indexes by the characters they hold."""

from __future__ import annotations

from alembic import op

revision = "0012"
down_revision = "0011"

FUNCTIONS = (
    """
CREATE FUNCTION jishi.characters(t text) RETURNS text[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN string_to_array(lower(t COLLATE "C"), NULL)
""",
    """
CREATE FUNCTION jishi.characters(items jsonb) RETURNS text[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN string_to_array(lower(items::text COLLATE "C"), NULL)
""",
)
"""Simple enough to be inlined, so that a condition costs what its built-in parts do. ASCII letters alone are folded, which no
locale does otherwise. Of a list the words around its values are among the characters, which narrows less and loses nothing."""

ELEMENTS = {"legal_entity": ("entity_name", "former_names", "domicile"), "place": ("place_name", "address_full")}


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '10s'")
    for function in FUNCTIONS:
        op.execute(function)
    for table, elements in ELEMENTS.items():
        for element in elements:
            op.execute(
                f"CREATE INDEX {table}_{element}_characters_idx ON jishi.{table} USING gin (jishi.characters({element}))"
            )
        op.execute(f"ANALYZE jishi.{table}")


def downgrade() -> None:
    for table, elements in ELEMENTS.items():
        for element in elements:
            op.execute(f"DROP INDEX jishi.{table}_{element}_characters_idx")
    op.execute("DROP FUNCTION jishi.characters(text), jishi.characters(jsonb)")
