"""What is well-formed and wrong: names beside other numbers, numbers of two people, two numbers of two entities."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

Make = dict[str, Callable[..., str]]
FORMER = 'former_names = { from = "former", as = "items", optional = true }\n'


def name_of(number: int) -> str:
    """Of ``number`` and of its neighbours nothing is alike but the form."""
    return f"苏州{chr(0x4E00 + 7 * (number % 2500)) * 3}{chr(0x4E03 + 7 * (number % 2417)) * 2}有限公司"


def entity(invent: Make, number: int, **values: object) -> dict[str, object]:
    return {"key": f"K{number}", "name": name_of(number), "code": invent["uscc"](number), "former": "", **values}


def shifted(invent: Make, count: int, block: range) -> list[dict[str, object]]:
    """Entities of which those of ``block`` bear the name of the next one."""
    return [entity(invent, n, name=name_of(n + 1 if n in block else n)) for n in range(count)]


def person(invent: Make, number: int, name: str, /, **values: object) -> dict[str, object]:
    return {
        "key": f"P{number}",
        "name": name,
        "number": invent["citizen"](number),
        "born": "1960-01-01",
        "phone": "",
        "other_type": "",
        "other_number": "",
        **values,
    }


def held_by(receipt: dict[str, Any]) -> list[dict[str, Any]]:
    return [note for note in receipt["notes"] if note["code"].startswith("QLT-HELD-")]


async def reviews(city: Any) -> list[tuple[str, str]]:
    found = await city.rows("SELECT kind, reason FROM jishi.review ORDER BY review_id")
    return [(row["kind"], row["reason"]) for row in found]


def declare(city: Any, name: str, rank: int = 10) -> str:
    """A source of entities that tells former names too."""
    city.declare(name, rank=rank)
    path = city.settings.home_dir / "sources" / f"{name}.toml"
    path.write_text(path.read_text(encoding="utf-8") + FORMER, encoding="utf-8")
    return name


async def test_fifty_rows_shifted_among_twenty_thousand_are_held_and_named(city: Any, invent: Make) -> None:
    source, other = city.declare("one"), city.declare("two", rank=20)
    whole = [entity(invent, n) for n in range(20_000)]
    assert (await city.deliver(source, whole))["status"] == "published"
    wrong = shifted(invent, 20_000, range(7000, 7050))
    for sender in (other, source):  # by number against the register, and by key against its own last word
        held = await city.deliver(sender, wrong)
        [note] = held_by(held)
        assert (held["status"], note["code"]) == ("held", "QLT-HELD-NAMES-BLOCK")
        # the last bears the name of a row that is right itself
        assert (note["first"], note["last"], note["misnamed"]) == (7001, 7049, 49)
    assert len(await city.served("legal_entity", "uid")) == 20_000
    assert await reviews(city) == []


async def test_scattered_renamings_are_published_and_asked_about(city: Any, invent: Make) -> None:
    source = city.declare("one")
    await city.deliver(source, [entity(invent, n) for n in range(2_000)])
    renamed = {n: f"昆山{'甲乙丙丁戊己庚辛壬癸'[n // 80 % 10] * 4}商行" for n in range(40, 2_000, 80)}
    receipt = await city.deliver(source, [entity(invent, n, name=renamed.get(n, name_of(n))) for n in range(2_000)])
    assert (receipt["status"], receipt["updated"], receipt["golden"]["review"]) == ("published", 25, 25)
    assert set(await reviews(city)) == {("identifier-conflict", "MAT-RENAMED")}


async def test_one_row_of_quite_another_name_is_asked_about_once(city: Any, invent: Make) -> None:
    source = city.declare("one")
    await city.deliver(source, [entity(invent, n) for n in range(3)])
    first = await city.deliver(source, [entity(invent, 1, name="昆山甲甲甲商行")])
    assert (first["updated"], first["golden"]["review"]) == (1, 1)
    [asked] = await city.rows(
        "SELECT r.*, l.uid AS linked FROM jishi.review r JOIN jishi.legal_entity_link l USING (contribution_id)"
    )
    assert (asked["kind"], asked["reason"], asked["status"]) == ("identifier-conflict", "MAT-RENAMED", "open")
    assert asked["uid"] == asked["other_uid"] == asked["linked"]
    again = await city.deliver(source, [entity(invent, 1, name="昆山乙乙乙商行")])
    assert (again["updated"], again["golden"]["review"]) == (1, 0)  # the question is still open
    assert len(await reviews(city)) == 1
    assert len(await city.served("legal_entity", "uid")) == 3


@pytest.mark.parametrize(
    "spelling",
    [
        "苏州金鸡湖纺织(集团)有限公司",
        "蘇州金雞湖紡織（集團）有限公司",
        "苏州金鸡湖纺织（集团）股份有限公司",
        "ＡＢ苏州金鸡湖纺织（集团）有限公司",
    ],
)
async def test_another_spelling_is_no_other_name(city: Any, invent: Make, spelling: str) -> None:
    one, two = city.declare("one"), city.declare("two", rank=20)
    row = entity(invent, 1, name="苏州金鸡湖纺织（集团）有限公司")
    await city.deliver(one, [row])
    assert (await city.deliver(two, [{**row, "name": spelling}]))["golden"] == {
        "created": 0,
        "changed": 0,
        "ended": 0,
        "review": 0,
    }
    assert (await city.deliver(one, [{**row, "name": spelling}]))["golden"]["review"] == 0


async def test_a_former_name_is_no_other_name(city: Any, invent: Make) -> None:
    one, two = declare(city, "one"), declare(city, "two", 20)
    await city.deliver(one, [entity(invent, n) for n in (1, 2, 3)])
    # said by the row: it was called what the register calls it
    told = await city.deliver(one, [entity(invent, 1, name="昆山甲甲甲商行", former=f"旧厂;{name_of(1)}")])
    assert (told["updated"], told["golden"]["review"]) == (1, 0)
    # known from the entity's own history, and from the former names the register has
    late = await city.deliver(two, [entity(invent, 1), entity(invent, 1, key="X", name="旧厂")])
    assert late["golden"] == {"created": 0, "changed": 0, "ended": 0, "review": 0}
    assert (
        await city.value(
            "SELECT count(DISTINCT uid) FROM jishi.legal_entity_link WHERE uid IN"
            " (SELECT uid FROM jishi.legal_entity WHERE entity_name = '昆山甲甲甲商行')"
        )
        == 1
    )


async def test_a_block_of_former_names_is_not_held(city: Any, invent: Make) -> None:
    one, two = declare(city, "one"), declare(city, "two", 20)
    await city.deliver(one, [entity(invent, n) for n in range(60)])
    new = [entity(invent, n, name=name_of(n + 100), former=name_of(n)) for n in range(60)]
    assert (await city.deliver(one, new))["status"] == "published"
    old = await city.deliver(two, [entity(invent, n) for n in range(60)])
    assert (old["status"], old["golden"]["review"], old["golden"]["created"]) == ("published", 0, 0)


async def test_a_number_of_two_people_is_a_conflict_whoever_comes_first(city: Any, invent: Make) -> None:
    one, two = city.declare("one", "persons"), city.declare("two", "persons", rank=20)
    await city.deliver(one, [person(invent, 1, "严测甲")])
    same = await city.deliver(
        two, [person(invent, 1, "卜同乙"), person(invent, 2, "封式丙"), person(invent, 2, "宗例丁", key="Q")]
    )
    assert same["golden"] == {"created": 3, "changed": 0, "ended": 0, "review": 2}
    assert await reviews(city) == [("identifier-conflict", "MAT-CONTRADICTION")] * 2
    assert len(await city.served("natural_person", "uid")) == 4


async def test_two_numbers_of_two_entities_are_a_conflict_within_one_delivery_too(city: Any, invent: Make) -> None:
    source = city.declare("one", "persons")
    passport = {"other_type": "414", "other_number": "E12345678"}
    rows = [
        person(invent, 1, "严测甲"),
        person(invent, 2, "严测甲", number="", **passport),
        person(invent, 1, "严测甲", key="X", **passport),
    ]
    receipt = await city.deliver(source, rows)
    assert receipt["golden"] == {"created": 2, "changed": 0, "ended": 0, "review": 1}
    assert await reviews(city) == [("identifier-conflict", "MAT-TWO-ENTITIES")]


async def test_a_second_number_shared_with_a_new_row_is_a_conflict_and_no_merge(city: Any, invent: Make) -> None:
    source = city.declare("one", "persons")
    passport = {"other_type": "414", "other_number": "E12345678"}
    await city.deliver(source, [person(invent, 1, "严测甲")])
    rows = [
        person(invent, 1, "严测甲", key="X", **passport),
        person(invent, 2, "严测甲", number="", key="Y", **passport),
    ]
    receipt = await city.deliver(source, rows)
    assert receipt["golden"]["created"] == 1
    assert await reviews(city) == [("identifier-conflict", "MAT-TWO-ENTITIES")]


async def test_a_number_corrected_to_anothers_is_a_conflict(city: Any, invent: Make) -> None:
    source = city.declare("one", "persons")
    await city.deliver(source, [person(invent, 1, "严测甲"), person(invent, 2, "卜同乙")])
    receipt = await city.deliver(source, [person(invent, 2, "卜同乙", number=invent["citizen"](1))])
    assert receipt["golden"]["review"] == 1
    assert await reviews(city) == [("identifier-conflict", "MAT-KNOWN-ELSEWHERE")]
    assert len(await city.served("natural_person", "uid")) == 2


async def test_a_row_with_the_name_of_another_entity_is_asked_about(city: Any, invent: Make) -> None:
    one, two = city.declare("one"), city.declare("two", rank=20)
    await city.deliver(one, [entity(invent, 1), entity(invent, 2)])
    others = entity(invent, 1, name=name_of(2))  # alike enough to pass for a renaming
    receipt = await city.deliver(two, [others])
    assert receipt["golden"] == {"created": 0, "changed": 0, "ended": 0, "review": 1}
    assert (await city.deliver(one, [others]))["golden"]["review"] == 1
    assert await reviews(city) == [("identifier-conflict", "MAT-OTHERS-NAME")] * 2
    [other] = await city.rows("SELECT uid FROM jishi.legal_entity WHERE uscc = $1", invent["uscc"](2))
    assert {row["other_uid"] for row in await city.rows("SELECT other_uid FROM jishi.review")} == {other["uid"]}
