"""Tables of the job queue: jobs with leases, and the workers that hold them."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, DateTime, Identity, Index, Integer, MetaData, Table, Text, Uuid, text
from sqlalchemy.dialects.postgresql import JSONB


def define_tables(metadata: MetaData) -> None:
    Table(
        "job",
        metadata,
        Column("job_id", BigInteger, Identity(), primary_key=True),
        Column("kind", Text, nullable=False),
        Column("lane", Text, nullable=False, comment="jobs of one lane run one after the other"),
        Column("payload", JSONB, nullable=False),
        Column("status", Text, nullable=False, server_default=text("'queued'"), comment="queued running done failed"),
        Column("attempts", Integer, nullable=False, server_default=text("0")),
        Column("worker_id", Uuid),
        Column("lease_until", DateTime(timezone=True)),
        Column("created_at", DateTime(timezone=True), nullable=False, server_default=text("now()")),
        Column("started_at", DateTime(timezone=True)),
        Column("finished_at", DateTime(timezone=True)),
        Column("progress", JSONB, nullable=False, server_default=text("'{}'")),
        Column("result", JSONB),
        Column("error", JSONB),
        Column("cancelled_at", DateTime(timezone=True), comment="somebody wants it to end"),
        Column("cancelled_by", Text),
        Index("job_waiting_idx", "status", "job_id", postgresql_where=text("status IN ('queued', 'running')")),
        comment="Jobs",
    )
    Table(
        "worker",
        metadata,
        Column("worker_id", Uuid, primary_key=True),
        Column("pid", Integer, nullable=False),
        Column("started_at", DateTime(timezone=True), nullable=False, server_default=text("now()")),
        Column("seen_at", DateTime(timezone=True), nullable=False, server_default=text("now()")),
        comment="Workers that are alive while seen_at is fresh",
    )
