"""Whatever stands in a filter, text or JSON, ends as a condition or as faults; the process lives."""

from __future__ import annotations

import json
import subprocess
import sys

PROGRAM = """
import json, random
from jishi.registers.catalog import register_of
from jishi_api import cql2
from jishi_api.compile import compile_filter
from jishi_api.crs import systems
from jishi_api.temporal import RELATIONS
from jishi_api.compile import SPATIAL

random.seed(11)
known = list(systems(4549).values())
registers = [register_of(name) for name in ("place", "legal_entity", "natural_person")]
names = ["geom", "category", "establish_date", "reg_capital", "id_number", "birth_date", "place_type", "nothing", "", 5, None]
operations = [*RELATIONS, *SPATIAL, "and", "or", "not", "=", "<>", "<", "between", "in", "like", "isNull", "casei", "pg_sleep", ""]
kinds = ["Point", "MultiPoint", "LineString", "MultiLineString", "Polygon", "MultiPolygon", "GeometryCollection", "Circle", None]


def leaf():
    return random.choice([
        1, -1.5, 1e300, True, False, None, "x", "..", "2020-01-01", "\\ud800", "\\0", "%\\\\",
        {"property": random.choice(names)}, {"date": "2020-02-30"}, {"date": 5}, {"timestamp": "2020-01-01T00:00:00Z"},
        {"timestamp": "0001-01-01T00:00:00+14:00"}, {"timestamp": "9999-12-31T23:59:59-14:00"},
        {"interval": ["..", "2020-01-01"]}, {"interval": []}, {"interval": "x"}, {"bbox": [1, 2, 3, 4]}, {"bbox": [[1], 2, 3, 4]},
        {"bbox": []}, {"bbox": [120, 31, float("1e9"), 121, 32, 1]}, {},
    ])


def positions(depth):
    if depth == 0 or random.random() < 0.1:
        return [random.choice([120, 31, -1, 1e9, None, "1", True, [1]]) for _ in range(random.randint(0, 4))]
    return [positions(depth - 1) for _ in range(random.randint(0, 4))]


def tree(depth):
    chance = random.random()
    if depth == 0 or chance < 0.2:
        return leaf()
    if chance < 0.35:
        kind = random.choice(kinds)
        if kind == "GeometryCollection":
            return {"type": kind, "geometries": [tree(depth - 1) for _ in range(random.randint(0, 3))]}
        return {"type": kind, "coordinates": positions(random.randint(0, 3))}
    if chance < 0.45:
        return {"interval": [tree(depth - 1), tree(depth - 1)]}
    if chance < 0.55:
        return [tree(depth - 1) for _ in range(random.randint(0, 3))]
    return {"op": random.choice(operations), "args": [tree(depth - 1) for _ in range(random.randint(0, 3))]}


compiled = refused = 0
for _ in range(20000):
    faults = []
    register = random.choice(registers)
    try:
        found = compile_filter(register, cql2.read_json(tree(random.randint(1, 6))), 1, faults, None, random.choice(known))
    except cql2.Malformed:
        refused += 1
        continue
    assert (found is None) == bool(faults)
    compiled += found is not None
    refused += found is None
    if found is not None:
        highest = max([0, *(int(part) for part in __import__("re").findall(r"[$](\\d+)", found.text))])
        assert highest == len(found.values), found.text
for head, tail in (("[", "]"), ('{"op":"not","args":[', "]}"), ('{"a":', "}")):
    for size in (20, 60, 90, 1000):
        for text in (head * size + "1" + tail * size, head * size):
            try:
                cql2.read_json_text(text)
            except cql2.Malformed:
                refused += 1
print(json.dumps([compiled, refused]))
"""


def test_a_tree_of_json_becomes_a_condition_or_faults() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr[-3000:]
    compiled, refused = json.loads(done.stdout)
    assert compiled > 200 and refused > 10000
