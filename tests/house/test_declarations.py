"""The registers' declarations are whole: rules have texts, code lists exist, what is personal is masked or sealed."""

from __future__ import annotations

import pytest

from jishi.dictionary.codes import load_lists
from jishi.identifiers.masks import mask
from jishi.messages import catalogue, render
from jishi.registers.catalog import registers
from jishi.registers.catalogue_entry import entry_of
from jishi.registers.element import DataElement, Kind, Mask, Sensitivity
from jishi.registers.json_schema import json_schema
from jishi.registers.register import Register
from jishi.settings import Settings

UNMASKED = {
    "natural_person.id_type_code": "says which kind of document, nothing of its number",
    "natural_person.other_id_type_code": "says which kind of document, nothing of its number",
    "natural_person.sex_code": "two values; a mask that keeps anything keeps all, and letters need a form of address",
    "natural_person.nationality_code": "nearly everybody has the same; needed to choose the document",
    "natural_person.residence_type_code": "registered or migrant: decides which office is competent",
    "natural_person.person_status_code": "a client must know that a person has died before it uses anything else",
}
_OF_A_DECISION = """
record_class counterparty_category cp_uscc cp_reg_no cp_org_code decision_doc_name decision_doc_no decided_on licence_type
cert_name cert_no valid_from valid_to violation_type legal_basis penalty_categories fine confiscated current_state
organ_name organ_uscc source_org source_org_uscc list_name list_year case_no legal_basis_doc filed_on region publish_from
publicity_until severity_grade_code publish_needed publicity_min_until publicity_max_until grade_publication_code
party_publication_code repair_apply_id duty_done commitment_doc repair_accepted_on repair_decided_on repair_result_code
repair_decided_by_uscc repair_stop_publish_on withheld_from
"""
_OF_A_CERTIFICATE = """
cert_name cert_type_name cert_type_code define_org_name define_org_code issuer_name issuer_code issuer_level issue_date
first_issue_date holder_code_type holder2_code_type valid_from valid_to valid_range sealed_on seal_name related_item_name
related_item_code cert_status cert_status_text operate_type file_format file_digest
"""
UNMASKED |= dict.fromkeys(
    (f"credit_record.{name}" for name in _OF_A_DECISION.split()),
    "says what an organ decided, as the law has it published; who it concerns is masked or sealed",
)
UNMASKED |= dict.fromkeys(
    (f"certificate.{name}" for name in _OF_A_CERTIFICATE.split()),
    "says what kind of certificate it is and whether it holds; whose it is is masked or sealed",
)
UNMASKED |= {
    "credit_record.decision_document": "a keyed tag, of which nothing can be read",
    "certificate.cert_identifier": "what a certificate is verified by; it holds no number of a person",
    "certificate.associated_cert_identifier": "what a certificate is verified by; it holds no number of a person",
}
"""Personal elements that are shown as they are to a grant without clear values, and why."""

REGISTERS = list(registers().values())
ELEMENTS = [(register, name, element) for register in REGISTERS for name, element in register.elements.items()]


@pytest.fixture(scope="module")
def list_ids() -> frozenset[str]:
    return frozenset(load_lists(Settings().dictionaries_dir / "codes"))


def test_every_rule_of_every_register_has_a_text_in_both_languages() -> None:
    rules = [rule for register in REGISTERS for rule in register.rules]
    assert [rule.id for rule in rules if rule.message not in catalogue()] == []
    for rule in rules:
        given = {"title": rule.title or rule.element, "other": rule.other or "", **dict(rule.params)}
        for language in ("zh-CN", "en"):
            assert "{" not in render(rule.message, language, **given), rule.id


def test_no_rule_id_stands_twice_in_a_register() -> None:
    for register in REGISTERS:
        ids = [rule.id for rule in register.rules]
        assert len(ids) == len(set(ids))


def test_every_declared_code_list_exists(list_ids: frozenset[str]) -> None:
    declared = {element.code_list for _, _, element in ELEMENTS if element.code_list}
    assert declared - list_ids == set()
    assert [_id(*item) for item in ELEMENTS if item[2].kind is Kind.CODE and not item[2].code_list] == []


