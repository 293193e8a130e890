from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from uuid import UUID, uuid4

import httpx
import pytest
from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response

from jishi.errors import CallerError, DeniedError, InputRefusedError, InternalError, JishiError, NotFoundError
from jishi.messages import catalogue
from jishi_api import problem


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (CallerError("QRY-PARAMETERS"), 400),
        (DeniedError("ACC-KEY-MISSING"), 401),
        (DeniedError("ACC-DENIED"), 403),
        (NotFoundError("QRY-NOT-FOUND"), 404),
        (CallerError("QRY-METHOD"), 405),
        (NotFoundError("QRY-ENDED"), 410),
        (InputRefusedError("ING-READ"), 422),
        (InternalError("GLD-ANY"), 500),
        (InternalError("QRY-TIMEOUT"), 503),
        (InternalError("STO-CONNECT", reason="secret"), 503),
    ],
)
def test_one_table_gives_every_error_its_status(error: JishiError, status: int) -> None:
    assert problem.status_of(error) == status
    answer = problem.respond(error, "en", str(uuid4()))
    assert answer.status_code == status and b"secret" not in bytes(answer.body)


def test_every_status_and_code_of_the_table_has_its_words() -> None:
    codes = {*problem.STATUS_BY_CODE, *problem.TITLES.values(), problem.INTERNAL, problem.UNAVAILABLE}
    words = catalogue()
    assert all(words[code]["zh"] and words[code]["en"] for code in codes - {"STO-CONNECT"})
    assert set(problem.STATUS_BY_CODE.values()) <= problem.TITLES.keys()


async def test_a_problem_has_every_member_and_the_correlation_id(anybody: httpx.AsyncClient) -> None:
    request_id = str(uuid4())
    answer = await anybody.get("/nothing", headers={"X-Request-Id": request_id})
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.headers["X-Request-Id"] == request_id
    told = answer.json()
    assert set(told) == {"type", "title", "status", "detail", "code", "instance", "errors"}
    assert told["instance"] == f"urn:uuid:{request_id}" and told["status"] == answer.status_code == 404


async def test_a_correlation_id_that_is_no_random_uuid_is_replaced(anybody: httpx.AsyncClient) -> None:
    for given in ("320505199001011234", "32050519900101123400000000000000", "", "x"):
        answer = await anybody.get("/health/live", headers={"X-Request-Id": given})
        assert UUID(answer.headers["X-Request-Id"]).version == 4 and "199001" not in answer.headers["X-Request-Id"]


async def test_a_problem_speaks_the_callers_language(anybody: httpx.AsyncClient) -> None:
    for header, language in (("en", "en"), ("en-US,zh;q=0.8", "en"), ("zh;q=1,en;q=0.5", "zh-CN"), ("fr", "zh-CN")):
        answer = await anybody.get("/nothing", headers={"Accept-Language": header})
        assert answer.headers["Content-Language"] == language
        assert answer.json()["title"] == ("Not found" if language == "en" else "没有找到")


async def test_a_wrong_method_is_a_problem_that_names_the_right_ones(caller: httpx.AsyncClient) -> None:
    for path in ("/collections", "/collections/places/items", "/collections/places/items/1", "/dictionary/schemes"):
        answer = await caller.delete(path)
        assert answer.status_code == 405 and answer.json()["code"] == "QRY-METHOD"
        assert "GET" in answer.headers["Allow"]


async def test_what_can_be_got_can_be_asked_for_its_head(caller: httpx.AsyncClient) -> None:
    for path in ("/", "/collections", "/collections/places/items", "/health/live"):
        assert (await caller.head(path)).status_code == 200


async def test_a_body_too_long_is_refused_whether_it_says_so_or_not(anybody: httpx.AsyncClient) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(20):
            yield b" " * 100_000

    for content in (b" " * 2_000_000, chunks()):
        answer = await anybody.post(
            "/dictionary/resolve", content=content, headers={"Content-Type": "application/json"}
        )
        assert answer.status_code == 413 and answer.json()["code"] == "QRY-BODY-SIZE"


async def test_a_body_that_is_no_json_is_refused_without_repeating_it(anybody: httpx.AsyncClient) -> None:
    for content in (b"{", b"\xff\xfe", b'{"names": [{"secret": 1}]}', b"[" * 10_000, b'{"names": "secret"}'):
        answer = await anybody.post(
            "/dictionary/resolve", content=content, headers={"Content-Type": "application/json"}
        )
        assert answer.status_code == 400 and "secret" not in answer.text, answer.text


async def test_what_nobody_expected_tells_nothing_but_its_number(
    api: FastAPI, anybody: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    async def fail(request: Request) -> Response:
        raise ValueError("欧阳明日 320505199001011234")

    async def fail_ours(request: Request) -> Response:
        raise InternalError("GLD-ANY", value="secret")

    api.add_route("/fail", fail)
    api.add_route("/fail-ours", fail_ours)
    for path in ("/fail", "/fail-ours"):
        with caplog.at_level(logging.ERROR):
            answer = await anybody.get(path)
        assert answer.status_code == 500 and answer.json()["code"] == "QRY-INTERNAL"
        request_id = answer.headers["X-Request-Id"]
        assert request_id in caplog.text
        for secret in ("欧阳明日", "320505199001011234", "secret", "ValueError", "GLD-ANY"):
            assert secret not in answer.text
        assert "欧阳明日" not in caplog.text


async def test_a_body_that_is_no_json_is_told_what_it_should_be(steward: httpx.AsyncClient) -> None:
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    for content, headers in ((b'{"reason":"x"}', form), (b'{"reason":', None), (b"[1]", None), (b"", None)):
        sent = headers or {"Content-Type": "application/json"}
        answer = await steward.post("/stewardship/quarantine/1/discard", content=content, headers=sent)
        assert answer.status_code == 400
        assert [(fault["name"], fault["code"]) for fault in answer.json()["errors"]] == [("body", "QRY-BODY-JSON")]
    answer = await steward.post("/stewardship/quarantine/1/discard", json={"reason": ""})
    assert [fault["name"] for fault in answer.json()["errors"]] == ["reason"]
