"""The certificate register 电子证照: licences and certificates as GB/T 36903 and GB/T 36904 describe them.

Each version of a certificate has an identifier of its own and is a record of its own, which names the one before it. Every
element counts as personal, because a holder may be a natural person.
"""

from __future__ import annotations

from datetime import date
from functools import partial
from typing import Annotated

from sqlmodel import SQLModel

from jishi.registers.checks import check_character, day_range, fact, not_before
from jishi.registers.clock import ClockRule
from jishi.registers.element import Check, DataElement, Kind, Mask, Sensitivity, Severity, Test
from jishi.registers.register import Contradiction, Register
from jishi.registers.survivorship import Survivorship

METADATA = "GB/T 36903-2018"
IDENTIFICATION = "GB/T 36904-2018"
FILES = "GB/T 36905-2018"
WARN, REFUSE = Severity.WARN, Severity.REFUSE_ROW

TRANSITIONS: tuple[tuple[str, str], ...] = tuple(
    (before, after)
    for before, following in {
        "01": ("02", "03", "04", "05", "06", "07"),
        "02": ("01", "04", "07"),
        "06": ("01",),  # operation 10, a transfer out that was called off
    }.items()
    for after in following
)
"""Lawful changes of status (P). 03, 04 and 07 are final; after 05 only a new version is valid again."""

_pi = partial(DataElement, sensitivity=Sensitivity.PI)
_spi = partial(DataElement, sensitivity=Sensitivity.SPI)


def _holder_checks(name: str) -> tuple[Check, ...]:
    return (
        check_character(name, "QLT-HOLDER-CHECK"),
        Check("type_agrees", Test.PAIR_EQUAL, "QLT-ID-TYPE", WARN, f"{name}__type", other=f"{name}_type"),
    )


