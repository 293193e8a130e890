"""Nodes that share words are told apart; what is ambiguous is left open; what is foreign gets nothing."""

from __future__ import annotations

import pytest

from jishi.dictionary.concepts import load_terms
from jishi.dictionary.resolver.answers import Context, Resolution
from jishi.dictionary.resolver.index import Rows, build
from jishi.dictionary.resolver.judge import Judge, make_judge
from jishi.dictionary.resolver.setting import make_setting
from jishi.dictionary.resolver.wording import Reader
from jishi.dictionary.resolver.words import load_words
from jishi.settings import Settings

DAY = 740_000

NEIGHBOURS = {
    "0210": ("立项批复", "项目立项批复", "立项批复文件", "立项的批复", "立項批復", "立项批付", "批复立项"),
    "0304": ("初步设计批复", "项目初步设计批复", "初设批复文件", "初步設計批復", "初步设计批付", "关于初步设计的批复"),
    "0303": (
        "概算批复",
        "项目概算批复",
        "概算批复文件",
        "概算項目批復",
        "概算项目批复",
        "投资概算评审报告",
        "概算平审",
    ),
    "0302": ("初步设计评审", "初设评审会", "初步設計評審", "初步设计平审", "初步设计论证"),
    "0207": ("技术评审", "项目技术评审会", "技術評審", "技术平审"),
    "0403": ("预算评审", "预算评审报告", "預算評審", "预算平审", "项目财评报告"),
    "0902": ("结算评审", "竣工结算评审报告", "結算評審", "结算平审"),
    "1003": ("运维预算评审", "运维预算评审报告", "運維預算評審"),
    "0704": ("初步验收", "初步验收报告", "初步驗收", "项目初验", "2024年初步验收"),
    "0802": ("竣工验收", "项目竣工验收会", "竣工驗收報告", "終驗", "竣工検収"),
    "0801": ("竣工验收申请", "竣工验收申请表", "申请竣工验收", "竣工驗收申請"),
    "0711": ("单项验收", "单项验收报告", "單項驗收"),
    "0803": ("验收备案", "竣工验收备案表", "驗收備案", "验收备按"),
    "0503": ("招标文件备案", "招标文件备案表", "招標文件備案"),
    "0509": ("合同备案", "合同备案表", "合同備案", "采购合同备案"),
    "0211": ("立项备案", "项目立项备案表", "立項備案"),
    "0502": ("采购计划备案", "采购计划备案表", "採購計劃備案"),
    "1101": ("绩效目标", "绩效目标申报表", "績效目標設定"),
    "1102": ("绩效监控", "绩效运行监控报告", "績效運行監控"),
    "1103": ("绩效自评", "绩效自评报告", "績效自評", "绩效自平"),
    "1104": ("绩效评价", "项目绩效评价报告", "績效評價"),
    "0208": ("事前绩效评估", "事前绩效评估报告"),
    "0903": ("竣工财务决算", "竣工财务决算报告", "竣工財務決算"),
    "0901": ("结算送审", "结算送审资料", "結算送審"),
    "0702": ("等保测评", "等级保护测评报告"),
    "0703": ("密评", "密评报告", "商用密码应用安全性评估报告"),
}

FOREIGN = (
    "食堂配送服务",
    "2024年",
    "其他",
    "测试123",
    "王小明",
    "李建设",
    "苏州市姑苏区人民路100号",
    "办公用品采购",
    "12345",
    "！！！",
    "物业管理费",
)

BROAD = ("评审", "备案", "验收", "审核", "批复", "测试", "采购", "项目评审会", "备案表")


@pytest.fixture(scope="module")
def judge() -> Judge:
    return _judge()


@pytest.mark.parametrize(("code", "name"), [(code, name) for code, names in NEIGHBOURS.items() for name in names])
def test_neighbours_that_share_words_are_told_apart(judge: Judge, code: str, name: str) -> None:
    result = _one(judge, name)
    assert result.candidates and result.candidates[0].code == code, [
        (item.code, item.score) for item in result.candidates
    ]
    assert result.match is None or result.match.code == code


def test_most_of_these_names_are_sure_enough_for_a_match(judge: Judge) -> None:
    found = [_one(judge, name).match for names in NEIGHBOURS.values() for name in names]
    assert sum(match is not None for match in found) >= 0.8 * len(found)


@pytest.mark.parametrize("name", FOREIGN)
def test_a_foreign_name_gets_nothing(judge: Judge, name: str) -> None:
    result = _one(judge, name)
    assert result.match is None and result.candidates == ()


