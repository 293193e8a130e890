"""What a concept is held to: codes used once, an order without circles, a life in legal steps, every version kept."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from jishi.dictionary.concepts import load_terms
from jishi.dictionary.editions import current_edition
from jishi.dictionary.entries import read_entry, read_history
from jishi.dictionary.forms import Concept, Edge
from jishi.dictionary.load import load_all
from jishi.dictionary.order import cycles, order_of
from jishi.dictionary.stepping import step
from jishi.errors import CallerError, DeclarationError, NotFoundError
from jishi.settings import Settings

if TYPE_CHECKING:
    from asyncpg import Connection

HEAD = 'id = "colours"\ntitle = "颜色"\ntitle_en = "colours"\n'
RED = '[[concept]]\ncode = "1"\nname = "红"\n'
BLUE = '[[concept]]\ncode = "1"\nname = "蓝"\n'


@pytest.fixture
def city(settings: Settings) -> Path:
    """The city's file of colours, beside what ships."""
    folder = settings.home_dir / "dictionaries" / "terms"
    folder.mkdir(parents=True)
    return folder / "colours.toml"


async def test_the_code_of_an_ended_concept_never_gets_another_meaning(
    connection: Connection[Any], settings: Settings, city: Path
) -> None:
    _write(city, HEAD + RED)
    await load_all(connection, settings)
    _write(city, HEAD)
    await load_all(connection, settings)
    row = await connection.fetchrow("SELECT status, removed_at FROM jishi.concept WHERE scheme = 'colours'")
    assert row is not None and row["status"] == "deprecated" and row["removed_at"] is not None
    _write(city, HEAD + BLUE)
    with pytest.raises(DeclarationError) as caught:
        await load_all(connection, settings)
    assert [fault.code for fault in caught.value.faults] == ["DIC-CODE-REUSED"]
    _write(city, HEAD + RED)
    await load_all(connection, settings)
    row = await connection.fetchrow(
        "SELECT status, removed_at, preferred_name FROM jishi.concept WHERE scheme = 'colours'"
    )
    assert row is not None and tuple(row) == ("approved", None, "红")
    revisions = [entry.stamp.change for entry in await read_history(connection, "1", "colours")]
    assert revisions == ["modified", "deprecated", "new"]


async def test_a_status_a_steward_set_outlives_the_files(
    connection: Connection[Any], settings: Settings, city: Path
) -> None:
    _write(city, HEAD + RED + 'status = "draft"\n')
    await load_all(connection, settings)
    for status in ("review", "approved"):
        async with connection.transaction():
            assert await step(connection, "1", status, "meilin", scheme="colours")
    _write(city, HEAD + RED + 'status = "draft"\ndefinition = "一种颜色"\n')
    assert (await load_all(connection, settings)).changes["concept"].updated == 1
    row = await connection.fetchrow(
        "SELECT status, status_origin, definition FROM jishi.concept WHERE scheme = 'colours'"
    )
    assert row is not None and tuple(row) == ("approved", "steward", "一种颜色")
    history = await read_history(connection, "1", "colours")
    assert [(entry.stamp.author, entry.stamp.act) for entry in history] == [
        ("dictionary", "load"),
        ("meilin", "status"),
        ("meilin", "status"),
        ("dictionary", "load"),
    ]
    assert history[-1].concept is not None and history[-1].concept.status == "draft"
    instants = [entry.stamp.recorded_at for entry in history]
    assert instants == sorted(instants, reverse=True) and len(set(instants)) == 4


@pytest.mark.parametrize(
    ("start", "to", "successors", "reason", "code"),
    [
        ("draft", "approved", (), "", "DIC-STATUS-STEP"),
        ("approved", "review", (), "", "DIC-STATUS-STEP"),
        ("approved", "deprecated", (), "", "DIC-STATUS-WHY"),
        ("approved", "deprecated", ("9",), "", "DIC-SUCCESSOR"),
        ("approved", "deprecated", ("1",), "", "DIC-SUCCESSOR"),
        ("draft", "review", ("2",), "", "DIC-SUCCESSOR-EARLY"),
    ],
)
async def test_only_legal_steps_with_their_words_are_taken(
    connection: Connection[Any],
    settings: Settings,
    city: Path,
    start: str,
    to: Any,
    successors: tuple[str, ...],
    reason: str,
    code: str,
) -> None:
    _write(city, f'{HEAD}{RED}status = "{start}"\n[[concept]]\ncode = "2"\nname = "绿"\n')
    await load_all(connection, settings)
    before = await current_edition(connection)
    with pytest.raises(CallerError) as caught:
        async with connection.transaction():
            await step(connection, "1", to, "meilin", scheme="colours", successors=successors, reason=reason)
    assert code in {fault.code for fault in caught.value.faults}
    assert await current_edition(connection) == before
    with pytest.raises(NotFoundError):
        async with connection.transaction():
            await step(connection, "none", "review", "meilin")


