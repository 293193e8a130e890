"""What is asked of the resolver and what it answers: context, candidates with their reasons, and their JSON."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from json.encoder import encode_basestring

from jishi.errors import Fault


@dataclass(frozen=True, slots=True)
class Context:
    """Where the name was used: a place (name or division code), department (name or USCC), stage code, project type,

    and the day (None: today).
    """

    place: str | None = None
    department: str | None = None
    stage: str | None = None
    as_of: date | None = None
    project_type: str | None = None


@dataclass(frozen=True, slots=True)
class Candidate:
    """A concept the name may mean; ``score`` 0-100, ``why`` a message of the catalogue with its values."""

    scheme: str
    code: str
    name: str
    score: int
    match: bool
    why: Fault

    def reason(self, language: str = "zh-CN") -> str:
        return _reason(self.why.code, tuple(self.why.values.items()), language)


@dataclass(frozen=True, slots=True)
class Resolution:
    """The answer for one name: at most one match, the candidates best first, or the fault of the name itself."""

    name: str
    match: Candidate | None
    candidates: tuple[Candidate, ...]
    fault: Fault | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """The answers in the order asked, and the version of the dictionary they rest on."""

    version: str
    results: tuple[Resolution, ...]

    def as_json(self, language: str = "zh-CN") -> dict[str, object]:
        """The body of the contract's ``POST /dictionary/resolve``."""
        loaded: dict[str, object] = json.loads(self.as_bytes(language))
        return loaded

    def as_bytes(self, language: str = "zh-CN") -> bytes:
        """The same as the bytes that go to the socket: pieces that recur are made once."""
        results = ",".join([_result(result, language) for result in self.results])
        return f'{{"version":{json.dumps(self.version)},"results":[{results}]}}'.encode()


def _result(result: Resolution, language: str) -> str:
    match = result.match
    told = "null" if match is None else f'{_named(match.code, match.name)},"score":{match.score}}}'
    candidates = ",".join([_candidate(candidate, language) for candidate in result.candidates])
    fault = ""
    if result.fault is not None:
        fault = f',"fault":{_text({"code": result.fault.code, "reason": result.fault.text(language)})}'
    return f'{{"name":{encode_basestring(result.name)},"match":{told},"candidates":[{candidates}]{fault}}}'


def _candidate(candidate: Candidate, language: str) -> str:
    why = candidate.why
    reason = _reason_json(why.code, tuple(why.values.items()), language)
    match = "true" if candidate.match else "false"
    opening = _opening(candidate.scheme, candidate.code, candidate.name)
    return f'{opening},"score":{candidate.score},"match":{match},"reason":{reason}}}'


def _text(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


@lru_cache(maxsize=20_000)
def _opening(scheme: str, code: str, name: str) -> str:
    return _text({"scheme": scheme, "code": code, "name": name})[:-1]


@lru_cache(maxsize=20_000)
def _named(code: str, name: str) -> str:
    return _text({"code": code, "name": name})[:-1]


@lru_cache(maxsize=20_000)
def _reason(code: str, values: tuple[tuple[str, object], ...], language: str) -> str:
    return Fault("reason", code, dict(values)).text(language)


@lru_cache(maxsize=20_000)
def _reason_json(code: str, values: tuple[tuple[str, object], ...], language: str) -> str:
    return _text(_reason(code, values, language))
