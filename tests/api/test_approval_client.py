"""The example client does what an approval platform does, against a running server, knowing only the contract."""

from __future__ import annotations

import asyncio
import importlib.util
import json
import os
import subprocess
import sys
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import httpx
import pytest
from cryptography.exceptions import InvalidSignature

from jishi.access import clients, receipts
from jishi.dictionary.load import load_all
from jishi.identifiers.keys import Keys
from jishi.settings import Settings
from served import Served

if TYPE_CHECKING:
    from asyncpg import Connection

Put = Callable[..., Awaitable[UUID]]
PutNumber = Callable[[UUID, str, str, str], Awaitable[None]]
Granted = Callable[..., Awaitable[httpx.AsyncClient]]

CLIENT = Path(__file__).resolve().parents[2] / "deploy" / "examples" / "approval_client.py"
USCC, NAME = "914403001922038216", "苏州某某建设有限公司"
CERTIFICATE = "1.2.156.3005.2.11100000000013338W011.11430000006122244L.000000001.001.P"
FORM: dict[str, Any] = {
    "place": "广州",
    "nodes": ["信息化规划编制", "数字政府规划", "年度需求申报"],
    "uscc": USCC,
    "applicant": NAME,
    "certificate": {
        "key": {"cert_identifier": CERTIFICATE},
        "claims": {"cert_name": "建筑业企业资质证书", "holder_name": NAME},
    },
    "purpose": "approval",
}


@pytest.fixture
async def key(
    granted: Granted, put: Put, put_number: PutNumber, connection: Connection[Any], settings: Settings
) -> str:
    """The API key of a platform that may verify certificates of its cases, in a city with one company and its certificate."""
    await load_all(connection, settings)
    company = await put("legal_entity", 1, entity_name=NAME, uscc=USCC)
    await put_number(company, "legal_entity", "uscc", USCC)
    certificate = await put(
        "certificate",
        2,
        cert_identifier=CERTIFICATE,
        cert_name="建筑业企业资质证书",
        holder_name=NAME,
        cert_status="01",
    )
    await put_number(certificate, "certificate", "cert_identifier", CERTIFICATE)
    clear = {"cert_identifier", "cert_name", "holder_name"}
    platform = await granted("certificates", clear=clear, purposes=["approval"])
    return platform.headers["X-API-Key"]


def decided(url: str, key: str, folder: Path, **instead: object) -> tuple[int, str]:
    """Exit code and words of the client for the form with these members instead."""
    path = folder / "form.json"
    path.write_text(json.dumps({**FORM, **instead}, ensure_ascii=False), encoding="utf-8")
    environment = {**os.environ, "JISHI_API_KEY": key, "PYTHONIOENCODING": "utf-8"}
    done = subprocess.run(
        [sys.executable, CLIENT, url, path], env=environment, capture_output=True, text=True, check=False, timeout=60
    )
    return done.returncode, done.stdout + done.stderr


def test_the_client_is_short_and_needs_nothing_of_ours() -> None:
    text = CLIENT.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 80
    assert "import jishi" not in text and "from jishi" not in text


async def test_it_decides_as_an_approval_platform_would(
    key: str, settings: Settings, connection: Connection[Any], keys: Keys, tmp_path: Path
) -> None:
    stranger = await clients.create(connection, keys, "stranger")

    def run() -> dict[str, tuple[int, str]]:
        claims = FORM["certificate"]["claims"]
        wrong = {**FORM["certificate"], "claims": {**claims, "cert_name": "营业执照"}}
        with Served(settings, workers=1) as served:
            return {
                "plain": decided(served.url, key, tmp_path),
                "foreign": decided(served.url, key, tmp_path, nodes=["信息化规划编制", "食堂配送服务"]),
                "elsewhere": decided(served.url, key, tmp_path, place="常德", nodes=["数字政府规划"]),
                "unknown": decided(served.url, key, tmp_path, uscc="91440300192203822X"),
                "other": decided(served.url, key, tmp_path, applicant="别的公司"),
                "wrong": decided(served.url, key, tmp_path, certificate=wrong),
                "stranger": decided(served.url, stranger.api_key, tmp_path),
                "away": decided("http://127.0.0.1:9", key, tmp_path),
            }

    found = await asyncio.to_thread(run)
    assert found["plain"][0] == 0, found["plain"][1]
    assert "0101 信息化规划编制" in found["plain"][1] and "决定：受理" in found["plain"][1]
    assert "证照核验 → match" in found["plain"][1]
    for doubtful in ("foreign", "elsewhere", "unknown", "other", "wrong"):
        assert found[doubtful][0] == 1 and "转人工核查" in found[doubtful][1], (doubtful, found[doubtful])
    assert "存疑" in found["foreign"][1] and "证照核验 → mismatch" in found["wrong"][1]
    assert found["stranger"][0] == 2 and found["away"][0] == 2


async def test_a_receipt_that_was_changed_proves_nothing(api: Any) -> None:
    spec = importlib.util.spec_from_file_location("approval_client", CLIENT)
    assert spec is not None and spec.loader is not None
    client = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(client)
    signing = await api.state.serving.receipt_key()
    salt, said = b"s" * 32, {"collection": "certificates", "key": {"cert_no": "D1"}, "claims": {"cert_name": "证"}}
    told = {"outcome": "match", "claims": {"cert_name": "consistent"}}
    receipt = receipts.issue(
        signing,
        uuid4(),
        datetime.now(UTC),
        salt,
        "certificates",
        {"cert_no": "D1"},
        {"cert_name": ("证", "consistent")},
        "match",
    )
    keys = {signing.kid: signing.public_jwk}
    client.check_receipt(receipt, keys, salt, said, told)
    forged = (
        ({**receipt, "at": "2020-01-01T00:00:00Z"}, salt, said, told),
        (receipt, b"t" * 32, said, told),
        (receipt, salt, {**said, "claims": {"cert_name": "别的"}}, told),
        (receipt, salt, said, {**told, "outcome": "mismatch"}),
    )
    for changed in forged:
        with pytest.raises(InvalidSignature):
            client.check_receipt(changed[0], keys, *changed[1:])
