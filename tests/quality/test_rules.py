"""Every rule says what it demands, has examples, and counts for one sub-indicator of GB/T 36344."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import asyncpg
import pytest
from apscheduler.triggers.cron import CronTrigger

from jishi.dictionary.calendar import OFF, Calendar
from jishi.dictionary.credit import CreditRules
from jishi.errors import DeclarationError
from jishi.messages import catalogue
from jishi.quality.cron import Cron
from jishi.quality.demand import demand_text
from jishi.quality.examples import computed, examples_of
from jishi.quality.failures import BatchEntry, RuleResult
from jishi.quality.indicators import Indicators, Share, load_indicators
from jishi.quality.lateness import measure, statutory_clocks
from jishi.quality.override import Override
from jishi.quality.rule_history import changes_of, overrides_of, record_rules
from jishi.registers.catalog import registers
from jishi.registers.element import Severity
from jishi.settings import Settings

RULES = [(register, rule) for register in registers().values() for rule in register.rules]
SHANGHAI = ZoneInfo("Asia/Shanghai")
NAME = "legal_entity.entity_name.required"


def shipped() -> Indicators:
    return load_indicators(Settings())


def test_every_rule_counts_for_one_sub_indicator_and_none_is_named_that_is_no_rule() -> None:
    indicators = shipped()
    assert [rule.id for _, rule in RULES if indicators.of_rule(rule) is None] == []
    assert set(indicators.messages) == {rule.message for _, rule in RULES}
    assert set(indicators.rules) <= {rule.id for _, rule in RULES}


@pytest.mark.parametrize("language", ["zh-CN", "en"])
def test_every_rule_says_in_plain_words_what_it_demands(language: str) -> None:
    for _, rule in RULES:
        text = demand_text(rule, language)
        assert f"DEM-{rule.message}" in catalogue() and "DEM-" not in text
        assert "{" not in text and "None" not in text and "no limit" not in text and "不限" not in text, rule.id


def test_every_rule_has_an_example_that_passes_and_one_that_fails_unless_the_city_computes_the_value() -> None:
    for register, rule in RULES:
        example = examples_of(register, date(2026, 11, 22)).example(rule)
        element = register.elements.get(rule.element)
        assert example.failing is not None or (element is not None and computed(element)), rule.id
        assert example.failing != {} or example.of_row
        if example.failing is not None and example.of_row is None:
            assert {**example.passing, **example.failing} != dict(example.passing), rule.id


def test_nothing_asked_is_no_score_and_grades_are_five() -> None:
    indicators = shipped()
    assert Share(0, 0).score is None and indicators.grade_of(None) is None
    grades = [indicators.grade_of(Share(passed, 1000).score) for passed in (1000, 990, 989, 949, 899, 799, 0)]
    assert grades == ["优", "优", "良", "中", "及格", "不及格", "不及格"]


def test_a_file_of_indicators_that_contradicts_itself_is_refused_whole(tmp_path: Path) -> None:
    folder = tmp_path / "home" / "dictionaries" / "quality"
    folder.mkdir(parents=True)
    text = (Settings().dictionaries_dir / "quality" / "indicators.toml").read_text(encoding="utf-8")
    (folder / "indicators.toml").write_text(text.replace('QLT-CODE = "0105"', 'QLT-CODE = "0199"'), encoding="utf-8")
    with pytest.raises(DeclarationError, match="QLT-INDICATORS"):
        load_indicators(Settings(home=tmp_path / "home"))


@pytest.mark.parametrize(
    "line", ["0 2 * * *", "*/20 8-18 * * mon-fri", "5 4 1,15 * *", "30 6 * 2,8 0", "0 0 29 2 *", "15 3 * * sat,sun"]
)
def test_a_schedule_comes_due_as_the_scheduler_has_it(line: str) -> None:
    begun = datetime(2026, 11, 20, 10, 7, tzinfo=UTC)
    cron = Cron.read(line, SHANGHAI)
    assert cron is not None
    due, trigger, last = cron.after(begun), CronTrigger.from_crontab(line, timezone=SHANGHAI), begun
    for _ in range(1 if " 29 2 " in line else 12):
        expected = trigger.get_next_fire_time(last, last)
        if line == "0 0 29 2 *":
            assert expected.year == 2028 and next(due, None) is None  # too far off to be late for
            return
        assert next(due) == expected
        last = expected


def test_what_is_no_schedule_is_not_read_as_one() -> None:
    for line in ("", "0 2 * *", "60 * * * *", "x * * * *", "*/0 * * * *", "5-1 * * * *", "0 2 * * 7"):
        assert Cron.read(line, SHANGHAI) is None, line


def test_lateness_counts_from_when_the_delivery_was_first_asked_for() -> None:
    cron = Cron.read("0 2 * * *", SHANGHAI)
    calendar = Calendar({2026: "国办发明电"}, {date(2026, 10, day): OFF for day in range(1, 8)})
    before = datetime(2026, 9, 29, 3, tzinfo=SHANGHAI)
    assert cron is not None

    def late(delivered: datetime) -> tuple[bool, int, int, int | None]:
        found = measure(cron, "0 2 * * *", before, delivered, calendar)
        assert found is not None and found.due == datetime(2026, 9, 30, 2, tzinfo=SHANGHAI)
        return found.late, found.late_s, found.missed, found.working_days

    assert late(datetime(2026, 9, 30, 2, 30, tzinfo=SHANGHAI)) == (False, 1800, 0, 0)
    assert late(datetime(2026, 10, 8, 4, tzinfo=SHANGHAI)) == (True, 8 * 86_400 + 7200, 8, 1)
    assert late(datetime(2027, 1, 4, 2, tzinfo=SHANGHAI))[3] is None


def test_the_clocks_of_the_law_are_told_with_their_limit() -> None:
    late = "credit_record.decided_on.late"
    results = (RuleResult(late, 200, 12, "warn"), RuleResult("credit_record.decided_on.range", 200, 0))
    delivered = datetime(2026, 11, 20, tzinfo=UTC)
    entry = BatchEntry(1, 1, "licences", "credit_record", "published", "", None, {}, {}, {}, {}, (), None, results)
    entry = replace(entry, delivered_at=delivered)
    rules = CreditRules.load(Settings().dictionaries_dir / "credit")
    [clock] = statutory_clocks(entry, rules, SHANGHAI)
    assert (clock.rule, clock.evaluated, clock.late, clock.share, clock.limit_days) == (late, 200, 12, 0.06, 7)
    [older] = statutory_clocks(replace(entry, delivered_at=datetime(2017, 1, 1, tzinfo=UTC)), rules, SHANGHAI)
    assert older.limit_days is None
    assert statutory_clocks(replace(entry, results=results[1:]), rules, SHANGHAI) == ()


async def test_who_changed_which_rule_when_is_recorded_once(connection: asyncpg.Connection) -> None:
    everything = await connection.fetchval("SELECT count(*) FROM jishi.rule_change")
    assert everything == len(RULES)  # migrating recorded what the release declares
    assert await record_rules(connection) == 0

    warn = {"office": ("legal_entity", {NAME: Override(severity=Severity.WARN)})}
    assert await record_rules(connection, warn) == 1
    assert await record_rules(connection, warn) == 0
    assert await overrides_of(connection, NAME, "legal_entity") == {"office": "warn"}
    strict = {"office": ("legal_entity", {NAME: Override(severity=Severity.REFUSE_BATCH, above=0.5)})}
    assert await record_rules(connection, strict) == 1
    assert await record_rules(connection, {}) == 1
    assert await overrides_of(connection, NAME, "legal_entity") == {}
    await connection.execute("UPDATE jishi.rule_change SET digest = 'older' WHERE rule = $1 AND source IS NULL", NAME)
    assert await record_rules(connection) == 1

    history = await changes_of(connection, NAME)
    assert [(one.act, one.source, one.severity) for one in history] == [
        ("change", None, "refuse_row"),
        ("withdraw", "office", "refuse_batch"),
        ("change", "office", "refuse_batch"),
        ("declare", "office", "warn"),
        ("declare", None, "refuse_row"),
    ]
    assert history[0].changed_by.startswith("release:") and history[1].changed_by.startswith("operator:")
    assert history[0].demand["zh-CN"] == "名称须有值"


def test_scores_are_exact_shares() -> None:
    assert Share(1, 3).score == Decimal(1) / 3