@pytest.mark.parametrize("name", BROAD)
def test_a_word_of_many_meanings_gets_candidates_and_no_match(judge: Judge, name: str) -> None:
    result = _one(judge, name)
    assert result.match is None and len(result.candidates) > 1


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("　２０２４年立项批复", "DIC-WHY-WRITTEN"),
        ("（三）立项批复", "DIC-WHY-WRITTEN"),
        ("03-立项批复", "DIC-WHY-WRITTEN"),
        ("《立项批复》", "DIC-WHY-WRITTEN"),
        ("立项批复（份）", "DIC-WHY-WRITTEN"),
        ("立項批復", "DIC-WHY-WRITTEN"),
        ("项目立项批复文件", "DIC-WHY-WORDS"),
        ("立项批付", "DIC-WHY-SOUND"),
    ],
)
def test_every_answer_says_why_in_both_languages(judge: Judge, name: str, why: str) -> None:
    result = _one(judge, name)
    assert result.match is not None and (result.match.code, result.match.why.code) == ("0210", why)
    assert "立项批复" in result.match.reason("zh-CN") and result.match.reason("en") != result.match.reason("zh-CN")


def test_likeness_never_scores_as_high_as_an_alias_in_scope(judge: Judge) -> None:
    for names in NEIGHBOURS.values():
        for name in names:
            for candidate in _one(judge, name).candidates:
                if candidate.why.code in ("DIC-WHY-WORDS", "DIC-WHY-SOUND", "DIC-WHY-LIKE", "DIC-WHY-WORDING"):
                    assert candidate.score < 98


@pytest.mark.parametrize(
    "name", ["概算批复", "概算批復", "项目概算批复", "（二）概算批复", "概算的批复文件", "概算批付"]
)
def test_a_name_decided_against_is_never_answered_in_any_spelling(name: str) -> None:
    judge = _judge(negative=("0303", "概算批复"))
    assert "0303" not in [candidate.code for candidate in _one(judge, name).candidates]
    assert "0303" in [candidate.code for candidate in _one(judge, "概算评审").candidates]


def test_a_name_decided_against_holds_where_it_was_decided() -> None:
    judge = _judge(negative=("0303", "概算批复"), places=("苏州",))
    assert "0303" in [candidate.code for candidate in _one(judge, "概算批复", Context(), place="常德市").candidates]
    assert "0303" not in [candidate.code for candidate in _one(judge, "概算批复", Context(), place="苏州市").candidates]


def test_stage_type_and_department_narrow(judge: Judge) -> None:
    assert _one(judge, "验收", Context(stage="10")).candidates[0].code == "1005"
    assert _one(judge, "验收", Context(stage="08")).candidates[0].code in ("0801", "0802", "0803")
    assert _one(judge, "预算评审工作", Context(project_type="PT03")).candidates[0].code == "1003"
    assert _one(judge, "预算评审工作", Context(project_type="PT01")).candidates[0].code == "0403"
    assert _one(judge, "评审", Context(stage="04"), department="市财政局").candidates[0].code == "0403"


def test_a_name_of_a_node_and_of_a_type_waits_for_the_scheme_or_the_type(judge: Judge) -> None:
    result = _one(judge, "运维类")
    assert result.match is None and {item.code for item in result.candidates} == {"1001", "PT03"}
    assert result.candidates[0].code == "PT03"


def test_a_name_that_joins_two_things_is_no_match_of_one_of_them(judge: Judge) -> None:
    result = _one(judge, "招标文件备案和合同签订")
    assert result.match is None and {"0503", "0508"} <= {item.code for item in result.candidates}


def test_at_most_one_candidate_is_the_match_and_it_stands_first(judge: Judge) -> None:
    for names in (*NEIGHBOURS.values(), FOREIGN, BROAD):
        for name in names:
            result = _one(judge, name)
            scores = [candidate.score for candidate in result.candidates]
            assert scores == sorted(scores, reverse=True) and all(0 < score <= 100 for score in scores)
            assert [candidate for candidate in result.candidates if candidate.match] == [result.match] * (
                result.match is not None
            )


def _judge(negative: tuple[str, str] | None = None, places: tuple[str, ...] = ()) -> Judge:
    """The judge of the shipped files, with one decision that a name is not meant."""
    folder = Settings().dictionaries_dir
    words = load_words(folder / "resolver")
    concepts: list[dict[str, object]] = []
    aliases: list[dict[str, object]] = []
    for scheme in load_terms(folder / "terms").values():
        for concept in scheme.concepts:
            concepts.append({**concept.model_dump(exclude={"aliases"}), "scheme": scheme.id})
            aliases += [
                _alias(scheme.id, concept.code, alias.name, alias.places, alias.negative) for alias in concept.aliases
            ]
    if negative is not None:
        aliases.append(_alias("project-nodes", negative[0], negative[1], places, True))
    reader = Reader(words)
    return make_judge(build(Rows(concepts, aliases, ()), reader, words.wordings), reader, words)


def _alias(scheme: str, code: str, name: str, places: tuple[str, ...], negative: bool) -> dict[str, object]:
    scope = {"places": places, "departments": (), "valid_from": None, "valid_to": None}
    return {"scheme": scheme, "code": code, "alias": name, "negative": negative, **scope}


def _one(
    judge: Judge, name: str, context: Context | None = None, place: str | None = None, department: str | None = None
) -> Resolution:
    setting = make_setting(judge.index, context or Context(), DAY, place, department, judge.words)
    [result] = judge.resolve([name], setting, 5)
    return result