def test_every_element_has_both_titles_a_standard_and_a_place_in_the_schema() -> None:
    for register, name, element in ELEMENTS:
        assert element.title and element.title_en and element.standard, _id(register, name, element)
        assert json_schema(register)["properties"][name]["title"] == element.title


def test_a_personal_element_is_masked_or_stands_in_the_list_of_reasons() -> None:
    bare = {_id(*item) for item in ELEMENTS if item[2].sensitivity is not Sensitivity.N and item[2].mask is Mask.NONE}
    assert bare == set(UNMASKED)


def test_sensitive_elements_are_never_shown_as_they_are() -> None:
    bare = [_id(*item) for item in ELEMENTS if item[2].sensitivity is Sensitivity.SPI and item[2].mask is Mask.NONE]
    assert bare == []


def test_a_sensitive_identifier_is_sealed() -> None:
    sensitive = [
        item for item in ELEMENTS if item[2].sensitivity is Sensitivity.SPI and item[2].kind is Kind.IDENTIFIER
    ]
    assert sensitive
    assert [_id(*item) for item in sensitive if not item[2].sealed] == []


def test_no_personal_element_can_be_asked_for_in_an_address() -> None:
    open_to_get = [_id(*item) for item in ELEMENTS if item[2].queryable and item[2].sensitivity is not Sensitivity.N]
    assert open_to_get == []
    assert [_id(*item) for item in ELEMENTS if item[0].personal and item[2].queryable] == []


def test_a_personal_register_has_no_natural_key_and_no_element_that_is_not_personal() -> None:
    assert [register.name for register in REGISTERS if register.personal and register.natural_key] == []
    assert [_id(*item) for item in ELEMENTS if item[0].personal and item[2].sensitivity is Sensitivity.N] == []


def test_every_declared_mask_is_one_that_exists() -> None:
    own = {Mask.NONE, Mask.HIDE}  # nothing done, null
    for register, name, element in ELEMENTS:
        if element.mask not in own:
            assert mask("2001-02-03", element.mask.value) != "2001-02-03", _id(register, name, element)


def test_what_a_register_says_of_its_elements_names_elements_it_has() -> None:
    for register in REGISTERS:
        named = {
            *register.contradiction.names,
            *register.contradiction.dates,
            *(name for group in register.survivorship.together for name in group),
            *(name for name, _ in register.survivorship.sticky),
            *(rule.at for rule in register.clocks if rule.at),
            *(name for rule in register.clocks for name, _ in (*rule.when, *rule.sets)),
            *((register.natural_key,) if register.natural_key else ()),
            *((register.partition_by,) if register.partition_by else ()),
        }
        assert named <= register.elements.keys(), register.name


def test_a_clock_looks_at_days_and_sets_what_the_element_may_hold() -> None:
    lists = load_lists(Settings().dictionaries_dir / "codes")
    for register in REGISTERS:
        for rule in register.clocks:
            assert rule.at is None or register.elements[rule.at].kind is Kind.DATE
            assert rule.at is not None or not (rule.until or rule.day_after)
            assert bool(rule.sets) != (rule.state is not None)
            for name, value in (*((name, v) for name, values in rule.when for v in values), *rule.sets):
                assert value in lists[register.elements[name].code_list or ""].codes, (register.name, name, value)


def test_an_element_that_refers_names_a_relation_and_registers_that_exist() -> None:
    for register, name, element in ELEMENTS:
        if element.refers:
            assert element.kind is Kind.IDENTIFIER and not element.strong, _id(register, name, element)
            assert len(element.refers) > 1 and set(element.refers[1:]) <= registers().keys()


def test_every_register_has_its_catalogue_entry_and_a_number_of_its_own() -> None:
    assert all(entry_of(register).code for register in REGISTERS)
    assert len({register.number for register in REGISTERS}) == len(REGISTERS)


def _id(register: Register, name: str, _: DataElement) -> str:
    return f"{register.name}.{name}"
