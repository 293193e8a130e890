from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from jishi.access import application_store, clients, grant_store, working_days
from jishi.access.applications import STATUSES, STEPS, TRANSITIONS, answer_days, faults_of_wish, following
from jishi.access.compliance import CHECKS, examine, holds_all
from jishi.access.grants import Grant
from jishi.access.owners import named, owner_of
from jishi.access.terms import Terms, document, read_document
from jishi.dictionary.calendar import Calendar
from jishi.errors import CallerError, NotFoundError
from jishi.identifiers.keys import Keys
from jishi.registers import catalogue_entry
from jishi.registers.catalog import register_of, registers
from jishi.registers.catalogue_entry import Sharing
from jishi.settings import Settings, SharingTerms, load_city

if TYPE_CHECKING:
    from asyncpg import Connection

PERSONS = register_of("natural_person")
NOW = datetime(2026, 11, 20, 4, tzinfo=UTC)
SOUND = Terms(
    PERSONS,
    elements=("full_name", "id_number", "mobile"),
    clear=("mobile",),
    derived=("age",),
    rows="hukou_division_code LIKE '3205%'",
    purposes=("housing",),
    quota_per_day=100,
    basis="《公共租赁住房管理办法》",
    valid_until=datetime(2027, 12, 31, 16, tzinfo=UTC),
)


def test_every_pair_of_status_and_step_is_lawful_or_refused() -> None:
    lawful = {
        ("applied", "check"): "checked",
        ("applied", "return"): "returned",
        ("applied", "withdraw"): "withdrawn",
        ("checked", "grant"): "granted",
        ("checked", "refuse"): "refused",
        ("checked", "withdraw"): "withdrawn",
    }
    for status, step in product(STATUSES, STEPS):
        if (status, step) in lawful:
            assert following(status, step) == lawful[status, step]
            continue
        with pytest.raises(CallerError) as refused:
            following(status, step)
        assert refused.value.code == "ACC-APPLICATION-STEP", (status, step)
    assert set(TRANSITIONS) == set(lawful)


def _failed(terms: Terms, in_force: Grant | None = None) -> list[tuple[str, str, str]]:
    found = examine(terms, in_force, NOW)
    assert tuple(finding.check for finding in found) == CHECKS
    return [(finding.check, fault.name, fault.code) for finding in found for fault in finding.faults]


@pytest.mark.parametrize(
    ("change", "check", "name", "code"),
    [
        ({"basis": " "}, "basis", "basis", "ACC-CHECK-BASIS"),
        ({"purposes": ()}, "purposes", "purposes", "ACC-CHECK-PURPOSES"),
        ({"valid_until": None}, "term", "until", "ACC-CHECK-TERM"),
        ({"valid_until": NOW}, "term", "until", "ACC-CHECK-TERM"),
        ({"elements": ("*",), "derived": ()}, "named", "elements", "ACC-CHECK-NAMED"),
        ({"clear": ("*",), "case_required": True}, "named", "elements", "ACC-CHECK-NAMED"),
        ({"elements": ("birth_date", "mobile")}, "minimal", "birth_date", "ACC-CHECK-MINIMAL"),
        ({"clear": ("mobile", "id_number")}, "case", "id_number", "ACC-CHECK-CASE"),
    ],
)
def test_each_question_of_the_check_fails_by_name(change: dict[str, Any], check: str, name: str, code: str) -> None:
    assert _failed(SOUND) == []
    assert _failed(replace(SOUND, **change)) == [(check, name, code)]


def test_what_is_not_shared_does_not_pass_the_check(monkeypatch: pytest.MonkeyPatch) -> None:
    entry = replace(catalogue_entry.ENTRIES["natural_person"], sharing=Sharing.NONE, basis="某法第一条")
    monkeypatch.setitem(catalogue_entry.ENTRIES, "natural_person", entry)
    assert _failed(SOUND) == [("sharing", "sharing", "ACC-GRANT-NOT-SHARED")]


