"""The stage table as Great Expectations sees it: one ephemeral context a batch, the version pinned (step *validate*).

Great Expectations keeps a synchronous psycopg engine of its own. Its usage statistics, progress bars, cloud and files
are off, and so are its log lines, which quote statements and driver messages and with them values of the delivery.
"""

from __future__ import annotations

import importlib
import logging
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import ModuleType
from typing import TYPE_CHECKING

import sqlalchemy as sa

from jishi.errors import InternalError

if TYPE_CHECKING:
    from great_expectations.data_context.types.base import DataContextConfig
    from great_expectations.datasource.fluent.interfaces import Batch
    from great_expectations.execution_engine.sqlalchemy_execution_engine import SqlAlchemyExecutionEngine

SCHEMA = "stage"
ROW_NUMBER = "row_number"
PINNED = "1.24.1"
"""The one version of Great Expectations this room was tried with: reasons come from metrics it does not headline."""

_FEW_ROWS = " -c parallel_tuple_cost=0"
"""Every statement here reads all rows and gives few: the planner, which expects many, would not share the reading."""

_SILENT = logging.CRITICAL + 1


@dataclass(frozen=True, slots=True)
class Stage:
    """An open stage table: the batch Great Expectations validates, and its engine for what stands beside it."""

    table: str
    batch: Batch
    executor: SqlAlchemyExecutionEngine

    @property
    def engine(self) -> sa.Engine:
        return self.executor.engine

    @property
    def bad_table(self) -> str:
        """Name of the table of refused and warned rows, in the same schema."""
        return f"{self.table}_bad"

    def selectable(self, name: str | None = None, *columns: str) -> sa.TableClause:
        """``name`` (default: the stage table itself) to select from; identifiers are quoted where needed."""
        return sa.table(name or self.table, *(sa.column(column) for column in columns), schema=SCHEMA)


def warm() -> None:
    """Import Great Expectations (seconds) and silence it; a worker calls this once at its start.

    Raises ``QLT-VERSION`` when another version than the pinned one is installed.
    """
    logging.getLogger("great_expectations").setLevel(_SILENT)
    with warnings.catch_warnings(), _left_out("altair", "scipy.stats"):
        warnings.simplefilter("ignore")
        import great_expectations as gx
        import great_expectations.expectations
        import great_expectations.validator.metrics_calculator
    # the one module that gives its logger a level of its own
    logging.getLogger("great_expectations.data_context.types.base").setLevel(_SILENT)
    if gx.__version__ != PINNED:
        raise InternalError("QLT-VERSION", found=gx.__version__, needed=PINNED)


@contextmanager
def _left_out(*names: str) -> Iterator[None]:
    """Modules that what is imported meanwhile names but does not use: a quarter of a worker's start and 80 MB of it. Whoever
    asks one of them for something after all gets it; whoever imports it afterwards imports it as ever."""
    stand_ins = {name: _StandIn(name) for name in names if name not in sys.modules}
    for name, stand_in in stand_ins.items():
        sys.modules[name] = stand_in
        parent, _, child = name.rpartition(".")
        if parent:
            setattr(importlib.import_module(parent), child, stand_in)
    try:
        yield
    finally:
        for name, stand_in in stand_ins.items():
            if sys.modules.get(name) is stand_in:
                del sys.modules[name]
                parent, _, child = name.rpartition(".")
                if parent:
                    delattr(sys.modules[parent], child)


class _StandIn(ModuleType):
    """Imports the module it stands for when it is asked for something of it."""

    def __getattr__(self, name: str) -> object:
        if name.startswith("__"):
            raise AttributeError(name)
        if sys.modules.get(self.__name__) is self:
            del sys.modules[self.__name__]
        return getattr(importlib.import_module(self.__name__), name)


@contextmanager
def open_stage(psycopg_url: str, table: str) -> Iterator[Stage]:
    """Table ``stage.<table>`` opened for validation; its connections are closed on leaving.

    ``psycopg_url`` is what :func:`jishi.storage.engine.psycopg_url` gives. Raises ``QLT-STAGE`` (ours) when the table
    cannot be opened.
    """
    warm()
    import great_expectations as gx
    from great_expectations.datasource.fluent.sql_datasource import SQLDatasourceError
    from great_expectations.exceptions.exceptions import GreatExpectationsError

    context = gx.get_context(mode="ephemeral", project_config=_project(), cloud_mode=False)
    source = None
    try:
        with warnings.catch_warnings():
            # the generic source takes every URL libpq takes (sockets, several hosts), which the PostgreSQL one does not
            warnings.simplefilter("ignore")
            source = context.data_sources.add_sql("stage", connection_string=_connection_string(psycopg_url))
            asset = source.add_table_asset(table, table_name=f'"{table}"', schema_name=SCHEMA)
            batch = asset.add_batch_definition_whole_table("all").get_batch()
        executor = batch.data.execution_engine
    except (GreatExpectationsError, SQLDatasourceError, sa.exc.SQLAlchemyError, ValueError, OSError) as error:
        if source is not None:
            source.get_engine().dispose()
        raise InternalError("QLT-STAGE", table=table, reason=type(error).__name__) from None
    try:
        yield Stage(table, batch, executor)
    finally:
        executor.close()
        source.get_engine().dispose()


def _project() -> DataContextConfig:
    """Everything in memory, nothing told to anyone."""
    from great_expectations.data_context.types.base import (
        DataContextConfig,
        InMemoryStoreBackendDefaults,
        ProgressBarsConfig,
    )

    return DataContextConfig(
        store_backend_defaults=InMemoryStoreBackendDefaults(init_temp_docs_sites=False),
        progress_bars=ProgressBarsConfig(globally=False, metric_calculations=False),
        analytics_enabled=False,
    )


def _connection_string(psycopg_url: str) -> str:
    url = sa.make_url(psycopg_url)
    options = "".join((*url.normalized_query.get("options", ()), _FEW_ROWS))
    text = url.update_query_dict({"options": options}).render_as_string(hide_password=False)
    # Great Expectations would read a dollar sign as the name of one of its settings
    return text.replace("$", "%24")
