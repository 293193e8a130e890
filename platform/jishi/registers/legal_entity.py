"""The legal entity register 法人及非法人组织: enterprises, institutions, social and other organisations."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Annotated

from sqlmodel import SQLModel

from jishi.registers.address import address_part, county_checks
from jishi.registers.element import Check, DataElement, Kind, Mask, Sensitivity, Severity, Test
from jishi.registers.reference import Reference
from jishi.registers.register import Contradiction, FreeText, Register
from jishi.registers.survivorship import Survivorship

MARKET, BOOK = "市场监督管理", "GB/T 36104-2018 法人和其他组织统一社会信用代码基础数据元"
PI, SPI = Sensitivity.PI, Sensitivity.SPI
TRUE = (("values", (True,)),)


class LegalEntity(SQLModel):
    """An organisation. A register number of before 2015 stands in ``reg_no_legacy`` where no USCC is known."""

    entity_name: Annotated[
        str | None,
        DataElement(
            "名称", Kind.TEXT, "Name", BOOK, 200, queryable=True, required=Severity.REFUSE_ROW, authority=MARKET
        ),
    ] = None
    uscc: Annotated[
        str | None,
        DataElement(
            "统一社会信用代码",
            Kind.IDENTIFIER,
            "Unified social credit code",
            "GB 32100-2015",
            18,
            queryable=True,
            scheme="uscc",
            strong=True,
            authority=MARKET,
            checks=(
                Check(
                    "check_character",
                    Test.PAIR_EQUAL,
                    "QLT-USCC-CHECK",
                    column="uscc__check_actual",
                    other="uscc__check_expected",
                ),
                Check("not_zeros", Test.IN_SET, "QLT-USCC-ZEROS", column="uscc__zeros", params=(("values", (False,)),)),
                Check(
                    "category_known",
                    Test.IN_SET,
                    "QLT-USCC-CATEGORY",
                    Severity.WARN,
                    "uscc__category_known",
                    params=TRUE,
                ),
                Check(
                    "inner_code",
                    Test.PAIR_EQUAL,
                    "QLT-USCC-INNER",
                    Severity.WARN,
                    "uscc__inner_actual",
                    other="uscc__inner_expected",
                ),
                Check(
                    "division_known",
                    Test.IN_SET,
                    "QLT-USCC-DIVISION",
                    Severity.WARN,
                    "uscc__division_known",
                    params=TRUE,
                ),
            ),
        ),
    ] = None
    reg_no_legacy: Annotated[
        str | None,
        DataElement(
            "工商注册号",
            Kind.IDENTIFIER,
            "Registration number before 2015",
            "GS 15",
            15,
            queryable=True,
            scheme="registration_number",
            strong=True,
            authority=MARKET,
            checks=(
                Check(
                    "check_digit",
                    Test.PAIR_EQUAL,
                    "QLT-REGNO-CHECK",
                    column="reg_no_legacy__check_actual",
                    other="reg_no_legacy__check_expected",
                ),
                Check(
                    "fifteen_digits", Test.REGEX, "QLT-REGNO-LENGTH", Severity.WARN, params=(("regex", r"^[0-9]{15}$"),)
                ),
            ),
        ),
    ] = None
    org_code: Annotated[
        str | None, DataElement("组织机构代码", Kind.TEXT, "Organisation code", "GB 11714-1997", 9, queryable=True)
    ] = None
    former_names: Annotated[
        list[dict[str, str]] | None,
        DataElement("曾用名", Kind.ITEMS, "Former names", BOOK, authority=MARKET, item=(("name", "名称"),)),
    ] = None
    name_abbr: Annotated[str | None, DataElement("简称", Kind.TEXT, "Short name", BOOK, 100)] = None
    name_en: Annotated[str | None, DataElement("英文名", Kind.TEXT, "English name", BOOK, 200)] = None
    entity_category_code: Annotated[
        str | None,
        DataElement(
            "主体类别",
            Kind.CODE,
            "Category",
            "GB 32100-2015 §5",
            code_list="registration_category",
            code_label="entity_category",
            queryable=True,
        ),
    ] = None
    entity_type: Annotated[
        str | None,
        DataElement("企业类型", Kind.TEXT, "Type as registered", "GB/T 12402", 100, queryable=True, authority=MARKET),
    ] = None
    legal_rep_name: Annotated[
        str | None,
        DataElement(
            "法定代表人",
            Kind.TEXT,
            "Legal representative (a text, never a link)",
            BOOK,
            100,
            sensitivity=PI,
            mask=Mask.NAME,
            authority=MARKET,
        ),
    ] = None
    legal_rep_id_type: Annotated[
        str | None,
        DataElement(
            "法定代表人证件类型",
            Kind.CODE,
            "Document type of the representative",
            "GA/T 517-2004",
            code_list="identity_document",
            code_label="legal_rep_id_type_name",
            sensitivity=PI,
            mask=Mask.HIDE,
        ),
    ] = None
    legal_rep_id_no: Annotated[
        str | None,
        DataElement(
            "法定代表人证件号码",
            Kind.IDENTIFIER,
            "Document number of the representative",
            "GA/T 517-2004",
            30,
            sensitivity=SPI,
            mask=Mask.IDENTIFIER,
            refers=("legal_representative", "natural_person"),
            checks=(
                Check(
                    "check_character",
                    Test.PAIR_EQUAL,
                    "QLT-ID-CHECK",
                    column="legal_rep_id_no__check_actual",
                    other="legal_rep_id_no__check_expected",
                ),
            ),
        ),
    ] = None
    legal_rep_phone: Annotated[
        str | None, DataElement("联系电话", Kind.TEXT, "Telephone", BOOK, 20, sensitivity=PI, mask=Mask.PHONE)
    ] = None
    reg_capital: Annotated[
        Decimal | None,
        DataElement(
            "注册资本",
            Kind.DECIMAL,
            "Registered capital",
            BOOK,
            digits=(20, 6),
            unit="万元 of the currency",
            authority=MARKET,
            checks=(
                Check("not_negative", Test.BETWEEN, "QLT-RANGE", params=(("min", 0), ("max", None))),
                Check(
                    "plausible",
                    Test.BETWEEN,
                    "QLT-CAPITAL-UNIT",
                    Severity.WARN,
                    params=(("min", 0), ("max", 5_000_000)),
                ),
            ),
        ),
    ] = None
    reg_capital_currency: Annotated[
        str | None,
        DataElement(
            "注册资本币种",
            Kind.CODE,
            "Currency of the capital",
            "GB/T 12406",
            code_list="currency",
            code_label="reg_capital_currency_name",
        ),
    ] = None
    paid_in_capital: Annotated[
        Decimal | None,
        DataElement("实收资本", Kind.DECIMAL, "Paid-in capital", BOOK, digits=(20, 6), unit="万元 of the currency"),
    ] = None
    establish_date: Annotated[
        date | None,
        DataElement(
            "成立日期",
            Kind.DATE,
            "Date of establishment",
            BOOK,
            queryable=True,
            authority=MARKET,
            checks=(Check("range", Test.BETWEEN, "QLT-RANGE", params=(("min", "1850-01-01"), ("max", "today"))),),
        ),
    ] = None
    approve_date: Annotated[
        date | None,
        DataElement(
            "核准日期",
            Kind.DATE,
            "Date of approval",
            BOOK,
            authority=MARKET,
            checks=(
                Check("after_establishment", Test.PAIR_NOT_BEFORE, "QLT-ORDER", other="establish_date"),
                Check("range", Test.BETWEEN, "QLT-RANGE", params=(("min", "1850-01-01"), ("max", "today"))),
            ),
        ),
    ] = None
    term_from: Annotated[date | None, DataElement("经营期限自", Kind.DATE, "Term from", BOOK)] = None
    term_to: Annotated[
        date | None,
        DataElement(
            "经营期限至",
            Kind.DATE,
            "Term to; null = long-term",
            BOOK,
            checks=(Check("after_start", Test.PAIR_NOT_BEFORE, "QLT-ORDER", other="term_from"),),
        ),
    ] = None
    entity_status_code: Annotated[
        str | None,
        DataElement(
            "登记状态",
            Kind.CODE,
            "Status",
            "P",
            code_list="entity_status",
            code_label="entity_status",
            queryable=True,
            authority=MARKET,
        ),
    ] = None
    cancel_date: Annotated[
        date | None, DataElement("注销日期", Kind.DATE, "Date of cancellation", BOOK, authority=MARKET)
    ] = None
    industry_code: Annotated[
        str | None,
        DataElement(
            "行业代码",
            Kind.CODE,
            "Industry",
            "GB/T 4754-2017",
            code_list="industry",
            code_label="industry",
            queryable=True,
        ),
    ] = None
    business_scope: Annotated[str | None, DataElement("经营范围", Kind.TEXT, "Business scope", BOOK, 20000)] = None
    reg_authority_name: Annotated[
        str | None, DataElement("登记机关", Kind.TEXT, "Registration authority", BOOK, 100)
    ] = None
    reg_division_code: Annotated[
        str | None,
        DataElement(
            "登记机关区划",
            Kind.TEXT,
            "Division of first registration (part of the code)",
            "GB 32100-2015 §4",
            6,
            queryable=True,
        ),
    ] = None
    province: Annotated[str | None, DataElement("所在省份", Kind.TEXT, "Province as delivered", "P", 100)] = None
    city: Annotated[str | None, DataElement("地区", Kind.TEXT, "City as delivered", "P", 100, queryable=True)] = None
    domicile: Annotated[
        str | None, DataElement("住所", Kind.TEXT, "Domicile", BOOK, 500, checks=county_checks("domicile"))
    ] = None
    domicile_division_code: Annotated[
        str | None,
        address_part(
            "住所所在区县代码",
            "County the domicile lies in, today's code",
            "division_code",
            of="domicile",
            standard="GB/T 2260",
            queryable=True,
        ),
    ] = None
    domicile_location: Annotated[
        str | None,
        address_part(
            "住所定位键",
            "What the domicile has in common with the standard address of its door",
            "location",
            of="domicile",
            standard="P",
        ),
    ] = None
    post_code: Annotated[str | None, DataElement("邮政编码", Kind.TEXT, "Post code", BOOK, 6)] = None
    parent_entity_uscc: Annotated[
        str | None,
        DataElement(
            "上级单位代码",
            Kind.IDENTIFIER,
            "Code of the superior entity",
            "GB 32100-2015",
            18,
            scheme="uscc",
            refers=("branch_of", "legal_entity"),
        ),
    ] = None


REGISTER = Register(
    name="legal_entity",
    title="法人",
    collection="legal-entities",
    number=2,
    model=LegalEntity,
    personal=False,
    natural_key="uscc",
    free_text=FreeText(names=("entity_name",), former=("former_names",), addresses=("domicile",)),
    contradiction=Contradiction(names=("entity_name",), name_floor=0.2),
    survivorship=Survivorship(
        together=(
            ("reg_capital", "reg_capital_currency"),
            ("legal_rep_name", "legal_rep_id_type", "legal_rep_id_no", "legal_rep_phone"),
        )
    ),
    referring=(
        Reference(
            "located_at", "domicile_division_code", ("place",), "division_code", where=(("place_type", "division"),)
        ),
        Reference("located_at", "domicile_location", ("place",), "addr_location", where=(("place_type", "address"),)),
    ),
)
