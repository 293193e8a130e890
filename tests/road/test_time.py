"""Two clocks: what is late, corrected or yet to come; what the feed says; and that the past as known never changes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

Make = dict[str, Callable[..., str]]
Watch = Callable[[Any], Any]

EFFECTIVE = 'effective = "since"'
DELETED = 'deleted = { column = "gone", values = ["是"] }'
TODAY = datetime.now(UTC)


def day(days: int) -> str:
    """A day so many days from today, as a file writes it."""
    return (TODAY + timedelta(days=days)).strftime("%Y-%m-%d")


def moment(days: int) -> datetime:
    """An instant of that day, in the city and in UTC."""
    return datetime.fromisoformat(day(days)).replace(tzinfo=UTC) + timedelta(hours=1)


def entity(invent: Make, number: int, **values: object) -> dict[str, object]:
    return {
        "key": f"K{number}",
        "name": f"测试企业{number}号",
        "code": invent["uscc"](number),
        "city": "",
        "scope": "",
        "rep": "",
        "phone": "",
        "since": "",
        "gone": "",
        **values,
    }


async def test_a_late_correction_changes_the_past_and_every_later_point_it_reaches(
    city: Any, invent: Make, watch: Watch
) -> None:
    source = city.declare("tiny", more=EFFECTIVE)
    watcher = watch(city)
    await city.deliver(source, [entity(invent, 1, city="甲", since=day(-300))])
    assert await watcher.look() == ["create"]
    await city.deliver(source, [entity(invent, 1, city="乙", since=day(-100))])
    assert await watcher.look() == ["change"]
    late = await city.deliver(source, [entity(invent, 1, city="丙", since=day(-200))])
    assert late["golden"] == {"created": 0, "changed": 0, "ended": 0, "review": 0}
    assert await watcher.look(moment(-150), moment(-250)) == []
    assert await city.served("legal_entity", "city") == [("乙",)]
    corrected = await city.deliver(source, [entity(invent, 1, city="丁", since=day(-100))])
    assert corrected["golden"]["changed"] == 1
    assert await watcher.look(moment(-150)) == ["change"]
    assert await city.served("legal_entity", "city") == [("丁",)]


async def test_a_better_source_that_comes_late_reaches_through_to_today(city: Any, invent: Make, watch: Watch) -> None:
    low, high = city.declare("low", rank=50, more=EFFECTIVE), city.declare("high", rank=10, more=EFFECTIVE)
    watcher = watch(city)
    for number, since in enumerate((-300, -200, -100)):
        await city.deliver(low, [entity(invent, 1, city=f"低{number}", scope="低", since=day(since))])
        await watcher.look()
    await city.deliver(high, [entity(invent, 1, city="高", since=day(-250))])
    assert await watcher.look(moment(-220), moment(-150)) == ["change"]
    assert await city.served("legal_entity", "city", "business_scope") == [("高", "低")]


async def test_what_lies_in_the_future_becomes_golden_when_its_time_has_come(
    city: Any, invent: Make, watch: Watch
) -> None:
    source = city.declare("tiny", more=EFFECTIVE)
    watcher = watch(city)
    await city.deliver(source, [entity(invent, 1, city="今", since=day(-10)), entity(invent, 2, since=day(30))])
    assert await watcher.look() == ["create"]
    await city.deliver(source, [entity(invent, 1, city="明", since=day(20))])
    await city.deliver(source, [entity(invent, 1, city="后", since=day(40))])
    assert await watcher.look(moment(25), moment(35)) == []
    assert await city.turn("legal_entity", moment(10)) == 0
    assert await watcher.look(now=moment(10)) == []
    assert await city.turn("legal_entity", moment(21)) == 1
    assert await watcher.look(now=moment(21)) == ["change"]
    assert await city.served("legal_entity", "city") == [("明",)]
    assert await city.turn("legal_entity", moment(31)) == 1
    assert await watcher.look(now=moment(31)) == ["create"]
    assert await city.turn("legal_entity", moment(60)) == 1
    assert await watcher.look(now=moment(60)) == ["change"]
    assert await city.turn("legal_entity", moment(60)) == 0
    assert await city.served("legal_entity", "entity_name", "city") == [("测试企业1号", "后"), ("测试企业2号", None)]


async def test_a_delete_mark_ends_and_a_later_row_revives(city: Any, invent: Make, watch: Watch) -> None:
    source = city.declare("tiny", more=f"{EFFECTIVE}\n{DELETED}\n[thresholds]\nmax_endings_share = 1.0")
    watcher = watch(city)
    await city.deliver(source, [entity(invent, 1, since=day(-300)), entity(invent, 2, since=day(-300))])
    await watcher.look()
    gone = await city.deliver(source, [entity(invent, 1, since=day(-50), gone="是")])
    assert (gone["ended"], gone["golden"]["ended"]) == (1, 1)
    assert await watcher.look(moment(-60)) == ["end"]
    back = await city.deliver(source, [entity(invent, 1, since=day(-20), city="回")])
    assert (back["updated"], back["golden"]["created"]) == (1, 1)
    assert await watcher.look(moment(-30)) == ["create"]


async def test_an_end_that_lies_in_the_future_comes_with_its_day(city: Any, invent: Make, watch: Watch) -> None:
    source = city.declare("tiny", more=f"{EFFECTIVE}\n{DELETED}\n[thresholds]\nmax_endings_share = 1.0")
    watcher = watch(city)
    await city.deliver(source, [entity(invent, 1, since=day(-300))])
    announced = await city.deliver(source, [entity(invent, 1, since=day(30), gone="是")])
    assert (announced["ended"], announced["golden"]["ended"]) == (1, 0)
    assert await watcher.look() == ["create"]
    assert await city.turn("legal_entity", moment(40)) == 1
    assert await watcher.look(now=moment(40)) == ["end"]


async def test_what_was_ended_already_is_not_changed_again(city: Any, invent: Make, watch: Watch) -> None:
    source = city.declare("tiny", more=f"{EFFECTIVE}\n{DELETED}\n[thresholds]\nmax_endings_share = 1.0")
    watcher = watch(city)
    await city.deliver(source, [entity(invent, 1, since=day(-300))])
    await city.deliver(source, [entity(invent, 1, since=day(-50), gone="是")])
    assert await watcher.look() == ["create", "end"]
    await city.deliver(source, [entity(invent, 1, since=day(-40), gone="是", city="另")])
    assert await watcher.look() == []


async def test_the_end_of_something_never_known_is_no_change(city: Any, invent: Make, watch: Watch) -> None:
    source = city.declare("tiny", more=f"{EFFECTIVE}\n{DELETED}")
    watcher = watch(city)
    receipt = await city.deliver(source, [entity(invent, 1, since=day(-300), gone="是")])
    assert (receipt["ended"], receipt["golden"]["ended"]) == (1, 0)
    assert await watcher.look() == []


async def test_absence_ends_only_what_lies_within_the_scope(city: Any, invent: Make, watch: Watch) -> None:
    more = 'scope = ["area"]\nabsence = "end"\n[thresholds]\nmax_endings_share = 1.0\nvolume_band = 9.0'
    source = city.declare("tiny", mode="full", more=more)
    watcher = watch(city)
    both = [entity(invent, n, area="东") for n in (1, 2)] + [entity(invent, n, area="西") for n in (3, 4)]
    await city.deliver(source, both)
    assert await watcher.look() == ["create"] * 4
    receipt = await city.deliver(source, [entity(invent, 1, area="东")])
    assert (receipt["received"], receipt["unchanged"], receipt["ended_by_absence"]) == (1, 1, 1)
    assert await watcher.look() == ["end"]
    moved = await city.deliver(source, [entity(invent, 1, area="东"), entity(invent, 3, area="东", city="迁")])
    assert (moved["ended_by_absence"], moved["updated"]) == (0, 1)
    again = await city.deliver(source, [entity(invent, 1, area="东"), entity(invent, 2, area="东")])
    assert again["ended_by_absence"] == 1
    assert sorted(await watcher.look()) == ["change", "create", "end"]
    assert await city.served("legal_entity", "entity_name") == [
        ("测试企业1号",),
        ("测试企业2号",),
        ("测试企业4号",),
    ]


async def test_a_row_that_moves_to_another_scope_is_not_missed_in_its_old_one(city: Any, invent: Make) -> None:
    more = 'scope = ["area"]\nabsence = "end"\n[thresholds]\nmax_endings_share = 1.0\nvolume_band = 9.0'
    source = city.declare("tiny", mode="full", more=more)
    await city.deliver(
        source, [entity(invent, 1, area="东"), entity(invent, 2, area="西"), entity(invent, 3, area="西")]
    )
    await city.deliver(source, [entity(invent, 1, area="东"), entity(invent, 2, area="东")])
    receipt = await city.deliver(source, [entity(invent, 3, area="西")])
    assert receipt["ended_by_absence"] == 0
    assert len(await city.served("legal_entity", "entity_name")) == 3


async def test_a_damaged_row_says_nothing_about_what_the_delivery_is_complete_of(city: Any, invent: Make) -> None:
    more = 'scope = ["area"]\nabsence = "end"\n[thresholds]\nmax_endings_share = 1.0\nvolume_band = 9.0'
    source = city.declare("tiny", mode="full", more=more)
    await city.deliver(source, [entity(invent, 1, area="东"), entity(invent, 2, area="西")])
    lines = [
        "key,name,code,area",
        f"K1,测试企业1号,{invent['uscc'](1)},东",
        f"K9,测试企业9号,{invent['uscc'](9)},西,多",
    ]
    receipt = await city.deliver(source, "\n".join(lines).encode())
    assert (receipt["reasons"], receipt["ended_by_absence"]) == ({"ING-ROW-RAGGED": 1}, 0)


async def test_an_entity_lives_while_one_of_its_sources_holds_it(city: Any, invent: Make, watch: Watch) -> None:
    more = 'absence = "end"\n[thresholds]\nmax_endings_share = 1.0\nvolume_band = 9.0'
    one = city.declare("one", mode="full", rank=10, more=more)
    two = city.declare("two", mode="full", rank=20, more=more)
    watcher = watch(city)
    await city.deliver(one, [entity(invent, 1, city="一"), entity(invent, 2)])
    await city.deliver(two, [entity(invent, 1, city="二", scope="二"), entity(invent, 2)])
    assert await city.served("legal_entity", "city", "business_scope") == [("一", "二"), (None, None)]
    await watcher.look()
    await city.deliver(one, [entity(invent, 2)])
    assert await watcher.look() == ["change"]
    assert await city.served("legal_entity", "city", "business_scope") == [("二", "二"), (None, None)]
    await city.deliver(two, [entity(invent, 2)])
    assert await watcher.look() == ["end"]


async def test_the_creation_date_is_a_value_and_not_the_effective_date(city: Any, invent: Make) -> None:
    source = city.declare("tiny")
    await city.deliver(source, [entity(invent, 1, established="1980-05-06")])
    found = await city.rows("SELECT establish_date, effective_from FROM jishi.legal_entity")
    assert str(found[0]["establish_date"]) == "1980-05-06"
    assert found[0]["effective_from"] > TODAY - timedelta(days=1)


async def test_recorded_instants_only_grow(city: Any, invent: Make) -> None:
    source = city.declare("tiny")
    for step in range(4):
        await city.deliver(source, [entity(invent, 1, city=str(step))])
    found = await city.rows("SELECT recorded_at, last_seq FROM jishi.batch ORDER BY batch_id")
    clocks = [row["recorded_at"] for row in found]
    assert clocks == sorted(set(clocks))
    assert [row["last_seq"] for row in found] == [1, 2, 3, 4]
