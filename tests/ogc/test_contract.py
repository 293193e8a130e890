"""The API keeps to its own description: schemathesis finds no fault of ours and no answer that is not described."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest

from site_of_city import Site

CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
    "response_headers_conformance",
)


def _attack(site: Site, examples: int, phases: str) -> int:
    """The number of cases asked without a finding."""
    program = Path(sys.executable).with_name("schemathesis")
    if not program.exists():
        pytest.skip("schemathesis is not installed")
    # an answer of the change feed may be waited for
    options = (
        "-n",
        str(examples),
        "--request-timeout",
        "45",
        "--phases",
        phases,
        "--checks",
        ",".join(CHECKS),
        "--seed",
        "1",
        "--no-color",
    )
    command = (
        str(program),
        "run",
        f"{site.url}/api",
        "-H",
        f"X-API-Key: {site.key}",
        "--continue-on-failure",
        *options,
    )
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=1800, cwd=site.folder)
    assert done.returncode == 0, done.stdout[-6000:]
    counted = re.search(r"(\d+) generated", done.stdout)
    assert counted, done.stdout[-2000:]
    return int(counted[1])


def test_a_few_hundred_requests_find_no_fault_and_nothing_undescribed(site: Site) -> None:
    assert _attack(site, 4, "fuzzing") >= 200


@pytest.mark.soak
def test_five_thousand_requests_find_no_fault_and_nothing_undescribed(site: Site) -> None:
    assert _attack(site, 140, "examples,coverage,fuzzing") >= 5000


@pytest.mark.parametrize(("path", "version"), [("/api", "3.1"), ("/api/3.0", "3.0")])
def test_the_description_is_a_right_one(asker: httpx.Client, path: str, version: str) -> None:
    validator = pytest.importorskip("openapi_spec_validator")
    answer = asker.get(path)
    assert answer.headers["Content-Type"] == f"application/vnd.oai.openapi+json;version={version}"
    told: dict[str, Any] = answer.json()
    assert told["openapi"].startswith(version)
    validator.validate(told)


def test_both_descriptions_describe_the_same(asker: httpx.Client) -> None:
    new, old = asker.get("/api").json(), asker.get("/api/3.0").json()
    assert new["paths"].keys() == old["paths"].keys()
    for path, operations in new["paths"].items():
        for verb, operation in operations.items():
            names = [parameter["name"] for parameter in operation.get("parameters", ())]
            assert names == [parameter["name"] for parameter in old["paths"][path][verb].get("parameters", ())]
            assert operation["responses"].keys() == old["paths"][path][verb]["responses"].keys()
    assert '"null"' not in asker.get("/api/3.0").text and '"const"' not in asker.get("/api/3.0").text


def test_every_parameter_that_is_understood_is_described(asker: httpx.Client) -> None:
    from jishi_api.query import ITEM_MEMBERS, PAGE_MEMBERS

    paths = asker.get("/api").json()["paths"]
    of_items = {parameter["name"] for parameter in paths["/collections/{collection}/items"]["get"]["parameters"]}
    of_an_item = {
        parameter["name"] for parameter in paths["/collections/{collection}/items/{key}"]["get"]["parameters"]
    }
    assert of_items >= PAGE_MEMBERS and of_an_item == ITEM_MEMBERS | {"collection", "key"}
    for collection in ("places", "legal-entities"):
        told = asker.get(f"/collections/{collection}/queryables").json()["properties"]
        assert {name for name, schema in told.items() if "type" in schema} <= of_items
