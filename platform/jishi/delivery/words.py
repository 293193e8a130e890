"""How the closed sets of a declaration are called where people read them, Chinese first (road out, files)."""

from __future__ import annotations

from jishi.registers.element import Kind, Mask, Sensitivity, Severity

KINDS = {
    Kind.TEXT: "文本 text",
    Kind.CODE: "代码 code",
    Kind.DATE: "日期 date",
    Kind.PARTIAL_DATE: "不完整日期（年、月或日）partial date",
    Kind.DECIMAL: "小数 decimal",
    Kind.INTEGER: "整数 integer",
    Kind.BOOLEAN: "是否 boolean",
    Kind.GEOMETRY: "几何 geometry",
    Kind.ITEMS: "列表 list",
    Kind.IDENTIFIER: "标识号 identifier",
}

SENSITIVITIES = {
    Sensitivity.N: "N 非个人信息 not personal",
    Sensitivity.PI: "PI 个人信息 personal",
    Sensitivity.SPI: "SPI 敏感个人信息 sensitive personal",
}

MASKS = {
    Mask.NONE: "无 none",
    Mask.HIDE: "不给出 hidden",
    Mask.NAME: "留首字 first character",
    Mask.IDENTIFIER: "留首尾（18 位号码为前 3 后 4）both ends",
    Mask.PHONE: "留首尾（手机号为前 3 后 4）both ends",
    Mask.YEAR: "留年份 year only",
    Mask.COUNTY: "留到区县 county only",
    Mask.STREET: "留到街道 to the street",
    Mask.LAST4: "留后 4 位 last 4",
    Mask.EMAIL: "留首字符和域名 first character and domain",
    Mask.PARTY: "自然人留首字，单位名称全给 first character of a person's name",
}

SEVERITIES = {
    Severity.REFUSE_ROW: "拒收该行 row refused",
    Severity.REFUSE_BATCH: "拒收整批 batch refused",
    Severity.WARN: "提示 warning",
}

CLASSES = {
    Kind.TEXT: "文本 text",
    Kind.CODE: "代码 code",
    Kind.DATE: "日期 date",
    Kind.PARTIAL_DATE: "日期 date",
    Kind.DECIMAL: "数量 quantity",
    Kind.INTEGER: "数量 quantity",
    Kind.BOOLEAN: "指示 indicator",
    Kind.GEOMETRY: "几何 geometry",
    Kind.ITEMS: "列表 list",
    Kind.IDENTIFIER: "标识 identifier",
}
"""Representation classes in the sense of ISO/IEC 11179."""

STATUSES = {
    "draft": "草案 draft",
    "review": "审核中 review",
    "approved": "已批准 approved",
    "deprecated": "已停用 deprecated",
}