class Certificate(SQLModel):
    """One version of one certificate."""

    cert_identifier: Annotated[
        str | None,
        _pi(
            "电子证照标识",
            Kind.IDENTIFIER,
            "Certificate identifier",
            IDENTIFICATION,
            128,
            scheme="certificate",
            strong=True,
            required=REFUSE,
            checks=(
                check_character("cert_identifier", "QLT-CERT-CHECK"),
                fact("issuer", "QLT-CERT-ISSUER", "cert_identifier__issuer_right", WARN),
            ),
        ),
    ] = None
    cert_name: Annotated[str | None, _pi("证照名称", Kind.TEXT, "Name", METADATA, 100, required=REFUSE)] = None
    cert_type_name: Annotated[str | None, _pi("证照类型名称", Kind.TEXT, "Type", METADATA, 100)] = None
    cert_type_code: Annotated[
        str | None,
        _pi(
            "证照类型代码",
            Kind.TEXT,
            "Type code",
            IDENTIFICATION,
            21,
            checks=(fact("agrees_with_identifier", "QLT-CERT-DIFFERS", "cert_type_code__agrees", WARN),),
        ),
    ] = None
    define_org_name: Annotated[str | None, _pi("证照定义机构", Kind.TEXT, "Defining organ", METADATA, 100)] = None
    define_org_code: Annotated[str | None, _pi("证照定义机构代码", Kind.TEXT, "Its code", METADATA, 18)] = None
    cert_no: Annotated[str | None, _pi("证照编号", Kind.TEXT, "Printed number", METADATA, 64, mask=Mask.LAST4)] = None
    issuer_name: Annotated[str | None, _pi("证照颁发机构", Kind.TEXT, "Issuer", METADATA, 100, required=REFUSE)] = None
    issuer_code: Annotated[
        str | None,
        _pi(
            "证照颁发机构代码",
            Kind.TEXT,
            "Issuer's code",
            METADATA,
            18,
            checks=(fact("agrees_with_identifier", "QLT-CERT-DIFFERS", "issuer_code__agrees", WARN),),
        ),
    ] = None
    issuer_level: Annotated[
        str | None,
        _pi(
            "证照颁发机构级别",
            Kind.CODE,
            "Issuer's level",
            METADATA,
            code_list="issuer_level",
            code_label="issuer_level_name",
        ),
    ] = None
    issue_date: Annotated[
        date | None,
        _pi(
            "证照颁发日期",
            Kind.DATE,
            "Issued on",
            METADATA,
            required=REFUSE,
            checks=(day_range(), not_before("first_issue_date", "after_first")),
        ),
    ] = None
    first_issue_date: Annotated[
        date | None, _pi("初领日期", Kind.DATE, "First issued on", METADATA, checks=(day_range("1900-01-01"),))
    ] = None
    holder_name: Annotated[
        str | None,
        _pi(
            "持证主体",
            Kind.TEXT,
            "Holder",
            METADATA,
            200,
            mask=Mask.PARTY,
            required=REFUSE,
            checks=(
                Check(
                    "at_most_two",
                    Test.BETWEEN,
                    "QLT-HOLDERS",
                    column="holder_name__count",
                    params=(("min", 1), ("max", 2)),
                ),
            ),
        ),
    ] = None
    holder_code: Annotated[
        str | None,
        _spi(
            "持证主体代码",
            Kind.IDENTIFIER,
            "Holder's code; a credit code is shown whole",
            METADATA,
            32,
            mask=Mask.IDENTIFIER,
            refers=("holder", "legal_entity", "natural_person"),
            checks=_holder_checks("holder_code"),
        ),
    ] = None
    holder_code_type: Annotated[
        str | None,
        _pi(
            "持证主体代码类型代码",
            Kind.CODE,
            "Type of the holder's code",
            METADATA + " 附录 A",
            code_list="holder_code_type",
            code_label="holder_code_type_name",
        ),
    ] = None
    holder2_name: Annotated[
        str | None, _pi("第二持证主体", Kind.TEXT, "Second holder", METADATA, 200, mask=Mask.PARTY)
    ] = None
    holder2_code: Annotated[
        str | None,
        _spi(
            "第二持证主体代码",
            Kind.IDENTIFIER,
            "Second holder's code",
            METADATA,
            32,
            mask=Mask.IDENTIFIER,
            refers=("holder", "legal_entity", "natural_person"),
            checks=_holder_checks("holder2_code"),
        ),
    ] = None
    holder2_code_type: Annotated[
        str | None,
        _pi(
            "第二持证主体代码类型代码",
            Kind.CODE,
            "Type of the second holder's code",
            METADATA + " 附录 A",
            code_list="holder_code_type",
            code_label="holder2_code_type_name",
        ),
    ] = None
    valid_from: Annotated[date | None, _pi("证照有效期起始日期", Kind.DATE, "Valid from", METADATA)] = None
    valid_to: Annotated[
        date | None,
        _pi(
            "证照有效期截止日期",
            Kind.DATE,
            "Valid to; null = long-term",
            METADATA,
            checks=(not_before("valid_from", "after_start"),),
        ),
    ] = None
    valid_range: Annotated[str | None, _pi("证照有效期限范围", Kind.TEXT, "Validity in words", METADATA, 64)] = None
    area_code: Annotated[
        str | None, _pi("证照所属地区编码", Kind.TEXT, "Division", "GB/T 2260", 12, mask=Mask.COUNTY)
    ] = None
    seal_signer: Annotated[str | None, _pi("签章人", Kind.TEXT, "Signed by", METADATA, 100, mask=Mask.NAME)] = None
    sealed_on: Annotated[date | None, _pi("签章时间", Kind.DATE, "Sealed on", METADATA)] = None
    seal_name: Annotated[str | None, _pi("签章名称", Kind.TEXT, "Seal", METADATA, 100)] = None
    related_item_name: Annotated[str | None, _pi("关联事项名称", Kind.TEXT, "Government service", METADATA, 256)] = None
    related_item_code: Annotated[str | None, _pi("关联事项代码", Kind.TEXT, "Its code", METADATA, 64)] = None
    associated_cert_identifier: Annotated[
        str | None,
        _pi(
            "关联证照标识",
            Kind.IDENTIFIER,
            "Identifier of the version before",
            IDENTIFICATION,
            128,
            scheme="certificate",
            refers=("previous_version", "certificate"),
            checks=(
                check_character("associated_cert_identifier", "QLT-CERT-CHECK"),
                fact("another", "QLT-CERT-ITSELF", "associated_cert_identifier__another"),
            ),
        ),
    ] = None
    cert_status: Annotated[
        str | None,
        _pi(
            "证照状态",
            Kind.CODE,
            "Status",
            "C0293-2024",
            code_list="certificate_status",
            code_label="cert_status_name",
            checks=(
                fact("transition", "QLT-CERT-TRANSITION", "cert_status__allowed"),
                fact("explained", "QLT-CERT-EXPLAINED", "cert_status__explained"),
            ),
        ),
    ] = None
    cert_status_text: Annotated[str | None, _pi("证照状态说明", Kind.TEXT, "Status in words", METADATA, 200)] = None
    operate_type: Annotated[
        str | None,
        _pi(
            "操作类型",
            Kind.CODE,
            "Operation",
            "C0293-2024",
            code_list="certificate_operation",
            code_label="operate_type_name",
            checks=(fact("associated", "QLT-CERT-ASSOCIATED", "operate_type__associated"),),
        ),
    ] = None
    annotated_copies: Annotated[
        list[dict[str, str]] | None,
        _pi(
            "加注件",
            Kind.ITEMS,
            "Annotated copies, each made once for one purpose",
            METADATA,
            mask=Mask.HIDE,
            item=(
                ("made_at", "制作日期"),
                ("maker", "制作者"),
                ("purpose", "用途"),
                ("reason", "事由"),
                ("expires_at", "截止日期"),
            ),
            checks=(fact("complete", "QLT-COPY", "annotated_copies__complete"),),
        ),
    ] = None
    file_format: Annotated[str | None, _pi("文件格式", Kind.TEXT, "File format", FILES, 20)] = None
    file_ref: Annotated[str | None, _pi("文件引用", Kind.TEXT, "Where the file lies", FILES, 500, mask=Mask.HIDE)] = (
        None
    )
    file_digest: Annotated[
        str | None,
        _pi(
            "文件摘要",
            Kind.TEXT,
            "Digest of the file (SM3)",
            "GB/T 32905-2016",
            128,
            checks=(fact("shape", "QLT-SHAPE", "file_digest__shaped", WARN),),
        ),
    ] = None
    face_fields: Annotated[
        list[dict[str, str]] | None,
        _spi(
            "照面信息",
            Kind.ITEMS,
            "Fields on the face; citizen numbers in them are masked for good",
            METADATA,
            mask=Mask.HIDE,
            item=(("name", "名称"), ("value", "内容")),
        ),
    ] = None


REGISTER = Register(
    name="certificate",
    title="电子证照",
    collection="certificates",
    number=5,
    model=Certificate,
    personal=True,
    natural_key=None,
    searched=("cert_no",),
    contradiction=Contradiction(names=("holder_name",), name_floor=0.2),
    survivorship=Survivorship(
        together=(
            ("holder_name", "holder_code", "holder_code_type"),
            ("holder2_name", "holder2_code", "holder2_code_type"),
            ("issuer_name", "issuer_code", "issuer_level"),
            ("define_org_name", "define_org_code"),
            ("valid_from", "valid_to", "valid_range"),
            ("cert_status", "cert_status_text", "operate_type"),
            ("seal_signer", "sealed_on", "seal_name"),
            ("file_format", "file_ref", "file_digest"),
        )
    ),
    clocks=(ClockRule(at="valid_to", day_after=True, when=(("cert_status", ("01",)),), sets=(("cert_status", "05"),)),),
)
