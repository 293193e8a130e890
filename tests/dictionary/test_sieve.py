"""What may be kept of names that were asked for, and what might tell of a person."""

from __future__ import annotations

from pathlib import Path

import pytest

from jishi.dictionary.concepts import load_terms
from jishi.dictionary.sieve import kept_context, may_be_kept, pairs_of
from jishi.settings import Settings


@pytest.fixture(scope="module")
def known() -> frozenset[str]:
    folder: Path = Settings().dictionaries_dir / "terms"
    names = [name for scheme in load_terms(folder).values() for concept in scheme.concepts for name in _names(concept)]
    return pairs_of(names)


def _names(concept: object) -> list[str]:
    return [concept.name, *(alias.name for alias in concept.aliases)]  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "name",
    [
        "项目终验",
        "初步设计批复文件",
        "安全测评",
        "2024年度需求申报",
        "密评",
        "可研批复",
        "招标备案表",
        "项目",
        "IT运维",
        "运行维护(三期)",
    ],
)
def test_what_a_form_calls_a_step_is_kept(name: str, known: frozenset[str]) -> None:
    assert may_be_kept(name, known)


@pytest.mark.parametrize(
    "name",
    [
        "张三",
        "王小明",
        "欧阳娜娜",
        "李建设",
        "李先生的申请",
        "周某某",
        "阿依古丽·买买提",
        "11010519491231002X",
        "110105 1949 1231 0021",
        "1３８００００１１１１",
        "电话0512-65223344",
        "a.b@example.test",
        "https://example.test/x",
        "人民路128号",
        "3栋 502室",
        "长" * 41,
        "",
        "换\x07行",
    ],
)
def test_what_may_tell_of_a_person_is_not(name: str, known: frozenset[str]) -> None:
    assert not may_be_kept(name, known)


def test_every_name_of_the_dictionary_itself_is_kept(known: frozenset[str]) -> None:
    folder: Path = Settings().dictionaries_dir / "terms"
    names = [name for scheme in load_terms(folder).values() for concept in scheme.concepts for name in _names(concept)]
    assert [name for name in names if len(name) <= 40 and not may_be_kept(name, known)] == []


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("江苏省苏州市", "江苏省苏州市"),
        ("3205", "3205"),
        ("914403001922038216", "914403001922038216"),
        ("11010519491231002X", ""),
        ("13800001111", ""),
        ("张先生", ""),
        ("x" * 61, ""),
        (None, ""),
    ],
)
def test_of_a_context_only_codes_and_short_names_are_kept(given: str | None, kept: str) -> None:
    assert kept_context(given) == kept
