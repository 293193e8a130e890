"""Tables of the ledger: sources as declared, rulesets, and one row a batch with counts the database checks."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    DateTime,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

OUTCOMES = ("unchanged", "inserted", "updated", "ended", "quarantined", "held", "duplicate")
"""The outcomes of received rows; every row has exactly one."""

COUNTS = (
    "received",
    *OUTCOMES,
    "ended_by_absence",
    "golden_created",
    "golden_changed",
    "golden_ended",
    "golden_review",
)

REGROUPINGS = ("merge", "unmerge", "split", "same", "different")
"""What a steward may say: two entities are one, one is two after all, a contribution is an entity of its own; a contribution
is its entity's, or is not another's, and nothing moves."""

STATUSES = ("landed", "running", "published", "held", "refused", "unchanged", "failed", "discarded")


def define_tables(metadata: MetaData) -> None:
    Table(
        "suspended_index",
        metadata,
        Column("table_name", Text, primary_key=True),
        Column("position", Integer, primary_key=True, autoincrement=False),
        Column("definition", Text, nullable=False),
        comment="Indexes to be built again at the end of a bulk load; the owner's alone",
    )
    Table(
        "source",
        metadata,
        Column("source_id", SmallInteger, Identity(), primary_key=True),
        Column("name", Text, nullable=False, unique=True),
        Column("title", Text, nullable=False),
        Column("register", Text, nullable=False),
        Column("department", Text, nullable=False, comment="USCC"),
        Column("mode", Text, nullable=False),
        Column("schedule", Text),
        Column("version", Text, nullable=False),
        Column(
            "key_columns",
            ARRAY(Text),
            nullable=False,
            server_default=text("'{}'"),
            comment="headers by which the department knows a row; none: by all its cells",
        ),
        comment="Sources 数源 as last declared",
    )
    Table(
        "regrouping",
        metadata,
        Column("regrouping_id", BigInteger, Identity(), primary_key=True),
        Column("register", SmallInteger, nullable=False),
        Column("act", Text, nullable=False),
        Column("review_id", BigInteger, comment="the question it answers"),
        Column("contribution_id", BigInteger, comment="of a split, and of a word about one contribution"),
        Column("uid", Uuid, nullable=False, comment="unmerge: the entity that is to stand by itself again"),
        Column("other_uid", Uuid, comment="merge: the other; different: whose it is not"),
        Column("words", LargeBinary, nullable=False, comment="the reasons, sealed"),
        Column("requested_by", Text, nullable=False),
        Column("department", Text),
        Column("requested_at", DateTime(timezone=True), nullable=False, server_default=text("clock_timestamp()")),
        Column("status", Text, nullable=False, server_default=text("'queued'")),
        Column("fault", Text, comment="code of why it was not done"),
        Column("survivor", Uuid, comment="who holds the contributions that moved"),
        Column(
            "moved", ARRAY(BigInteger), nullable=False, server_default=text("'{}'"), comment="contributions that moved"
        ),
        Column("finished_at", DateTime(timezone=True)),
        CheckConstraint(f"act IN ({', '.join(map(repr, REGROUPINGS))})", name="act"),
        CheckConstraint("status IN ('queued', 'done', 'failed')", name="status"),
        Index(
            "regrouping_review_idx",
            "review_id",
            unique=True,
            postgresql_where=text("review_id IS NOT NULL AND status <> 'failed'"),
        ),
        Index("regrouping_uid_idx", "uid"),
        Index("regrouping_other_idx", "other_uid"),
        comment="Merges 合并 and unmerges 拆分 that stewards asked for, and what became of them",
    )
    Table(
        "ruleset",
        metadata,
        Column("ruleset_id", Integer, Identity(), primary_key=True),
        Column("source_id", SmallInteger, nullable=False),
        Column("mapping_version", Text, nullable=False),
        Column("rules_version", Text, nullable=False),
        Column("codes_version", Text, nullable=False),
        UniqueConstraint("source_id", "mapping_version", "rules_version", "codes_version"),
        comment="Mapping, rules and code lists under which rows were examined",
    )
    Table(
        "batch",
        metadata,
        Column("batch_id", BigInteger, Identity(), primary_key=True),
        Column("source_id", SmallInteger, nullable=False),
        Column("status", Text, nullable=False),
        Column("file_name", Text, nullable=False),
        Column("landing", Text, nullable=False, comment="path below the landing zone"),
        Column("sha256", LargeBinary, nullable=False),
        Column("bytes", BigInteger, nullable=False),
        Column("delivered_at", DateTime(timezone=True), nullable=False, server_default=text("now()")),
        Column("kind", Text, nullable=False, server_default=text("'delivery'"), comment="delivery, or repair"),
        Column("repairs", BigInteger, comment="the batch whose refused rows it takes down the road again"),
        Column("ruleset_id", Integer),
        Column("scope", Text, comment="what the delivery states to be complete about; compared with like deliveries"),
        Column("encoding", Text),
        Column("format", Text),
        *[Column(name, BigInteger) for name in COUNTS],
        Column("reasons", JSONB, nullable=False, server_default=text("'{}'")),
        Column("warnings", JSONB, nullable=False, server_default=text("'{}'")),
        Column("rules", JSONB, nullable=False, server_default=text("'[]'"), comment="evaluated and failed a rule"),
        Column(
            "columns", JSONB, nullable=False, server_default=text("'{}'"), comment="header → the elements taken from it"
        ),
        Column("notes", JSONB, nullable=False, server_default=text("'[]'"), comment="ignored columns, why held"),
        Column("fault", JSONB),
        Column("seconds", JSONB, nullable=False, server_default=text("'{}'")),
        Column("recorded_at", DateTime(timezone=True), comment="the instant of its contributions and versions"),
        Column("last_seq", BigInteger, comment="last change of the register when it was published"),
        Column("same_as", BigInteger, comment="the published batch an unchanged delivery repeats"),
        Column("finished_at", DateTime(timezone=True)),
        CheckConstraint(f"status IN ({', '.join(repr(status) for status in STATUSES)})", name="status"),
        CheckConstraint(f"received IS NULL OR received = {' + '.join(OUTCOMES)}", name="counts"),
        CheckConstraint("(kind = 'repair') = (repairs IS NOT NULL)", name="repairs"),
        Index("batch_source_idx", "source_id", "batch_id"),
        comment="The ledger: one row a delivery",
    )
