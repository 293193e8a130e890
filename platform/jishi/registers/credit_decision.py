"""What a credit record 信用 says of its decision: party, document, licence, penalty, list.

Items of the national feeds (XK_…, CF_…) that mean the same share an element.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from functools import partial
from typing import Annotated

from sqlmodel import SQLModel

from jishi.registers.checks import OK, check_character, credit_code, day_range, fact, not_before
from jishi.registers.element import Check, DataElement, Kind, Mask, Sensitivity, Severity, Test

PUBLICITY = "发改办财金〔2018〕424号 双公示数据标准"
LISTS = "国办发〔2020〕49号"
WARN, REFUSE = Severity.WARN, Severity.REFUSE_ROW
NOT_NEGATIVE = Check("not_negative", Test.BETWEEN, "QLT-RANGE", params=(("min", 0), ("max", None)))

_pi = partial(DataElement, sensitivity=Sensitivity.PI)
_spi = partial(DataElement, sensitivity=Sensitivity.SPI, mask=Mask.IDENTIFIER)
_subject, _person = ("subject", "legal_entity"), ("subject", "natural_person")


class CreditDecision(SQLModel):
    """A decision about a party. Amounts are in yuan, whatever unit a feed counts in."""

    record_class: Annotated[
        str | None,
        _pi(
            "信用信息类别", Kind.CODE, "Class", "P", code_list="credit_class", code_label="class_name", required=REFUSE
        ),
    ] = None
    decision_document: Annotated[
        str | None,
        _pi(
            "决定标识",
            Kind.IDENTIFIER,
            "Identity: class, document number and party, as a keyed tag",
            "P",
            scheme="decision_document",
            strong=True,
            required=REFUSE,
        ),
    ] = None
    counterparty_name: Annotated[
        str | None,
        _pi(
            "行政相对人名称",
            Kind.TEXT,
            "Party",
            PUBLICITY,
            200,
            mask=Mask.PARTY,
            required=REFUSE,
            checks=(fact("identified", "QLT-PARTY-CODE", "counterparty_name__identified"),),
        ),
    ] = None
    counterparty_category: Annotated[
        str | None,
        _pi(
            "行政相对人类别",
            Kind.CODE,
            "Kind of party",
            PUBLICITY,
            code_list="counterparty_category",
            code_label="counterparty_category_name",
        ),
    ] = None
    cp_uscc: Annotated[
        str | None,
        _pi(
            "相对人统一社会信用代码",
            Kind.IDENTIFIER,
            "Party's credit code",
            "GB 32100-2015",
            18,
            scheme="uscc",
            refers=_subject,
            checks=credit_code("cp_uscc"),
        ),
    ] = None
    cp_reg_no: Annotated[
        str | None,
        _pi(
            "相对人工商注册号",
            Kind.IDENTIFIER,
            "Party's registration number before 2015",
            "GS 15",
            15,
            scheme="registration_number",
            refers=_subject,
            checks=(check_character("cp_reg_no", "QLT-REGNO-CHECK"),),
        ),
    ] = None
    cp_org_code: Annotated[
        str | None,
        _pi(
            "相对人组织机构代码",
            Kind.IDENTIFIER,
            "Party's organisation code",
            "GB 11714-1997",
            9,
            scheme="organisation_code",
            checks=(check_character("cp_org_code", "QLT-ORGCODE-CHECK"),),
        ),
    ] = None
    cp_tax_no: Annotated[
        str | None,
        _spi(
            "相对人税务登记号",
            Kind.IDENTIFIER,
            "Party's tax registration number (of a person: the identity number)",
            PUBLICITY,
            30,
            scheme="tax_registration",
        ),
    ] = None
    cp_institution_no: Annotated[
        str | None,
        _pi("相对人事业单位证书号", Kind.TEXT, "Party's institution certificate", PUBLICITY, 50, mask=Mask.LAST4),
    ] = None
    cp_social_org_no: Annotated[
        str | None,
        _pi("相对人社会组织登记证号", Kind.TEXT, "Party's social organisation number", PUBLICITY, 50, mask=Mask.LAST4),
    ] = None
    cp_id_type: Annotated[
        str | None,
        _pi(
            "自然人证件类型",
            Kind.CODE,
            "Person's document type",
            PUBLICITY,
            code_list="credit_document",
            code_label="cp_id_type_name",
            mask=Mask.HIDE,
        ),
    ] = None
    cp_id_no: Annotated[
        str | None,
        _spi(
            "自然人证件号码",
            Kind.IDENTIFIER,
            "Person's document number",
            PUBLICITY,
            30,
            refers=_person,
            checks=(check_character("cp_id_no"),),
        ),
    ] = None
    legal_rep_name: Annotated[
        str | None, _pi("法定代表人", Kind.TEXT, "Legal representative", PUBLICITY, 100, mask=Mask.NAME)
    ] = None
    legal_rep_id_type: Annotated[
        str | None,
        _pi(
            "法定代表人证件类型",
            Kind.CODE,
            "Representative's document type",
            PUBLICITY,
            code_list="credit_document",
            code_label="legal_rep_id_type_name",
            mask=Mask.HIDE,
        ),
    ] = None
    legal_rep_id_no: Annotated[
        str | None,
        _spi(
            "法定代表人证件号码",
            Kind.IDENTIFIER,
            "Representative's document number",
            PUBLICITY,
            30,
            refers=("legal_representative", "natural_person"),
            checks=(check_character("legal_rep_id_no"),),
        ),
    ] = None
    decision_doc_name: Annotated[str | None, _pi("决定文书名称", Kind.TEXT, "Name of the decision", PUBLICITY, 200)] = (
        None
    )
    decision_doc_no: Annotated[
        str | None, _pi("决定文书号", Kind.TEXT, "Number of the decision", "GB/T 9704-2012; " + PUBLICITY, 128)
    ] = None
    decided_on: Annotated[
        date | None,
        _pi(
            "决定日期",
            Kind.DATE,
            "Decided on",
            PUBLICITY,
            required=REFUSE,
            checks=(
                day_range(),
                Check(
                    "late", Test.IN_SET, "QLT-REPORTED-LATE", WARN, "decided_on__late", params=(("values", (False,)),)
                ),
                fact("agrees_with_record", "QLT-DECISION-DIFFERS", "decided_on__agrees"),
            ),
        ),
    ] = None
    licence_type: Annotated[
        str | None,
        _pi(
            "许可类别",
            Kind.CODE,
            "Kind of licence",
            PUBLICITY,
            code_list="licence_type",
            code_label="licence_type_name",
        ),
    ] = None
    cert_name: Annotated[str | None, _pi("许可证书名称", Kind.TEXT, "Licence certificate", PUBLICITY, 200)] = None
    cert_no: Annotated[str | None, _pi("许可编号", Kind.TEXT, "Licence number", PUBLICITY, 128)] = None
    content: Annotated[str | None, _pi("决定内容", Kind.TEXT, "What was decided", PUBLICITY, 20000, mask=Mask.HIDE)] = (
        None
    )
    valid_from: Annotated[date | None, _pi("有效期自", Kind.DATE, "Valid from", PUBLICITY)] = None
    valid_to: Annotated[
        date | None,
        _pi(
            "有效期至",
            Kind.DATE,
            "Valid to; null = open-ended",
            PUBLICITY,
            checks=(not_before("valid_from", "after_start"),),
        ),
    ] = None
    violation_type: Annotated[str | None, _pi("违法行为类型", Kind.TEXT, "Kind of violation", PUBLICITY, 2000)] = None
    violation_fact: Annotated[
        str | None, _pi("违法事实", Kind.TEXT, "Facts of the violation", PUBLICITY, 20000, mask=Mask.HIDE)
    ] = None
    legal_basis: Annotated[str | None, _pi("处罚依据", Kind.TEXT, "Legal basis", PUBLICITY, 4000)] = None
    penalty_categories: Annotated[
        list[dict[str, str]] | None,
        _pi(
            "处罚类别",
            Kind.ITEMS,
            "Categories of the penalty",
            "行政处罚法（2021）第九条",
            code_list="penalty_category",
            item=(("code", "代码"), ("name", "名称")),
            checks=(fact("known", "QLT-CODE", "penalty_categories__known", WARN),),
        ),
    ] = None
    fine: Annotated[
        Decimal | None,
        _pi(
            "罚款金额",
            Kind.DECIMAL,
            "Fine",
            PUBLICITY,
            digits=(20, 2),
            unit="元",
            checks=(
                NOT_NEGATIVE,
                fact("required_by_category", "QLT-FINE-MISSING", "penalty_categories__fine_stated"),
                fact("category", "QLT-FINE-CATEGORY", "fine__category", WARN),
                Check("unit", Test.IN_SET, "QLT-SUM-UNIT", WARN, "fine__unit", params=OK),
            ),
        ),
    ] = None
    confiscated: Annotated[
        Decimal | None,
        _pi(
            "没收金额",
            Kind.DECIMAL,
            "Confiscated sum",
            PUBLICITY,
            digits=(20, 2),
            unit="元",
            checks=(NOT_NEGATIVE, Check("unit", Test.IN_SET, "QLT-SUM-UNIT", WARN, "confiscated__unit", params=OK)),
        ),
    ] = None
    licence_suspended: Annotated[
        str | None,
        _pi("暂扣或吊销证照名称及编号", Kind.TEXT, "Licence suspended or revoked", PUBLICITY, 500, mask=Mask.HIDE),
    ] = None
    current_state: Annotated[
        str | None,
        _pi("当前状态", Kind.CODE, "State", PUBLICITY, code_list="decision_state", code_label="current_state_name"),
    ] = None
    organ_name: Annotated[
        str | None,
        _pi(
            "决定机关",
            Kind.TEXT,
            "Deciding organ",
            PUBLICITY,
            200,
            required=REFUSE,
            checks=(Check("is_a_name", Test.IN_SET, "QLT-ORGAN-NAME", WARN, "organ_name__form", params=OK),),
        ),
    ] = None
    organ_uscc: Annotated[
        str | None,
        _pi(
            "决定机关统一社会信用代码",
            Kind.TEXT,
            "Credit code of the organ",
            "GB 32100-2015",
            18,
            checks=(
                Check("stated", Test.NOT_NULL, "QLT-REQUIRED", WARN),
                fact("right", "QLT-USCC-CHECK", "organ_uscc__right", WARN),
            ),
        ),
    ] = None
    source_org: Annotated[str | None, _pi("数据来源单位", Kind.TEXT, "Reporting unit", PUBLICITY, 200)] = None
    source_org_uscc: Annotated[
        str | None, _pi("数据来源单位统一社会信用代码", Kind.TEXT, "Credit code of the reporting unit", PUBLICITY, 18)
    ] = None
    remark: Annotated[str | None, _pi("备注", Kind.TEXT, "Remark", PUBLICITY, 512, mask=Mask.HIDE)] = None
    list_name: Annotated[str | None, _pi("名单名称", Kind.TEXT, "List", LISTS, 200)] = None
    list_year: Annotated[str | None, _pi("评价年度", Kind.TEXT, "Year of the list", LISTS, 10)] = None
    case_no: Annotated[str | None, _pi("案号", Kind.TEXT, "Case number", LISTS, 128)] = None
    legal_basis_doc: Annotated[
        str | None,
        _pi(
            "认定依据",
            Kind.TEXT,
            "Statutory basis of a black list",
            LISTS,
            500,
            checks=(fact("stated", "QLT-LIST-BASIS", "record_class__basis"),),
        ),
    ] = None
    filed_on: Annotated[date | None, _pi("立案日期", Kind.DATE, "Case filed on", LISTS, checks=(day_range(),))] = None
    region: Annotated[str | None, _pi("地域", Kind.TEXT, "Region", LISTS, 100)] = None
