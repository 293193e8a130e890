"""Tables of names that were asked for 问过的名称, and of what stewards decided about aliases: learning under review.

No caller stands in them, and no name that looks as if it told of a person (:mod:`jishi.dictionary.sieve`).
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    text,
)

OUTCOMES = ("match", "doubtful", "nothing")
STATES = ("open", "discarded")
ACTS = ("propose", "approve", "reject", "end")


def define_seen(metadata: MetaData) -> None:
    """Add ``seen_name``, ``seen_context`` and ``alias_decision``."""
    Table(
        "seen_name",
        metadata,
        Column("name_id", BigInteger, Identity(always=True), primary_key=True),
        Column("scheme", Text, nullable=False, comment="asked in; empty: the project schemes"),
        Column("folded", Text, nullable=False),
        Column("name", Text, nullable=False, comment="as first written"),
        Column("outcome", Text, nullable=False, comment="of the last answer: match, doubtful or nothing"),
        Column("code_scheme", Text, comment="of the last answer's best candidate"),
        Column("code", Text),
        Column("score", Integer),
        Column("version", Text, nullable=False, comment="of the dictionary, of the last answer"),
        Column("times", BigInteger, nullable=False),
        _instant("first_seen"),
        _instant("last_seen"),
        Column("state", Text, nullable=False, server_default=text("'open'"), comment="open or discarded"),
        Column("decided_by", Text),
        Column("decided_at", DateTime(timezone=True)),
        Column("reason", Text),
        UniqueConstraint("scheme", "folded"),
        CheckConstraint(f"outcome IN {OUTCOMES}", name="outcome"),
        CheckConstraint(f"state IN {STATES}", name="state"),
        CheckConstraint("char_length(name) <= 40", name="short"),
        Index(
            "seen_name_queue_idx", "times", "name_id", postgresql_where=text("outcome <> 'match' AND state = 'open'")
        ),
        comment="Names the resolver was asked for, with its last answer; those without a match are the stewards' queue",
    )
    Table(
        "seen_context",
        metadata,
        Column("name_id", BigInteger, ForeignKey(_of(metadata, "seen_name.name_id")), primary_key=True),
        Column("place", Text, primary_key=True),
        Column("department", Text, primary_key=True),
        Column("stage", Text, primary_key=True),
        Column("times", BigInteger, nullable=False),
        _instant("last_seen"),
        comment="Where a name was used; empty: not said",
    )
    Table(
        "alias_decision",
        metadata,
        Column("decision_id", BigInteger, Identity(always=True), primary_key=True),
        Column("alias_id", BigInteger, ForeignKey(_of(metadata, "concept_alias.alias_id")), nullable=False, index=True),
        Column("act", Text, nullable=False, comment="propose, approve, reject or end"),
        Column("decided_by", Text, nullable=False, comment="user:login, client:id or operator:account"),
        _instant("decided_at"),
        Column("reason", Text, nullable=False),
        CheckConstraint(f"act IN {ACTS}", name="act"),
        comment="Who proposed, approved, rejected or ended an alias of stewards",
    )


def _instant(name: str) -> Column[object]:
    return Column(name, DateTime(timezone=True), nullable=False, server_default=text("now()"))


def _of(metadata: MetaData, column: str) -> str:
    return f"{metadata.schema}.{column}" if metadata.schema else column
