"""What stewards do at a terminal: the queue, an alias, a negative alias, and the effect shown before."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from jishi.cli import main
from jishi.dictionary import seen
from jishi.dictionary.resolve import Answer, Context, resolve
from jishi.settings import Settings
from jishi.storage import engine

UNKNOWN = "舢板摆渡"


def test_a_name_is_seen_tried_made_and_refused(
    loaded_settings: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert loaded_settings.database_url is not None
    url = loaded_settings.database_url
    monkeypatch.setenv("JISHI_DATABASE_URL", url)
    monkeypatch.setenv("JISHI_STATE", str(loaded_settings.state_dir))
    monkeypatch.setenv("JISHI_HOME", str(loaded_settings.home_dir))
    monkeypatch.setenv("LANG", "en_GB.UTF-8")

    def run(*words: str) -> str:
        assert main(["dictionary", *words]) == 0
        return capsys.readouterr().out

    async def asked() -> Answer:
        connection = await engine.connect(url)
        try:
            answer = await resolve(connection, [UNKNOWN])
            notes: seen.Notes = {}
            seen.note(notes, None, Context(place="苏州"), answer.version, answer.results[0], 10)
            await seen.write(connection, notes, 100)
            return answer
        finally:
            await connection.close()

    assert asyncio.run(asked()).results[0].match is None
    (entry,) = json.loads(run("queue", "--json"))
    assert entry["name"] == UNKNOWN and UNKNOWN in run("queue")
    effect: dict[str, Any] = json.loads(run("alias", UNKNOWN, "0103", "--preview", "--json"))
    assert [(change["before"], change["after"]) for change in effect["changes"]] == [(None, "0103")]
    assert "0103" in run("alias", UNKNOWN, "0103", "--reason", "试")
    match = asyncio.run(asked()).results[0].match
    assert match is not None and match.code == "0103"
    assert json.loads(run("queue", "--json")) == []
    made = json.loads(run("negative", UNKNOWN, "0102", "--json"))
    assert made["status"] == "approved" and made["wanted"]["negative"] is True
    assert "ended" in run("decide", str(made["alias_id"]), "end", "--reason", "试完了")
    assert main(["dictionary", "alias", UNKNOWN, "9999"]) == 2
    assert "DIC-ALIAS" in capsys.readouterr().err
