"""Places and domiciles carry what addresses of one door have in common: by it an entity is located at an address."""

from __future__ import annotations

from alembic import op

revision = "0006"
down_revision = "0005"

COLUMNS = {"place": ("addr_location", "地址定位键"), "legal_entity": ("domicile_location", "住所定位键")}


def upgrade() -> None:
    for register, (column, title) in COLUMNS.items():
        for table in (register, f"{register}_version", f"{register}_contribution"):
            op.execute(f"ALTER TABLE jishi.{table} ADD COLUMN {column} text")
            op.execute(f"COMMENT ON COLUMN jishi.{table}.{column} IS '{title}'")
    op.execute("CREATE INDEX place_addr_location_idx ON jishi.place (addr_location, uid)")


def downgrade() -> None:
    raise RuntimeError("columns of a register are not taken away again")