async def test_nothing_comes_back_from_deprecated_and_the_record_stays(
    connection: Connection[Any], settings: Settings
) -> None:
    await load_all(connection, settings)
    async with connection.transaction():
        edition = await step(connection, "0404", "deprecated", "meilin", successors=("0403",), reason="合并")
    assert edition is not None
    with pytest.raises(CallerError):
        async with connection.transaction():
            await step(connection, "0404", "approved", "meilin")
    (entry,) = await read_entry(connection, edition.number, "0404")
    assert entry.ended and entry.concept is not None and entry.concept.successors == ("0403",)
    (before,) = await read_entry(connection, edition.number - 1, "0404")
    assert before.concept is not None and before.concept.status == "approved"
    assert not (await load_all(connection, settings)).changed


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (RED + 'predecessors = ["2"]\n[[concept]]\ncode = "2"\nname = "绿"\npredecessors = ["1"]\n', "DIC-CIRCLE"),
        (RED + 'aliases = [{ name = "红" }]\n', "DIC-ALIAS-NAME"),
        (RED + 'aliases = [{ name = "赤" }, { name = "赤", negative = true }]\n', "DIC-ALIAS-BOTH"),
        (
            RED + 'aliases = [{ name = "赤", places = ["苏州"] }, { name = "赤", places = ["苏州"] }]\n',
            "DIC-ALIAS-TWICE",
        ),
        (RED + 'aliases = [{ name = "赤", valid_from = 2020-01-01, valid_to = 2020-01-01 }]\n', "DIC-HEAD"),
        (RED + 'status = "deprecated"\n', "DIC-STATUS-WHY"),
        (RED + 'status = "deprecated"\nsuccessors = ["7"]\n', "DIC-SUCCESSOR"),
        (RED + 'origin = "steward"\n', "DIC-HEAD"),
        (
            RED + '[[procedure]]\nplace = "苏州"\nname = "p"\nstep = [{ code = "1", after = ["8"] }]\n',
            "DIC-PREDECESSOR",
        ),
    ],
)
def test_a_faulty_scheme_is_told(tmp_path: Path, text: str, code: str) -> None:
    (tmp_path / "colours.toml").write_text(HEAD + text, encoding="utf-8")
    with pytest.raises(DeclarationError) as caught:
        load_terms(tmp_path)
    assert code in {fault.code for fault in caught.value.faults}


def test_words_for_the_resolver_are_no_scheme(tmp_path: Path) -> None:
    (tmp_path / "words.toml").write_text("[abbreviations]\n", encoding="utf-8")
    assert load_terms(tmp_path) == {}


def test_one_name_may_be_scoped_by_place_and_period(tmp_path: Path) -> None:
    names = (
        '{ name = "赤", places = ["苏州"], valid_to = 2020-01-01 }, '
        '{ name = "赤", places = ["常德"], departments = ["财政"], valid_from = 2019-01-01 }, '
        '{ name = "赤", places = ["苏州"], valid_from = 2020-01-01, negative = true }'
    )
    (tmp_path / "colours.toml").write_text(f"{HEAD}{RED}aliases = [{names}]\n", encoding="utf-8")
    (concept,) = load_terms(tmp_path)["colours"].concepts
    assert [(alias.places, alias.negative) for alias in concept.aliases] == [
        (("苏州",), False),
        (("常德",), False),
        (("苏州",), True),
    ]


def test_a_citys_own_order_holds_there_and_then_and_makes_no_circle() -> None:
    concepts = [Concept(code="1", name="甲"), Concept(code="2", name="乙", predecessors=("1",))]
    from datetime import date

    own = [
        Edge(code="1", predecessor="2", place="邵阳", procedure="新", valid_from=date(2022, 1, 1)),
        Edge(code="2", predecessor="1", place="邵阳", procedure="新", valid_from=date(2022, 1, 1), removes=True),
    ]
    assert cycles(concepts, own) == []
    assert order_of(concepts, own, "邵阳", date(2023, 1, 1)) == {"1": frozenset({"2"}), "2": frozenset()}
    assert order_of(concepts, own, "邵阳", date(2021, 1, 1)) == order_of(concepts, own, "苏州")
    assert [place for place, _ in cycles(concepts, own[:1])] == ["邵阳"]


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")
