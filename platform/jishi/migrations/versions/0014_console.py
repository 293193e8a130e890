"""The console: login sessions; jobs that somebody wants to end."""

from __future__ import annotations

from alembic import op

revision = "0014"
down_revision = "0013"

STATEMENTS = (
    """
CREATE TABLE jishi.console_session (
  session_hash BYTEA NOT NULL,
  login TEXT NOT NULL,
  method TEXT NOT NULL,
  credential BYTEA NOT NULL,
  begun_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
  seen_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
  ended_at TIMESTAMP WITH TIME ZONE,
  CONSTRAINT console_session_pkey PRIMARY KEY (session_hash)
)""",
    "COMMENT ON TABLE jishi.console_session IS 'Login sessions of the console'",
    "COMMENT ON COLUMN jishi.console_session.session_hash IS 'keyed hash of the id in the cookie'",
    "COMMENT ON COLUMN jishi.console_session.method IS 'password or oidc'",
    "COMMENT ON COLUMN jishi.console_session.credential IS 'digest of the password hash it was begun with'",
    "COMMENT ON COLUMN jishi.console_session.ended_at IS 'logged out'",
    "CREATE INDEX console_session_login_idx ON jishi.console_session (login, begun_at)",
    "ALTER TABLE jishi.job ADD COLUMN cancelled_at timestamptz, ADD COLUMN cancelled_by text",
    "COMMENT ON COLUMN jishi.job.cancelled_at IS 'somebody wants it to end'",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    op.execute("DROP TABLE jishi.console_session")
    op.execute("ALTER TABLE jishi.job DROP COLUMN cancelled_at, DROP COLUMN cancelled_by")
