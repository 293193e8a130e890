"""The catalogue entry 政务信息资源目录 of each register: what it is filed under, who provides it, how it may be shared.

Members and the rules of :func:`check` follow 政务信息资源目录编制指南（试行）: a resource shared on condition states
the condition, one that is not shared states its legal basis. The code is 类 (1 digit) 项 (2) 目 (3) / 顺序码;
项 01 to 05 are the five basic libraries.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from jishi.errors import DeclarationError, Fault
from jishi.registers.register import Register


class Sharing(StrEnum):
    """Sharing type 共享类型."""

    UNCONDITIONAL = "unconditional"
    CONDITIONAL = "conditional"
    NONE = "none"


SHARING_TITLES = {
    Sharing.UNCONDITIONAL: "无条件共享",
    Sharing.CONDITIONAL: "有条件共享",
    Sharing.NONE: "不予共享",
}


@dataclass(frozen=True, slots=True)
class CatalogueEntry:
    """One resource of the catalogue. ``condition``: needed when CONDITIONAL; ``basis``: the law, needed when NONE."""

    code: str
    summary: str
    summary_en: str
    provider: str
    update_cycle: str
    sharing: Sharing
    condition: str | None = None
    basis: str | None = None

    @property
    def sharing_title(self) -> str:
        return SHARING_TITLES[self.sharing]


ENTRIES = {
    "natural_person": CatalogueEntry(
        code="101001/000001",
        summary="人口基础信息：本市户籍人口与登记的流动人口",
        summary_en="The population: registered residents and registered migrants",
        provider="公安",
        update_cycle="每日",
        sharing=Sharing.CONDITIONAL,
        condition="个人信息：凭授权、按履职目的和最小必要的数据元共享，逐次登记披露",
    ),
    "legal_entity": CatalogueEntry(
        code="102001/000001",
        summary="法人单位基础信息：企业、机关、事业单位、社会组织和其他组织",
        summary_en="Legal entities: enterprises, government organs, institutions, social and other organisations",
        provider="市场监督管理",
        update_cycle="每日",
        sharing=Sharing.UNCONDITIONAL,
        condition="无条件",
    ),
    "place": CatalogueEntry(
        code="103001/000001",
        summary="自然资源和空间地理基础信息：行政区划及界线、标准地址、兴趣点",
        summary_en="Places: divisions and their boundaries, standard addresses, points of interest",
        provider="自然资源",
        update_cycle="每月",
        sharing=Sharing.CONDITIONAL,
        condition="限政务部门履职使用；平面精度优于 1 米的几何另行审批",
    ),
    "credit_record": CatalogueEntry(
        code="104001/000001",
        summary="公共信用信息：行政许可、行政处罚、守信激励与严重失信主体名单、信用修复",
        summary_en="Credit records: licences, penalties, red and black lists, repair of credit",
        provider="发展改革",
        update_cycle="每日",
        sharing=Sharing.CONDITIONAL,
        condition="凭授权查询；未到公示期、已过公示期、已修复和依规定不公示的信息不提供",
    ),
    "certificate": CatalogueEntry(
        code="105001/000001",
        summary="电子证照：证照目录、持证主体、有效期与状态、加注件",
        summary_en="Electronic certificates: holder, validity, status, annotated copies",
        provider="数据",
        update_cycle="实时",
        sharing=Sharing.CONDITIONAL,
        condition="凭授权、按办事用途调用，逐次登记披露；加注件一事一用",
    ),
}
"""Register name → its entry; a deployment has exactly one for each register of the catalog."""


def entry_of(register: Register) -> CatalogueEntry:
    """The entry of ``register``; DeclarationError ``REG-CATALOGUE`` where it has none or an incomplete one."""
    entry = ENTRIES.get(register.name)
    faults = check(entry) if entry else (Fault(register.name, "REG-CATALOGUE-ABSENT"),)
    if entry is None or faults:
        raise DeclarationError("REG-CATALOGUE", register=register.name, faults=faults)
    return entry


def check(entry: CatalogueEntry) -> tuple[Fault, ...]:
    """Faults of an entry: a sharing type without the words the guide demands for it."""
    faults = []
    if entry.sharing is not Sharing.NONE and not entry.condition:
        faults.append(Fault("condition", "REG-CATALOGUE-CONDITION"))
    if entry.sharing is Sharing.NONE and not entry.basis:
        faults.append(Fault("basis", "REG-CATALOGUE-BASIS"))
    return tuple(faults)
