"""The data: 1,000,000 invented persons with sealed identity numbers and 200,000 places, straight into the golden tables.

What the road in does is measured in ingest.py; here only the tables must look as it leaves them. Made once, kept under
the benchmark's own state folder, found again by the number of rows.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from datetime import UTC, datetime

import asyncpg
import numpy as np
import polars as pl

from jishi.identifiers.keys import load_or_create
from jishi.identifiers.sealing import Sealer
from jishi.prepare import load_dictionaries, migrate
from jishi.settings import Settings
from jishi.storage import cluster
from jishi.storage.engine import connect

COUNTIES = ("320505", "320506", "320507", "320508", "320509", "320581", "320582", "320583", "320585")
SURNAMES = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗"
GIVEN = "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英华玉兰红建国文辉力健俊峰"
ROADS = ("人民路", "三香路", "干将路", "临顿路", "十梓街", "凤凰街", "金鸡湖路", "中山路", "解放路", "文化路")
SEED = 20261122
INSTANT = datetime(2026, 11, 1, tzinfo=UTC)
BOX = (119.95, 30.8, 121.35, 32.05)


async def seed(settings: Settings, persons: int, places: int) -> str:
    """Bring the private database up with exactly these rows; the owner's URL."""
    url = cluster.start(settings, overrides={"max_connections": "300"})
    await _trust(settings)
    migrate(url)
    load_dictionaries(url, settings)
    connection = await connect(url)
    try:
        found = await connection.fetchrow(
            "SELECT (SELECT count(*) FROM jishi.natural_person) AS persons, (SELECT count(*) FROM jishi.place) AS places"
        )
        known = await connection.fetchval("SELECT true FROM jishi.natural_person WHERE uid = $1", uid_of(persons))
        if tuple(found) != (persons, places) or not known:
            print(f"seeding {persons} persons and {places} places (they were {found['persons']} and {found['places']})")
            await connection.execute("TRUNCATE jishi.natural_person, jishi.place, jishi.identifier")
            await _persons(connection, Sealer(load_or_create(settings.key_path)), persons)
            await _places(connection, places)
            await connection.execute("VACUUM (ANALYZE) jishi.natural_person, jishi.place, jishi.identifier")
            await connection.execute("CHECKPOINT" if await _is_superuser(connection) else "SELECT 1")
    finally:
        await connection.close()
    return url


async def _trust(settings: Settings) -> None:
    """Let the owner in by the socket without a password: 128 proofs of one take pgbench longer than its whole run."""
    access = settings.state_dir / "postgres" / "pg_hba.conf"
    line = "local all jishi_owner trust\n"
    text = access.read_text(encoding="utf-8")
    if not text.startswith(line):
        access.write_text(line + text, encoding="utf-8")
    connection = await connect(cluster.url(settings, cluster.ADMIN))
    await connection.execute("SELECT pg_reload_conf()")
    await connection.close()


async def _persons(connection: asyncpg.Connection, sealer: Sealer, total: int) -> None:
    dice = np.random.default_rng(SEED)
    for start in range(0, total, 100_000):
        frame = _person_frame(dice, start, min(100_000, total - start))
        uid = _uids(start, frame.height)
        sealed = sealer.seal_column(frame["number"])
        masked = frame["number"].str.slice(0, 3) + "*" * 11 + frame["number"].str.slice(14)
        golden = frame.drop("number").with_columns(uid=uid, id_number=masked, **_facts())
        await _copy(connection, "natural_person", golden)
        numbers = pl.DataFrame({"uid": uid, "lookup": sealed["lookup"], "cipher": sealed["cipher"], "masked": masked})
        numbers = numbers.with_columns(
            register=pl.lit(1),
            contribution_id=pl.int_range(start + 1, start + 1 + frame.height),
            element=pl.lit("id_number"),
            scheme=pl.lit("citizen_id"),
            strong=pl.lit(value=True),
            valid_from=pl.lit(INSTANT.isoformat()),
        )
        await _copy(connection, "identifier", numbers)