def test_what_is_shared_without_condition_needs_no_purpose_and_may_be_asked_for_whole() -> None:
    entities = Terms(register_of("legal_entity"), ("*",), basis="职责", valid_until=SOUND.valid_until)
    assert _failed(entities) == []


def test_sensitive_elements_in_clear_pass_with_a_case_number_demanded() -> None:
    assert _failed(replace(SOUND, clear=("mobile", "id_number"), case_required=True)) == []


def _grant(terms: Terms) -> Grant:
    return Grant(
        9,
        "c-1",
        terms.register.name,
        masked=terms.masked,
        clear=terms.in_clear,
        derived=terms.derived_names,
        rows=terms.rows,
        purposes=frozenset(terms.purposes),
        case_required=terms.case_required,
        rate_per_minute=terms.rate_per_minute,
        quota_per_day=terms.quota_per_day,
        rights=frozenset(terms.rights),
        valid_until=terms.valid_until,
    )


def test_who_holds_all_of_it_already_is_told_so() -> None:
    assert _failed(SOUND, _grant(SOUND)) == [("duplicate", "elements", "ACC-CHECK-DUPLICATE")]
    over = replace(_grant(SOUND), valid_from=NOW + timedelta(days=1))
    assert _failed(SOUND, over) == []


@pytest.mark.parametrize(
    "more",
    [
        {"elements": ("full_name", "id_number", "mobile", "email")},
        {"clear": ("mobile", "full_name")},
        {"derived": ("age", "is_adult")},
        {"rights": ("history",)},
        {"purposes": ("housing", "tax")},
        {"rows": None},
        {"quota_per_day": None},
        {"quota_per_day": 101},
        {"valid_until": datetime(2028, 1, 1, tzinfo=UTC)},
    ],
)
def test_whoever_asks_for_more_than_is_granted_asks_for_no_duplicate(more: dict[str, Any]) -> None:
    assert holds_all(_grant(SOUND), SOUND)
    assert not holds_all(_grant(SOUND), replace(SOUND, **more))


@pytest.mark.parametrize("less", [{"elements": ("mobile",)}, {"derived": ()}, {"quota_per_day": 1}, {"clear": ()}])
def test_whoever_asks_for_less_than_is_granted_asks_for_a_duplicate(less: dict[str, Any]) -> None:
    assert holds_all(_grant(SOUND), replace(SOUND, **less))


def test_terms_are_kept_as_they_were_wished() -> None:
    assert read_document(PERSONS, document(SOUND), SOUND.basis) == SOUND


def test_what_cannot_be_read_is_no_application_and_what_may_not_be_is_one() -> None:
    assert [fault.code for fault in faults_of_wish(replace(SOUND, elements=("nose",), clear=()))] == [
        "ACC-GRANT-ELEMENT"
    ]
    assert faults_of_wish(replace(SOUND, basis="")) == ()


def test_the_owner_has_the_days_of_the_sharing_type() -> None:
    sharing = SharingTerms()
    assert (sharing.check_days, answer_days(SOUND, sharing)) == (2, 10)
    assert answer_days(Terms(register_of("legal_entity")), sharing) == 1
    assert answer_days(SOUND, SharingTerms(answer_days_conditional=5)) == 5


def test_terms_count_in_working_days_by_the_notices_and_by_the_week_where_there_is_none_yet() -> None:
    clock = working_days.load(Settings())
    # 2026: 1 to 7 October are off, 20 September and 10 October are worked
    assert clock.due(date(2026, 9, 30), 2) == date(2026, 10, 9)
    assert clock.due(date(2026, 9, 30), 3) == date(2026, 10, 10)
    assert clock.due(date(2026, 11, 20), 0) == date(2026, 11, 20)
    assert clock.due(date(2026, 11, 20), 10) == date(2026, 12, 4)
    assert clock.late(date(2026, 9, 30), date(2026, 10, 8)) == 1
    assert clock.late(date(2026, 9, 30), date(2026, 10, 7)) == 0
    assert clock.late(date(2026, 9, 30), date(2026, 9, 1)) == 0
    unknown = working_days.WorkingDays(Calendar({}, {}))
    assert unknown.due(date(2031, 1, 3), 1) == date(2031, 1, 6)  # a Friday, then the Monday
    assert unknown.late(date(2031, 1, 3), date(2031, 1, 7)) == 2


