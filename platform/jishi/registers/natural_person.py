"""The natural person register 自然人: one declaration per element, from which tables, rules, masks and handbook follow."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from sqlmodel import SQLModel

from jishi.registers.address import county_checks
from jishi.registers.element import Check, DataElement, Kind, Mask, Sensitivity, Severity, Test
from jishi.registers.register import Contradiction, Register
from jishi.registers.survivorship import Survivorship

POLICE, CIVIL, HEALTH, EDUCATION, SOCIAL = "公安", "民政", "卫生健康", "教育", "人力资源社会保障"
PI, SPI = Sensitivity.PI, Sensitivity.SPI
WARN, TRUE = Severity.WARN, (("values", (True,)),)


class NaturalPerson(SQLModel):
    """A person known to the city. Photo, fingerprint, blood type, height and religion are not collected (minimum necessity)."""

    full_name: Annotated[
        str | None,
        DataElement(
            "姓名",
            Kind.TEXT,
            "Full name",
            "GB/T 36351; DB37/T 4223.1-2020",
            100,
            sensitivity=PI,
            mask=Mask.NAME,
            required=Severity.REFUSE_ROW,
            authority=POLICE,
        ),
    ] = None
    former_names: Annotated[
        list[dict[str, str]] | None,
        DataElement(
            "曾用名",
            Kind.ITEMS,
            "Former names",
            "DB37/T 4223.1-2020",
            sensitivity=PI,
            mask=Mask.HIDE,
            authority=POLICE,
            item=(("name", "姓名"),),
        ),
    ] = None
    name_pinyin: Annotated[
        str | None,
        DataElement(
            "姓名拼音", Kind.TEXT, "Name in Pinyin", "GB/T 28039", 100, sensitivity=PI, mask=Mask.HIDE, authority=POLICE
        ),
    ] = None
    id_type_code: Annotated[
        str | None,
        DataElement(
            "证件类型",
            Kind.CODE,
            "Identity document type",
            "GA/T 517-2004",
            code_list="identity_document",
            code_label="id_type",
            sensitivity=PI,
            authority=POLICE,
        ),
    ] = None
    id_number: Annotated[
        str | None,
        DataElement(
            "证件号码",
            Kind.IDENTIFIER,
            "Identity document number",
            "GB 11643-1999; GA/T 517-2004",
            30,
            sensitivity=SPI,
            mask=Mask.IDENTIFIER,
            strong=True,
            authority=POLICE,
            checks=(
                Check(
                    "check_character",
                    Test.PAIR_EQUAL,
                    "QLT-ID-CHECK",
                    column="id_number__check_actual",
                    other="id_number__check_expected",
                ),
                Check("birth_date_real", Test.IN_SET, "QLT-ID-BIRTH", column="id_number__birth_real", params=TRUE),
                Check("division_known", Test.IN_SET, "QLT-ID-DIVISION", WARN, "id_number__division_known", params=TRUE),
                Check("type_agrees", Test.PAIR_EQUAL, "QLT-ID-TYPE", WARN, "id_number__type", other="id_type_code"),
            ),
        ),
    ] = None
    id_valid_from: Annotated[
        date | None,
        DataElement("证件有效期起", Kind.DATE, "Document valid from", "GA/T 517", sensitivity=PI, mask=Mask.HIDE),
    ] = None
    id_valid_to: Annotated[
        date | None,
        DataElement(
            "证件有效期止",
            Kind.DATE,
            "Document valid to; null = long-term",
            "GA/T 517",
            sensitivity=PI,
            mask=Mask.HIDE,
            checks=(Check("after_start", Test.PAIR_NOT_BEFORE, "QLT-ORDER", other="id_valid_from"),),
        ),
    ] = None
    id_issuer: Annotated[
        str | None,
        DataElement("签发机关", Kind.TEXT, "Issuing authority", "GA/T 517", 100, sensitivity=PI, mask=Mask.HIDE),
    ] = None
    other_id_type_code: Annotated[
        str | None,
        DataElement(
            "其他证件类型",
            Kind.CODE,
            "Other document type",
            "GA/T 517-2004",
            code_list="identity_document",
            code_label="other_id_type",
            sensitivity=PI,
        ),
    ] = None
    other_id_number: Annotated[
        str | None,
        DataElement(
            "其他证件号码",
            Kind.IDENTIFIER,
            "Other document number",
            "GA/T 517-2004",
            30,
            sensitivity=SPI,
            mask=Mask.IDENTIFIER,
            strong=True,
            checks=(
                Check(
                    "check_character",
                    Test.PAIR_EQUAL,
                    "QLT-ID-CHECK",
                    column="other_id_number__check_actual",
                    other="other_id_number__check_expected",
                ),
            ),
        ),
    ] = None
    sex_code: Annotated[
        str | None,
        DataElement(
            "性别",
            Kind.CODE,
            "Sex",
            "GB/T 2261.1-2003",
            code_list="sex",
            code_label="sex",
            sensitivity=PI,
            authority=POLICE,
            checks=(
                Check(
                    "agrees_with_id_number",
                    Test.PAIR_EQUAL,
                    "QLT-ID-SEX",
                    column="sex_code__definite",
                    other="id_number__sex",
                ),
            ),
        ),
    ] = None
    ethnicity_code: Annotated[
        str | None,
        DataElement(
            "民族",
            Kind.CODE,
            "Ethnicity",
            "GB/T 3304-1991",
            code_list="ethnicity",
            code_label="ethnicity",
            sensitivity=SPI,
            mask=Mask.HIDE,
            authority=POLICE,
        ),
    ] = None
    birth_date: Annotated[
        date | None,
        DataElement(
            "出生日期",
            Kind.PARTIAL_DATE,
            "Date of birth",
            "GB/T 7408.1-2023; GB 11643",
            sensitivity=PI,
            mask=Mask.YEAR,
            authority=POLICE,
            checks=(
                Check(
                    "agrees_with_id_number",
                    Test.PAIR_EQUAL,
                    "QLT-ID-BIRTH-DIFFERS",
                    column="birth_date__prefix",
                    other="id_number__birth_prefix",
                ),
                Check("range", Test.BETWEEN, "QLT-RANGE", params=(("min", "1850-01-01"), ("max", "today"))),
            ),
        ),
    ] = None
    nationality_code: Annotated[
        str | None,
        DataElement(
            "国籍", Kind.CODE, "Nationality", "GB/T 2659", code_list="country", code_label="nationality", sensitivity=PI
        ),
    ] = None
    birth_place_code: Annotated[
        str | None,
        DataElement(
            "出生地",
            Kind.CODE,
            "Place of birth",
            "GB/T 2260",
            code_list="division",
            code_label="birth_place",
            sensitivity=PI,
            mask=Mask.HIDE,
            authority=POLICE,
        ),
    ] = None
    native_place_code: Annotated[
        str | None,
        DataElement(
            "籍贯",
            Kind.CODE,
            "Native place",
            "GB/T 2260",
            code_list="division",
            code_label="native_place",
            sensitivity=PI,
            mask=Mask.HIDE,
            authority=POLICE,
        ),
    ] = None
    hukou_division_code: Annotated[
        str | None,
        DataElement(
            "户籍地区划",
            Kind.TEXT,
            "Division of household registration",
            "GB/T 2260; 统计用区划代码",
            12,
            sensitivity=PI,
            mask=Mask.COUNTY,
            authority=POLICE,
            address_part=("hukou_address", "division_code"),
        ),
    ] = None
    hukou_address: Annotated[
        str | None,
        DataElement(
            "户籍地址",
            Kind.TEXT,
            "Address of household registration",
            "DB37/T 4223.1-2020",
            200,
            sensitivity=SPI,
            mask=Mask.STREET,
            authority=POLICE,
            checks=county_checks("hukou_address"),
        ),
    ] = None
    household_no: Annotated[
        str | None,
        DataElement("户号", Kind.TEXT, "Household number", "GA", 20, sensitivity=PI, mask=Mask.LAST4, authority=POLICE),
    ] = None
    residence_address: Annotated[
        str | None,
        DataElement(
            "现居住地址", Kind.TEXT, "Residence address", "DB37/T 4223.1-2020", 200, sensitivity=PI, mask=Mask.STREET
        ),
    ] = None
    residence_type_code: Annotated[
        str | None,
        DataElement(
            "居住类型",
            Kind.CODE,
            "Residence type",
            "P",
            code_list="residence_type",
            code_label="residence_type",
            sensitivity=PI,
        ),
    ] = None
    marital_status_code: Annotated[
        str | None,
        DataElement(
            "婚姻状况",
            Kind.CODE,
            "Marital status",
            "GB/T 2261.2-2003",
            code_list="marital_status",
            code_label="marital_status",
            sensitivity=SPI,
            mask=Mask.HIDE,
            authority=CIVIL,
        ),
    ] = None
    education_code: Annotated[
        str | None,
        DataElement(
            "学历",
            Kind.CODE,
            "Education",
            "GB/T 4658-2006",
            code_list="education",
            code_label="education",
            sensitivity=PI,
            mask=Mask.HIDE,
            authority=EDUCATION,
        ),
    ] = None
    political_status_code: Annotated[
        str | None,
        DataElement(
            "政治面貌",
            Kind.CODE,
            "Political status",
            "GB/T 4762",
            code_list="political_status",
            code_label="political_status",
            sensitivity=SPI,
            mask=Mask.HIDE,
        ),
    ] = None
    mobile: Annotated[
        str | None,
        DataElement(
            "手机号码",
            Kind.TEXT,
            "Mobile number",
            "E.164 national part",
            20,
            sensitivity=PI,
            mask=Mask.PHONE,
            checks=(Check("shape", Test.REGEX, "QLT-SHAPE", WARN, params=(("regex", r"^1[3-9][0-9]{9}$"),)),),
        ),
    ] = None
    email: Annotated[
        str | None, DataElement("电子邮箱", Kind.TEXT, "E-mail", "RFC 5322", 100, sensitivity=PI, mask=Mask.EMAIL)
    ] = None
    person_status_code: Annotated[
        str | None,
        DataElement(
            "人员状态",
            Kind.CODE,
            "Person status",
            "P",
            code_list="person_status",
            code_label="person_status",
            sensitivity=PI,
            authority=POLICE,
        ),
    ] = None
    death_date: Annotated[
        date | None,
        DataElement(
            "死亡日期",
            Kind.DATE,
            "Date of death",
            "GB/T 7408.1-2023",
            sensitivity=PI,
            mask=Mask.YEAR,
            authority=HEALTH,
            checks=(
                Check("after_birth", Test.PAIR_NOT_BEFORE, "QLT-ORDER", other="birth_date"),
                Check("not_future", Test.BETWEEN, "QLT-RANGE", params=(("min", "1850-01-01"), ("max", "today"))),
            ),
        ),
    ] = None


REGISTER = Register(
    name="natural_person",
    title="自然人",
    collection="natural-persons",
    number=1,
    model=NaturalPerson,
    personal=True,
    natural_key=None,
    searched=("full_name", "mobile"),
    contradiction=Contradiction(names=("full_name",), dates=("birth_date",), name_floor=0.0),
    survivorship=Survivorship(
        together=(
            ("id_type_code", "id_number", "id_valid_from", "id_valid_to", "id_issuer"),
            ("other_id_type_code", "other_id_number"),
            ("person_status_code", "death_date"),
        ),
        sticky=(("person_status_code", ("2",)),),
    ),
)
