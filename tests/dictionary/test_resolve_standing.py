"""A deprecated concept leads to what follows it; a draft is nobody's match."""

from __future__ import annotations

from datetime import date

import pytest

from jishi.dictionary.resolver.answers import Context, Resolution
from jishi.dictionary.resolver.index import Rows, build
from jishi.dictionary.resolver.judge import Judge, make_judge
from jishi.dictionary.resolver.setting import make_setting
from jishi.dictionary.resolver.wording import Reader
from jishi.dictionary.resolver.words import load_words
from jishi.settings import Settings

BEFORE, TODAY = date(2020, 1, 1), date(2026, 6, 1)


def test_a_deprecated_name_matches_its_only_successor_and_says_so() -> None:
    result = _ask(_judge(("0210", "deprecated", ("0304",))), "立项批复")
    assert result.match is not None
    assert (result.match.code, result.match.why.code) == ("0304", "DIC-WHY-DEPRECATED")
    assert result.match.score < 98 and [item.code for item in result.candidates] == ["0304"]
    for language in ("zh-CN", "en"):
        assert "立项批复" in result.match.reason(language) and "0304 初步设计批复" in result.match.reason(language)


@pytest.mark.parametrize("name", ["立项批复", "項目立項批復文件"])
def test_several_successors_are_candidates_and_none_is_the_match(name: str) -> None:
    result = _ask(_judge(("0210", "deprecated", ("0304", "0802"))), name)
    assert result.match is None
    assert [item.code for item in result.candidates[:2]] == ["0304", "0802"]
    assert {item.why.code for item in result.candidates[:2]} == {"DIC-WHY-DEPRECATED"}


def test_a_name_like_a_deprecated_one_matches_the_successor_too() -> None:
    result = _ask(_judge(("0210", "deprecated", ("0304",))), "项目立项批复文件")
    assert result.match is not None
    assert (result.match.code, result.match.why.code) == ("0304", "DIC-WHY-DEPRECATED")


def test_a_chain_of_deprecated_concepts_leads_to_its_end_and_a_circle_to_nothing() -> None:
    chain = _judge(("0210", "deprecated", ("0304",)), ("0304", "deprecated", ("0802",)))
    result = _ask(chain, "立项批复")
    assert result.match is not None and result.match.code == "0802"
    circle = _judge(("0210", "deprecated", ("0304",)), ("0304", "deprecated", ("0210",)))
    result = _ask(circle, "立项批复")
    assert result.match is None and [item.why.code for item in result.candidates] == ["DIC-WHY-DEPRECATED-NONE"]


def test_a_deprecated_concept_without_successor_is_told_and_never_the_match() -> None:
    result = _ask(_judge(("0210", "deprecated", ())), "立项批复")
    assert result.match is None
    assert [(item.code, item.why.code) for item in result.candidates] == [("0210", "DIC-WHY-DEPRECATED-NONE")]


def test_what_is_approved_under_the_same_name_goes_before_a_successor() -> None:
    judge = _judge(("0210", "deprecated", ("0304",)), renamed={"0802": "立项批复"})
    result = _ask(judge, "立项批复")
    assert result.match is not None and result.match.code == "0802"


@pytest.mark.parametrize("status", ["draft", "review"])
@pytest.mark.parametrize("name", ["立项批复", "0210", "立項批復", "项目立项批复文件"])
def test_a_concept_not_approved_yet_never_matches(status: str, name: str) -> None:
    result = _ask(_judge(("0210", status, ())), name)
    assert result.match is None
    [told] = [item for item in result.candidates if item.code == "0210"]
    assert told.why.code == "DIC-WHY-DRAFT" and told.score <= 60


def test_a_draft_is_no_successor() -> None:
    result = _ask(_judge(("0210", "deprecated", ("0304",)), ("0304", "draft", ())), "立项批复")
    assert result.match is None and "0304" not in [item.code for item in result.candidates]


def test_a_concept_deprecated_later_was_in_force_before() -> None:
    judge = _judge(("0210", "deprecated", ("0304",)), ended={"0210": date(2024, 1, 1)})
    before, after = _ask(judge, "立项批复", BEFORE), _ask(judge, "立项批复")
    assert before.match is not None and (before.match.code, before.match.score) == ("0210", 100)
    assert after.match is not None and after.match.code == "0304"


def _judge(
    *told: tuple[str, str, tuple[str, ...]],
    renamed: dict[str, str] | None = None,
    ended: dict[str, date] | None = None,
) -> Judge:
    """Three concepts with the status and successors ``told`` of some."""
    status = {code: (state, successors) for code, state, successors in told}
    concepts = [
        {
            "scheme": "project-nodes",
            "code": code,
            "name": (renamed or {}).get(code, name),
            "stage_code": code[:2],
            "responsible": None,
            "documents": (),
            "valid_from": None,
            "valid_to": (ended or {}).get(code),
            "status": status.get(code, ("approved", ()))[0],
            "successors": status.get(code, ("approved", ()))[1],
        }
        for code, name in (("0210", "立项批复"), ("0304", "初步设计批复"), ("0802", "竣工验收"))
    ]
    words = load_words(Settings().dictionaries_dir / "resolver")
    reader = Reader(words)
    return make_judge(build(Rows(concepts), reader, {}), reader, words)


def _ask(judge: Judge, name: str, day: date = TODAY) -> Resolution:
    setting = make_setting(judge.index, Context(), day.toordinal(), None, None, judge.words)
    [result] = judge.resolve([name], setting, 5)
    return result
