"""Tables of access: departments' clients, console users, grants, applications, administrative acts and disclosures.

Of secrets only hashes are kept. ``access_grant`` is append-only but for its revocation: a changed grant is a new one, so
that a disclosure row that names its grant says for ever what was allowed.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from jishi.access import console_tables


def define_tables(metadata: MetaData) -> None:
    _define_callers(metadata)
    console_tables.define_tables(metadata)
    _define_grants(metadata)
    _define_disclosures(metadata)


def _define_callers(metadata: MetaData) -> None:
    Table(
        "client",
        metadata,
        Column("client_id", Text, primary_key=True),
        Column("name", Text, nullable=False, unique=True),
        Column("department", Text, comment="USCC"),
        _list("roles"),
        Column("secret_hash", LargeBinary, nullable=False),
        Column("key_hash", LargeBinary, nullable=False, unique=True),
        Column("created_at", DateTime(timezone=True), nullable=False, server_default=text("now()")),
        Column("disabled_at", DateTime(timezone=True)),
        Column("tokens_from", DateTime(timezone=True), comment="tokens issued before are void"),
        comment="Clients of the API",
    )
    Table(
        "user_account",
        metadata,
        Column("login", Text, primary_key=True),
        Column("department", Text, comment="USCC"),
        _list("roles"),
        Column("password_hash", Text, nullable=False, comment="argon2id"),
        Column("failures", Integer, nullable=False, server_default=text("0"), comment="in a row"),
        Column("locked_until", DateTime(timezone=True)),
        Column("created_at", DateTime(timezone=True), nullable=False, server_default=text("now()")),
        Column("disabled_at", DateTime(timezone=True)),
        comment="Users of the console",
    )
    Table(
        "signing_key",
        metadata,
        Column("kid", Text, primary_key=True),
        Column("use", Text, nullable=False, comment="token, receipt or seal"),
        Column("algorithm", Text, nullable=False),
        Column("public_key", JSONB, nullable=False, comment="JWK"),
        Column("private_key", LargeBinary, nullable=False, comment="sealed under the deployment's keys"),
        Column("created_at", DateTime(timezone=True), nullable=False, server_default=text("now()")),
        Column("retired_at", DateTime(timezone=True), comment="signs no more; still verifies"),
        Column("withdrawn_at", DateTime(timezone=True), comment="does not verify any more"),
        comment="Keys that sign tokens, receipts and seals of the disclosure log",
    )
    Table(
        "administrative_act",
        metadata,
        Column("act_id", BigInteger, Identity(), primary_key=True),
        Column("acted_at", DateTime(timezone=True), nullable=False, server_default=text("clock_timestamp()")),
        Column("actor_kind", Text, nullable=False, comment="operator (command line), user or client"),
        Column("actor", Text, nullable=False),
        Column("act", Text, nullable=False, comment="client.create, grant.add, user.login …"),
        Column("target", Text, nullable=False),
        Column("succeeded", Boolean, nullable=False),
        Column("code", Text, comment="of the error that refused it"),
        Column("detail", JSONB, nullable=False, server_default=text("'{}'"), comment="no secret, no personal value"),
        Column("request_id", Uuid),
        Index("administrative_act_target_idx", "target", "act_id"),
        comment="Every administrative act, done or refused; append-only",
    )


def _define_grants(metadata: MetaData) -> None:
    Table(
        "access_grant",
        metadata,
        Column("grant_id", BigInteger, Identity(), primary_key=True),
        Column("client_id", Text, nullable=False),
        Column("register", Text, nullable=False),
        _list("masked", comment="elements answered under their mask"),
        _list("clear", comment="elements answered as they are"),
        _list("derived", comment="derived elements, by name"),
        Column("rows", Text, comment="row filter, CQL2 text; null = all rows"),
        _list("purposes", comment="one of these must be stated; empty = none need be"),
        Column("case_required", Boolean, nullable=False, server_default=text("false")),
        Column("rate_per_minute", Integer),
        Column("quota_per_day", Integer, comment="subjects delivered"),
        _list("rights", comment="inactive, withheld, history, protected, distinct"),
        Column("sharing", Text, nullable=False, comment="unconditional, conditional"),
        Column("basis", Text, nullable=False, comment="of the sharing: statute, agreement, application"),
        Column("valid_from", DateTime(timezone=True), nullable=False, server_default=text("now()")),
        Column("valid_until", DateTime(timezone=True)),
        Column("application_id", BigInteger),
        Column("created_at", DateTime(timezone=True), nullable=False, server_default=text("now()")),
        Column("created_by", Text, nullable=False),
        Column("revoked_at", DateTime(timezone=True)),
        Column("revoked_by", Text),
        Index("access_grant_client_idx", "client_id", "register"),
        Index(
            "access_grant_in_force_key",
            "client_id",
            "register",
            unique=True,
            postgresql_where=text("revoked_at IS NULL"),
        ),
        comment="Grants 授权: at most one in force a client and register",
    )
    Table(
        "quota_use",
        metadata,
        Column("grant_id", BigInteger, primary_key=True, autoincrement=False),
        Column("day", Date, primary_key=True),
        Column("subjects", BigInteger, nullable=False),
        comment="Subjects delivered a grant and day",
    )
    Table(
        "application",
        metadata,
        Column("application_id", BigInteger, Identity(), primary_key=True),
        Column("client_id", Text, nullable=False),
        Column("department", Text, nullable=False, comment="USCC of who asks"),
        Column("owner", Text, nullable=False, comment="USCC of the department that owns the register's data"),
        Column("register", Text, nullable=False),
        Column("wanted", JSONB, nullable=False, comment="elements, rows, purposes, term: as a grant would say them"),
        Column("reason", Text, nullable=False),
        Column("basis", Text, nullable=False),
        Column("status", Text, nullable=False),
        Column("applied_at", DateTime(timezone=True), nullable=False, server_default=text("now()")),
        Column("check_due", Date, nullable=False),
        Column("answer_due", Date),
        Column("grant_id", BigInteger),
        CheckConstraint(
            "status IN ('applied', 'returned', 'checked', 'refused', 'granted', 'withdrawn')", name="status"
        ),
        Index("application_client_idx", "client_id"),
        comment="Data-sharing applications 共享申请",
    )
    Table(
        "application_step",
        metadata,
        Column("step_id", BigInteger, Identity(), primary_key=True),
        Column("application_id", BigInteger, nullable=False),
        Column("taken_at", DateTime(timezone=True), nullable=False, server_default=text("now()")),
        Column("actor", Text, nullable=False),
        Column("step", Text, nullable=False, comment="apply, return, check, refuse, grant, withdraw"),
        Column("reasons", Text, nullable=False),
        Column("late_days", Integer, nullable=False, server_default=text("0"), comment="working days past its due"),
        Index("application_step_idx", "application_id", "step_id"),
        comment="What was done with an application; append-only",
    )
    Table(
        "protection",
        metadata,
        Column("uid", Uuid, primary_key=True),
        Column("register", Text, nullable=False),
        Column("level", Text, nullable=False, comment="hidden or purpose"),
        _list("purposes", comment="that see the person nevertheless"),
        Column("reason", Text, nullable=False, comment="code"),
        Column("set_at", DateTime(timezone=True), nullable=False, server_default=text("now()")),
        Column("set_by", Text, nullable=False),
        comment="Protected persons",
    )
    Table(
        "access_alert",
        metadata,
        Column("alert_id", BigInteger, Identity(), primary_key=True),
        Column("raised_at", DateTime(timezone=True), nullable=False, server_default=text("now()")),
        Column("kind", Text, nullable=False, comment="protected, guessing, chain"),
        Column("uid", Uuid),
        Column("caller", Text, nullable=False),
        Column("request_id", Uuid),
        Column("seen_at", DateTime(timezone=True)),
        Column("seen_by", Text),
        comment="What an auditor should look at",
    )


def _define_disclosures(metadata: MetaData) -> None:
    Table(
        "disclosure",
        metadata,
        Column("writer", Uuid, primary_key=True, comment="the process that chains its own rows"),
        Column("number", BigInteger, primary_key=True, autoincrement=False, comment="in its writer's chain, from 1"),
        Column("disclosed_at", DateTime(timezone=True), primary_key=True),
        Column("request_id", Uuid, nullable=False),
        Column("channel", Text, nullable=False, comment="api, console, command, export"),
        Column("act", Text, nullable=False, comment="page, item, search, batch, verify, …"),
        Column("caller_kind", Text, nullable=False, comment="client, user, operator"),
        Column("caller", Text, nullable=False),
        Column("department", Text, comment="USCC"),
        Column("grant_id", BigInteger),
        Column("purpose", Text),
        Column("case_no", Text, comment="redactable"),
        Column("register", SmallInteger),
        _list("masked", comment="elements disclosed under their mask"),
        _list("clear", comment="elements disclosed as they are"),
        Column("subjects", ARRAY(Uuid), nullable=False, comment="uid of every entity delivered"),
        Column("misses", Integer, nullable=False, comment="asked for and not found or not shown"),
        Column("query_digest", LargeBinary, nullable=False, comment="keyed"),
        Column("result", Text, nullable=False, comment="ok, none, match, mismatch …"),
        Column("salt", LargeBinary, comment="of the commitment to case_no; goes with it when it is redacted"),
        Column("commitment", LargeBinary, comment="to case_no"),
        Column("previous", LargeBinary, nullable=False),
        Column("hash", LargeBinary, nullable=False),
        # with a pending list so long that no answer ever waits until it is filed: the sealer does that behind them
        Index(
            "disclosure_subjects_idx",
            "subjects",
            postgresql_using="gin",
            postgresql_with={"fastupdate": "on", "gin_pending_list_limit": "32768"},
        ),
        comment="The disclosure log 披露: one row a request; append-only",
        postgresql_partition_by="RANGE (disclosed_at)",
    )
    Table(
        "disclosure_seal",
        metadata,
        Column("number", BigInteger, primary_key=True, autoincrement=False),
        Column("sealed_at", DateTime(timezone=True), nullable=False),
        Column("heads", JSONB, nullable=False, comment="writer → last number and its hash"),
        Column("rows", BigInteger, nullable=False, comment="disclosures sealed so far"),
        Column("previous", LargeBinary, nullable=False),
        Column("hash", LargeBinary, nullable=False),
        Column("kid", Text, nullable=False),
        Column("signature", LargeBinary, nullable=False),
        comment="Signed seals over all writers' heads, chained",
    )


def _list(name: str, comment: str | None = None) -> Column[list[str]]:
    return Column(name, ARRAY(Text), nullable=False, server_default=text("'{}'"), comment=comment)
