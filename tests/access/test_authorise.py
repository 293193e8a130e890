from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from jishi.access.authorise import Wanted, authorise, faults_of
from jishi.access.grants import RIGHTS, Grant, differs_masked, standing
from jishi.errors import DeniedError
from jishi.registers.catalog import register_of, registers

PERSONS = register_of("natural_person")
NOW = datetime(2026, 11, 20, 4, tzinfo=UTC)
GRANT = Grant(
    7,
    "c-1",
    "natural_person",
    masked=frozenset({"full_name", "id_number"}),
    clear=frozenset({"birth_date", "sex_code"}),
    derived=frozenset({"age", "resident_of(320505)"}),
    purposes=frozenset({"housing", "tax"}),
    case_required=True,
    rights=frozenset({"inactive"}),
    valid_from=NOW - timedelta(days=1),
    valid_until=NOW + timedelta(days=1),
)
SOUND = Wanted(
    elements=frozenset({"full_name", "birth_date", "age", "resident_of(320505)"}),
    clear=frozenset({"birth_date"}),
    compared=frozenset({"birth_date"}),
    matched=frozenset({"birth_date", "sex_code"}),
    sorted_by=frozenset({"sex_code"}),
    rights=frozenset({"inactive"}),
    purpose="housing",
    case_no="(2026)7",
)


def test_what_the_grant_holds_is_permitted() -> None:
    assert faults_of(PERSONS, GRANT, SOUND, NOW) == ()
    assert authorise(PERSONS, GRANT, SOUND, NOW) is GRANT


@pytest.mark.parametrize(
    ("change", "name", "code"),
    [
        ({"elements": frozenset({"mobile"})}, "mobile", "ACC-ELEMENT"),
        ({"elements": frozenset({"is_adult"})}, "is_adult", "ACC-ELEMENT"),
        ({"elements": frozenset({"resident_of(320506)"})}, "resident_of(320506)", "ACC-ELEMENT"),
        ({"elements": frozenset({"no_such"})}, "no_such", "ACC-ELEMENT"),
        ({"clear": frozenset({"full_name"})}, "full_name", "ACC-ELEMENT-MASKED"),
        ({"compared": frozenset({"full_name"})}, "full_name", "ACC-ELEMENT-COMPARED"),
        ({"compared": frozenset({"age"})}, "age", "ACC-ELEMENT-COMPARED"),
        ({"sorted_by": frozenset({"id_number"})}, "id_number", "ACC-ELEMENT-COMPARED"),
        ({"matched": frozenset({"id_number"})}, "id_number", "ACC-ELEMENT-COMPARED"),
        ({"rights": frozenset({"withheld"})}, "withheld", "ACC-RIGHT"),
        ({"purpose": None}, "purpose", "ACC-PURPOSE-MISSING"),
        ({"purpose": "gossip"}, "purpose", "ACC-PURPOSE"),
        ({"case_no": None}, "case_no", "ACC-CASE-MISSING"),
        ({"case_no": " "}, "case_no", "ACC-CASE-MISSING"),
    ],
)
def test_what_it_does_not_hold_is_refused_by_name(change: dict[str, Any], name: str, code: str) -> None:
    wanted = replace(SOUND, **change)
    assert [(fault.name, fault.code) for fault in faults_of(PERSONS, GRANT, wanted, NOW)] == [(name, code)]
    with pytest.raises(DeniedError) as refused:
        authorise(PERSONS, GRANT, wanted, NOW)
    assert refused.value.code == "ACC-DENIED" and name in refused.value.text("en")


def test_every_reason_is_told_at_once() -> None:
    wanted = Wanted(frozenset({"mobile", "email"}), compared=frozenset({"mobile"}), rights=frozenset({"history"}))
    assert [fault.code for fault in faults_of(PERSONS, GRANT, wanted, NOW)] == [
        "ACC-PURPOSE-MISSING",
        "ACC-CASE-MISSING",
        "ACC-ELEMENT",
        "ACC-ELEMENT",
        "ACC-ELEMENT-COMPARED",
        "ACC-RIGHT",
    ]


def test_no_grant_and_one_out_of_its_time_permit_nothing() -> None:
    assert [fault.code for fault in faults_of(PERSONS, None, SOUND, NOW)] == ["ACC-NO-GRANT"]
    with pytest.raises(DeniedError):
        authorise(PERSONS, None, Wanted(), NOW)
    assert GRANT.valid_from and GRANT.valid_until
    for at in (GRANT.valid_from - timedelta(seconds=1), GRANT.valid_until, GRANT.valid_until + timedelta(days=1)):
        assert [fault.code for fault in faults_of(PERSONS, GRANT, SOUND, at)] == ["ACC-GRANT-ENDED"]
    for at in (GRANT.valid_from, GRANT.valid_until - timedelta(microseconds=1)):
        assert faults_of(PERSONS, GRANT, SOUND, at) == ()
    assert replace(GRANT, valid_from=None, valid_until=None).in_force(NOW)


def test_the_right_to_match_exactly_opens_masked_elements_to_it_and_to_nothing_more() -> None:
    exact = replace(GRANT, rights=GRANT.rights | {"exact"})
    matched = replace(SOUND, matched=frozenset({"id_number"}))
    assert faults_of(PERSONS, exact, matched, NOW) == ()
    number = frozenset({"id_number"})
    for more in (replace(SOUND, compared=number), replace(SOUND, sorted_by=number)):
        assert [fault.code for fault in faults_of(PERSONS, exact, more, NOW)] == ["ACC-ELEMENT-COMPARED"]
    unknown = replace(SOUND, matched=frozenset({"mobile"}))
    assert [fault.name for fault in faults_of(PERSONS, exact, unknown, NOW)] == ["mobile"]


def test_a_derived_element_granted_without_its_argument_may_be_asked_with_any() -> None:
    anywhere = replace(GRANT, derived=frozenset({"resident_of"}))
    for text in ("resident_of(320505)", "resident_of(430702)"):
        assert faults_of(PERSONS, anywhere, replace(SOUND, elements=frozenset({text})), NOW) == ()
    for text in ("resident_off(320505)", "age", "full_name(1)"):
        assert [f.name for f in faults_of(PERSONS, anywhere, replace(SOUND, elements=frozenset({text})), NOW)] == [text]


def test_a_grant_without_purposes_and_case_asks_for_none() -> None:
    free = replace(GRANT, purposes=frozenset(), case_required=False)
    assert faults_of(PERSONS, free, replace(SOUND, purpose=None, case_no=None), NOW) == ()
    assert faults_of(PERSONS, free, replace(SOUND, purpose="anything"), NOW) == ()


def test_the_standing_grant_shows_all_of_an_open_register_and_nothing_of_a_personal_one() -> None:
    for register in registers().values():
        if register.personal:
            with pytest.raises(ValueError, match="personal"):
                standing("c-1", register)
            continue
        grant = standing("c-1", register)
        assert grant.elements == frozenset(register.elements) and not grant.masked & grant.clear
        assert grant.masked == {name for name, element in register.elements.items() if differs_masked(element)}
        assert not grant.rights and grant.in_force(NOW)
    assert "legal_rep_id_no" in standing("c-1", register_of("legal_entity")).masked
    assert "protected" in RIGHTS