def test_the_citys_file_sets_days_and_owners(tmp_path: Path) -> None:
    (tmp_path / "city.toml").write_text(
        '[sharing]\ncheck_days = 1\n[sharing.owners]\nnatural_person = "11320500000090018H"\n', encoding="utf-8"
    )
    sharing = load_city(Settings(home=tmp_path)).sharing
    assert (sharing.check_days, sharing.answer_days_conditional) == (1, 10)
    assert sharing.owners == {"natural_person": "11320500000090018H"}


async def test_each_register_has_its_owner_among_the_departments_that_ship(loaded_settings: Settings) -> None:
    from jishi.storage import engine

    connection = await engine.connect(loaded_settings.database_url or "")
    try:
        owners = {name: await owner_of(connection, register, {}) for name, register in registers().items()}
        rows = await connection.fetch("SELECT uscc, short_name FROM jishi.department")
    finally:
        await connection.close()
    names = {row["uscc"]: row["short_name"] for row in rows}
    assert {register: names[uscc] for register, uscc in owners.items()} == {
        "natural_person": "公安",
        "legal_entity": "市场监管",
        "place": "资规",
        "credit_record": "发改",
        "certificate": "数据",
    }


async def test_an_owner_that_is_not_exactly_one_department_must_be_declared(connection: Connection[Any]) -> None:
    with pytest.raises(CallerError) as refused:
        await owner_of(connection, PERSONS, {})
    assert refused.value.code == "ACC-APPLICATION-NO-OWNER"
    assert await owner_of(connection, PERSONS, {"natural_person": "X"}) == "X"
    assert named("公安", [("A", "甲区公安分局", ""), ("B", "乙区公安分局", "")]) is None
    assert named("公安", [("A", "甲区公安分局", ""), ("B", "市公安局", "公安")]) == "B"


async def test_a_step_that_another_took_first_is_refused_and_changes_nothing(connection: Connection[Any]) -> None:
    client = (await clients.create(connection, Keys(1, {1: bytes(32)}), "one")).client_id
    made = await application_store.apply(connection, client, "D", "O", SOUND, "r", date(2026, 11, 24), "client:x")
    await application_store.take(connection, made, "withdraw", "", 0, "client:x")
    with pytest.raises(CallerError) as late:
        await application_store.take(connection, made, "check", "", 0, "client:y", answer_due=date(2026, 12, 1))
    assert late.value.code == "ACC-APPLICATION-STEP"
    now = await application_store.one(connection, made.application_id)
    assert now.status == "withdrawn" and now.answer_due is None
    assert [step.step for step in await application_store.steps(connection, made.application_id)] == [
        "apply",
        "withdraw",
    ]
    with pytest.raises(NotFoundError):
        await application_store.one(connection, 999)


async def test_a_grant_that_cannot_be_made_leaves_the_application_as_it_was(
    connection: Connection[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    client = (await clients.create(connection, Keys(1, {1: bytes(32)}), "one")).client_id
    made = await application_store.apply(connection, client, "D", "O", SOUND, "r", date(2026, 11, 24), "client:x")
    await application_store.take(connection, made, "check", "", 0, "client:y", answer_due=date(2026, 12, 1))
    with pytest.raises(CallerError) as refused:
        await application_store.take(connection, made, "grant", "", 0, "client:y", grant=replace(SOUND, basis=""))
    assert refused.value.code == "ACC-GRANT"
    assert (await application_store.one(connection, made.application_id)).status == "checked"
    assert await grant_store.of_client(connection, client) == {}
