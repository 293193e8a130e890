"""The credit register 信用: licences, penalties, red and black lists, and how long they are published and repaired.

One record is one decision on one party. Every element counts as personal, because a party may be a natural person.
"""

from __future__ import annotations

from datetime import date
from functools import partial
from typing import Annotated

from jishi.registers.checks import fact, not_before
from jishi.registers.clock import WITHHELD, ClockRule
from jishi.registers.credit_decision import PUBLICITY, CreditDecision
from jishi.registers.element import Check, DataElement, Kind, Sensitivity, Severity, Test
from jishi.registers.reference import Reference
from jishi.registers.register import Contradiction, Register
from jishi.registers.survivorship import Survivorship

REPAIR = "信用修复管理办法（2026-04-01 施行）"

_pi = partial(DataElement, sensitivity=Sensitivity.PI)


class CreditRecord(CreditDecision):
    """The decision with its terms of publicity and its repair; repair stops publication, sharing and use."""

    publish_from: Annotated[date | None, _pi("公示起始日期", Kind.DATE, "Published from", PUBLICITY)] = None
    publicity_until: Annotated[
        date | None,
        _pi(
            "公示截止期",
            Kind.DATE,
            "Published until (as the organ says)",
            PUBLICITY,
            checks=(not_before("decided_on", "after_decision"),),
        ),
    ] = None
    severity_grade_code: Annotated[
        str | None,
        _pi("失信程度", Kind.CODE, "Grade", REPAIR, code_list="credit_grade", code_label="severity_grade"),
    ] = None
    publish_needed: Annotated[
        bool | None, _pi("确需公示", Kind.BOOLEAN, "Publication needed although slight", REPAIR)
    ] = None
    publicity_min_until: Annotated[
        date | None, _pi("最短公示期届满日", Kind.DATE, "Least term of publicity ends", REPAIR, derived=True)
    ] = None
    publicity_max_until: Annotated[
        date | None,
        _pi(
            "最长公示期届满日",
            Kind.DATE,
            "Longest term of publicity ends",
            REPAIR,
            derived=True,
            checks=(
                Check(
                    "covers_term_stated",
                    Test.PAIR_NOT_BEFORE,
                    "QLT-PUBLICITY-LONG",
                    Severity.WARN,
                    other="publicity_until",
                ),
            ),
        ),
    ] = None
    grade_publication_code: Annotated[
        str | None,
        _pi(
            "公示属性（失信程度）",
            Kind.CODE,
            "Publication by grade",
            REPAIR,
            code_list="credit_publication",
            code_label="grade_publication",
            derived=True,
        ),
    ] = None
    party_publication_code: Annotated[
        str | None,
        _pi(
            "公示属性（相对人）",
            Kind.CODE,
            "Publication by kind of party",
            "P",
            code_list="credit_publication",
            code_label="party_publication",
            derived=True,
        ),
    ] = None
    repair_apply_id: Annotated[str | None, _pi("信用修复申请编号", Kind.TEXT, "Repair application", REPAIR, 64)] = None
    duty_done: Annotated[bool | None, _pi("义务已履行", Kind.BOOLEAN, "Duty done", REPAIR)] = None
    commitment_doc: Annotated[str | None, _pi("信用承诺书", Kind.TEXT, "Commitment", REPAIR, 200)] = None
    repair_accepted_on: Annotated[
        date | None,
        _pi(
            "修复受理日期",
            Kind.DATE,
            "Repair accepted on",
            REPAIR,
            checks=(not_before("publicity_min_until", "after_minimum", "QLT-REPAIR-EARLY"),),
        ),
    ] = None
    repair_decided_on: Annotated[
        date | None,
        _pi(
            "修复决定日期",
            Kind.DATE,
            "Repair decided on",
            REPAIR,
            checks=(not_before("repair_accepted_on", "after_acceptance"),),
        ),
    ] = None
    repair_result_code: Annotated[
        str | None,
        _pi(
            "修复结果",
            Kind.CODE,
            "Result of the repair",
            REPAIR,
            code_list="repair_result",
            code_label="repair_result",
            checks=(fact("duty_done", "QLT-REPAIR-DUTY", "repair_result_code__duty_done"),),
        ),
    ] = None
    repair_decided_by_uscc: Annotated[
        str | None, _pi("修复决定单位", Kind.TEXT, "Unit that decided the repair", REPAIR, 18)
    ] = None
    repair_stop_publish_on: Annotated[date | None, _pi("停止公示日期", Kind.DATE, "Publication stopped on", REPAIR)] = (
        None
    )
    withheld_from: Annotated[
        date | None,
        _pi("不再公示共享之日", Kind.DATE, "Withheld from this day on, as the row itself says", REPAIR, derived=True),
    ] = None


_AGREED = (("repair_result_code", ("1",)),)

REGISTER = Register(
    name="credit_record",
    title="信用",
    collection="credit-records",
    number=4,
    model=CreditRecord,
    personal=True,
    natural_key=None,
    searched=("decision_doc_no",),
    contradiction=Contradiction(names=("counterparty_name",), name_floor=0.2),
    survivorship=Survivorship(
        together=(
            ("cp_id_type", "cp_id_no"),
            ("legal_rep_name", "legal_rep_id_type", "legal_rep_id_no"),
            ("organ_name", "organ_uscc"),
            ("source_org", "source_org_uscc"),
            (
                "severity_grade_code",
                "publish_needed",
                "publicity_min_until",
                "publicity_max_until",
                "grade_publication_code",
            ),
            (
                "repair_apply_id",
                "duty_done",
                "commitment_doc",
                "repair_accepted_on",
                "repair_decided_on",
                "repair_result_code",
                "repair_decided_by_uscc",
                "repair_stop_publish_on",
            ),
        )
    ),
    # An organisation code is no identifier of an entity's record, only one of its values.
    referring=(Reference("subject", "cp_org_code", ("legal_entity",), "org_code"),),
    # The values of a golden record come from several sources, so that every reason is looked at by itself.
    clocks=(
        ClockRule(at=None, when=(("grade_publication_code", ("2",)),), state=WITHHELD),
        ClockRule(at=None, when=(("party_publication_code", ("3",)),), state=WITHHELD),
        ClockRule(at="publish_from", until=True, state=WITHHELD),
        ClockRule(at="repair_decided_on", when=_AGREED, state=WITHHELD),
        ClockRule(at="repair_stop_publish_on", when=_AGREED, state=WITHHELD),
        ClockRule(at="withheld_from", state=WITHHELD),
        ClockRule(at="publicity_until", day_after=True, state=WITHHELD),
        ClockRule(at="publicity_max_until", day_after=True, state=WITHHELD),
        ClockRule(at="valid_to", day_after=True, when=(("record_class", ("7",)),), state=WITHHELD),
    ),
)