def _person_frame(dice: np.random.Generator, start: int, rows: int) -> pl.DataFrame:
    """Persons ``start`` …; their numbers differ because county, day and order together count them."""
    at = np.arange(start, start + rows)
    county = pl.Series(np.array(COUNTIES)[at % 9])
    days = (at // 9) % 25_000
    order = at // (9 * 25_000) * 2 + at % 2  # odd: male
    birth = pl.Series(np.datetime64("1950-01-01") + days.astype("timedelta64[D]"))
    body = county + birth.dt.strftime("%Y%m%d") + pl.Series(order).cast(pl.String).str.zfill(3)
    digits = np.frombuffer("".join(body).encode(), dtype=np.uint8).reshape(rows, 17) - 48
    weights = np.array([2 ** (17 - place) % 11 for place in range(17)])
    check = np.array(list("10X98765432"))[(digits * weights).sum(axis=1) % 11]
    names = _picked(dice, SURNAMES, rows) + _picked(dice, GIVEN, rows) + _picked(dice, GIVEN, rows)
    house = pl.Series(dice.integers(1, 900, rows)).cast(pl.String)
    mobile = pl.Series(dice.integers(0, 10**8, rows)).cast(pl.String).str.zfill(8)
    address = "江苏省苏州市" + county + _picked(dice, ROADS, rows) + house + "号"
    return pl.DataFrame(
        {
            "number": body + pl.Series(check),
            "full_name": names,
            "id_type_code": ["111"] * rows,
            "sex_code": pl.Series(np.where(at % 2, "1", "2")),
            "ethnicity_code": ["01"] * rows,
            "birth_date": birth,
            "birth_date_high": birth,
            "birth_date_precision": ["day"] * rows,
            "nationality_code": ["CHN"] * rows,
            "hukou_division_code": county,
            "hukou_address": address,
            "residence_address": address,
            "marital_status_code": pl.Series(np.where(at % 3, "20", "10")),
            "education_code": pl.Series(np.where(at % 5, "60", "20")),
            "mobile": "138" + mobile,
            "person_status_code": ["1"] * rows,
        }
    )


async def _places(connection: asyncpg.Connection, total: int) -> None:
    dice = np.random.default_rng(SEED + 1)
    at = np.arange(total)
    county = pl.Series(np.array(COUNTIES)[at % 9])
    road = _picked(dice, ROADS, total)
    number = pl.Series(dice.integers(1, 2000, total)).cast(pl.String) + "号"
    longitude = pl.Series(dice.uniform(BOX[0], BOX[2], total).round(6)).cast(pl.String)
    latitude = pl.Series(dice.uniform(BOX[1], BOX[3], total).round(6)).cast(pl.String)
    frame = pl.DataFrame(
        {
            "uid": _uids(0, total, place=True),
            "place_type": ["poi"] * total,
            "place_name": road + pl.Series(at).cast(pl.String) + "号便民服务点",
            "code_system": ["mca"] * total,
            "division_code": county,
            "address_full": "江苏省苏州市" + road + number,
            "addr_province": ["江苏省"] * total,
            "addr_city": ["苏州市"] * total,
            "addr_road": road,
            "addr_number": number,
            "addr_division_code": county,
            "county_code": county,
            "category": pl.Series(np.array(["公共设施", "餐饮", "教育", "医疗"])[at % 4]),
            "phone": "0512-6" + pl.Series(dice.integers(0, 10**7, total)).cast(pl.String).str.zfill(7),
            "geom": "SRID=4490;POINT(" + longitude + " " + latitude + ")",
            "crs_source_code": ["4490"] * total,
        }
    )
    await _copy(connection, "place", frame.with_columns(**_facts()))


def boxes(count: int, share: float) -> list[tuple[float, float, float, float]]:
    """Boxes that hold about ``share`` of all places each."""
    dice = np.random.default_rng(SEED + 2)
    width, height = (BOX[2] - BOX[0]) * share**0.5, (BOX[3] - BOX[1]) * share**0.5
    west = dice.uniform(BOX[0], BOX[2] - width, count)
    south = dice.uniform(BOX[1], BOX[3] - height, count)
    return [
        (round(w, 5), round(s, 5), round(w + width, 5), round(s + height, 5)) for w, s in zip(west, south, strict=True)
    ]


def _facts() -> Mapping[str, pl.Expr]:
    instant = pl.lit(INSTANT.isoformat())
    return {
        "effective_from": instant,
        "recorded_at": instant,
        "state": pl.lit("active"),
        "in_version": pl.lit(value=False),
        "batch_id": pl.lit(1),
    }


def uid_of(number: int, *, place: bool = False) -> str:
    """The uid of person (or place) ``number``, from 1; in order of time as a delivery makes them, and computable, so that
    pgbench can ask for one at random as the others do.
    """
    return f"{'0192' if place else '0193'}{number:08x}70008000{number:012x}"


UID_SQL = "('0193' || lpad(to_hex(:n::int), 8, '0') || '70008000' || lpad(to_hex(:n::int), 12, '0'))::uuid"
"""The same for persons as an expression of pgbench's variable ``n``."""


def _uids(start: int, rows: int, *, place: bool = False) -> pl.Series:
    return pl.Series("uid", [uid_of(number, place=place) for number in range(start + 1, start + 1 + rows)])


def _picked(dice: np.random.Generator, words: str | tuple[str, ...], rows: int) -> pl.Series:
    return pl.Series(np.array(list(words))[dice.integers(0, len(words), rows)])


async def _copy(connection: asyncpg.Connection, table: str, frame: pl.DataFrame) -> None:
    buffer = io.BytesIO()
    frame.write_csv(buffer, include_header=False)
    buffer.seek(0)
    await connection.copy_to_table(table, schema_name="jishi", columns=frame.columns, source=buffer, format="csv")


async def _is_superuser(connection: asyncpg.Connection) -> bool:
    return bool(await connection.fetchval("SELECT rolsuper FROM pg_roles WHERE rolname = current_user"))
