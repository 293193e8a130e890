"""The schema's history (Alembic): migrations are checked against the declarations by a test."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import MetaData

from jishi.access import tables as access
from jishi.delivery import tables as delivery
from jishi.dictionary import tables as dictionary
from jishi.golden import tables as golden
from jishi.jobs import tables as jobs
from jishi.quality import tables as quality
from jishi.registers import tables as registers
from jishi.stewardship import case_tables as cases
from jishi.stewardship import repair_tables as repairs
from jishi.storage.metadata import metadata

HERE = Path(__file__).parent


def target_metadata() -> MetaData:
    """Every table the declarations ask for; defining them twice is harmless."""
    if not metadata.tables:
        for room in (registers, golden, quality, jobs, access, dictionary, delivery, repairs, cases):
            room.define_tables(metadata)
    return metadata


def upgrade(url: str, revision: str = "head") -> None:
    """Bring the database at ``url`` (libpq form, a role that owns the schema) to ``revision``."""
    config = Config()
    config.set_main_option("script_location", str(HERE))
    config.attributes["url"] = url
    command.upgrade(config, revision)
