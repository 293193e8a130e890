"""Plans and raw frames for the tests of standardise; keys are of the test's own, all persons invented."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from jishi.dictionary.addresses import load_address_words
from jishi.dictionary.codes import CodeList, load_lists
from jishi.dictionary.divisions import Divisions
from jishi.identifiers.keys import Keys
from jishi.identifiers.sealing import Sealer
from jishi.registers.catalog import registers
from jishi.settings import City
from jishi.standardise.address.gazetteer import Gazetteer
from jishi.standardise.plan import Plan, Take

PlanFor = Callable[..., Plan]
RawOf = Callable[[Mapping[str, Sequence[str | None]]], pl.DataFrame]


@pytest.fixture(scope="session")
def code_lists() -> dict[str, CodeList]:
    return load_lists(Path(__file__).resolve().parents[2] / "dictionaries" / "codes")


@pytest.fixture(scope="session")
def gazetteer(code_lists: dict[str, CodeList]) -> Gazetteer:
    """What ships, without a place register."""
    words = load_address_words(Path(__file__).resolve().parents[2] / "dictionaries" / "address")
    return Gazetteer(code_lists["division"], words, code_lists["ethnicity"].names.values())


@pytest.fixture(scope="session")
def plan_for(code_lists: dict[str, CodeList], gazetteer: Gazetteer) -> PlanFor:
    """``plan_for("place", Take(…), …, key=("code",))``: a plan with defaults for everything else."""

    def make(register: str, *takes: Take, **members: Any) -> Plan:
        defaults: dict[str, Any] = {
            "key": ("rec_id",),
            "delivered_at": datetime(2026, 11, 21, 8, tzinfo=UTC),
            "code_lists": code_lists,
            "known_divisions": Divisions(code_lists["division"]).ever_known,
            "sealer": Sealer(Keys(current=1, secrets={1: b"k" * 32})),
            "city": City(),
            "today": date(2026, 11, 21),
            "gazetteer": gazetteer,
        }
        return Plan(register=registers()[register], takes=takes, **(defaults | members))

    return make


@pytest.fixture(scope="session")
def raw_of() -> RawOf:
    """A raw frame as the readers make it: text columns, row_number, row_fault."""

    def make(columns: Mapping[str, Sequence[str | None]]) -> pl.DataFrame:
        frame = pl.DataFrame({name: pl.Series(list(values), dtype=pl.String) for name, values in columns.items()})
        rows = pl.int_range(1, pl.len() + 1, dtype=pl.Int64)
        return frame.with_columns(rows.alias("row_number"), pl.lit(None, pl.String).alias("row_fault"))

    return make


@pytest.fixture(scope="session")
def people() -> tuple[Take, ...]:
    """The takes of a file of persons."""
    return (
        Take("full_name", ("姓名",)),
        Take("sex_code", ("性别",)),
        Take("id_number", ("公民身份号码",)),
        Take("birth_date", ("出生日期",)),
        Take("ethnicity_code", ("民族",)),
        Take("hukou_address", ("户籍地址",)),
        Take("mobile", ("联系电话",)),
    )


@pytest.fixture(scope="session")
def enterprises() -> tuple[Take, ...]:
    """The takes of a file of enterprises; six elements read the one column of codes."""
    code = ("统一社会信用代码",)
    return (
        Take("entity_name", ("企业名称",)),
        Take("uscc", code, "uscc"),
        Take("reg_no_legacy", code, "registration_number"),
        Take("org_code", code, "uscc_org_code"),
        Take("entity_category_code", code, "uscc_category"),
        Take("reg_division_code", code, "uscc_division"),
        Take("establish_date", ("注册日期",)),
        Take("entity_type", ("企业类型",)),
        Take("legal_rep_name", ("法人代表",)),
        Take("reg_capital", ("注册资金",), "money"),
        Take("reg_capital_currency", ("注册资金",), "money_currency"),
        Take("business_scope", ("经营范围",)),
        Take("province", ("所在省份",)),
        Take("city", ("地区",)),
        Take("domicile", ("注册地址",)),
    )
