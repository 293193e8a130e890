"""Versions are found by what golden records are found by: natural key, geometry, the names a search begins with; and by the
entity that others were merged into."""

from __future__ import annotations

from alembic import op

revision = "0010"
down_revision = "0009"

INDEXES = {
    "legal_entity": {"uscc_idx": "(uscc, uid)"},
    "place": {"division_code_idx": "(division_code, uid)", "geom_idx": "USING gist (geom)"},
    "natural_person": {
        "full_name_search_idx": "(full_name text_pattern_ops, uid)",
        "mobile_search_idx": "(mobile text_pattern_ops, uid)",
    },
    "certificate": {"cert_no_search_idx": "(cert_no text_pattern_ops, uid)"},
    "credit_record": {"decision_doc_no_search_idx": "(decision_doc_no text_pattern_ops, uid)"},
}
INTO = {"into_idx": '("into") WHERE "into" IS NOT NULL'}


def upgrade() -> None:
    for register, indexes in INDEXES.items():
        for name, on in {**indexes, **INTO}.items():
            op.execute(f"CREATE INDEX {register}_version_{name} ON jishi.{register}_version {on}")


def downgrade() -> None:
    for register, indexes in INDEXES.items():
        for name in {**indexes, **INTO}:
            op.execute(f"DROP INDEX jishi.{register}_version_{name}")
