"""Errors as the caller sees them: problem+json (RFC 9457), its status from one table (edge of the road out)."""

from __future__ import annotations

import json
import re
from typing import Any

from starlette.responses import Response

from jishi.errors import Blame, DeniedError, Fault, JishiError, NotFoundError
from jishi.messages import render

MEDIA_TYPE = "application/problem+json"

STATUS_BY_CODE = {
    "ACC-CREDENTIALS": 400,
    "ACC-KEY-MISSING": 401,
    "ACC-KEY-UNKNOWN": 401,
    "ACC-TOKEN": 401,
    "ACC-TOKEN-ENDED": 401,
    "ACC-GUESSING": 429,
    "ACC-GUESSING-SUBJECT": 429,
    "ACC-OIDC-UNREACHABLE": 503,
    "ACC-REVOCATION-UNHEARD": 503,
    "ACC-SIGNING-KEY": 503,
    "QRY-METHOD": 405,
    "ACC-APPLICATION-STEP": 409,
    "QRY-KEY-AMBIGUOUS": 409,
    "QRY-CONCEPT-AMBIGUOUS": 409,
    "DIC-ALIAS-STEP": 409,
    "QLT-ROW-CLOSED": 409,
    "QLT-REPAIR-BEGUN": 409,
    "QLT-BULK-OVER": 409,
    "QLT-PREVIEW-OVER": 409,
    "ING-NOT-HELD": 409,
    "QRY-ENDED": 410,
    "QLT-ROW-GONE": 410,
    "QRY-POSITION-EXPIRED": 410,
    "QRY-POSITION-GRANT": 410,
    "QRY-EXPORT-OVER": 410,
    "QRY-EXPORT-NOT-DONE": 409,
    "QRY-EXPORT-MANY": 429,
    "QRY-RANGE": 416,
    "QRY-BODY-SLOW": 408,
    "QRY-BODY-SIZE": 413,
    "DIC-RECONCILE-BATCH": 413,
    "QRY-QUOTA": 429,
    "QRY-RATE": 429,
    "QRY-HEADERS": 431,
    "ACC-LOG": 503,
    "ACC-LOG-BUSY": 503,
    "QRY-BUSY": 503,
    "QRY-NOT-READY": 503,
    "QRY-OVERLOAD": 503,
    "QRY-TIMEOUT": 503,
    "STO-CONNECT": 503,
}
STATUS_BY_CLASS: tuple[tuple[type[JishiError], int], ...] = ((NotFoundError, 404), (DeniedError, 403))
STATUS_BY_BLAME = {Blame.CALLER: 400, Blame.DATA: 422, Blame.OURS: 500}

TITLES = {
    400: "QRY-TITLE-400",
    401: "QRY-TITLE-401",
    403: "QRY-TITLE-403",
    404: "QRY-TITLE-404",
    405: "QRY-TITLE-405",
    408: "QRY-TITLE-408",
    409: "QRY-TITLE-409",
    410: "QRY-TITLE-410",
    413: "QRY-TITLE-413",
    416: "QRY-TITLE-416",
    422: "QRY-TITLE-422",
    429: "QRY-TITLE-429",
    431: "QRY-TITLE-431",
    500: "QRY-TITLE-500",
    503: "QRY-TITLE-503",
}
INTERNAL = "QRY-INTERNAL"
UNAVAILABLE = "QRY-UNAVAILABLE"

_HEADERS = {
    401: {"WWW-Authenticate": 'ApiKey realm="jishi", header="X-API-Key", Bearer realm="jishi"'},
    503: {"Retry-After": "1"},
}


def status_of(error: JishiError) -> int:
    """The HTTP status: by code, else by class, else by whose fault it is."""
    if error.code in STATUS_BY_CODE:
        return STATUS_BY_CODE[error.code]
    return next((status for kind, status in STATUS_BY_CLASS if isinstance(error, kind)), STATUS_BY_BLAME[error.blame])


def respond(error: JishiError, language: str, instance: str) -> Response:
    """The problem of ``error``; of what is our fault only that it is, and the correlation id, are told."""
    status = status_of(error)
    if status == STATUS_BY_BLAME[Blame.OURS]:
        return respond_internal(language, instance)
    code, values, faults = error.code, error.values, error.faults
    if code == "STO-CONNECT":
        code, values, faults = UNAVAILABLE, {}, ()
    answer = _response(status, code, render(code, language, **values), language, instance, faults=faults)
    if "retry_after_s" in values:
        answer.headers["Retry-After"] = str(values["retry_after_s"])
    return answer


def respond_internal(language: str, instance: str) -> Response:
    """The problem of something nobody expected."""
    return _response(500, INTERNAL, render(INTERNAL, language), language, instance)


def language_of(header: str | None) -> str:
    """``en`` where ``Accept-Language`` prefers it to Chinese, else ``zh-CN``.

    >>> language_of("en-GB,zh;q=0.5"), language_of("fr, zh-CN;q=0.9, en;q=0.8"), language_of(None)
    ('en', 'zh-CN', 'zh-CN')
    """
    best = {"zh": 0.0, "en": 0.0}
    for match in _RANGE.finditer(header or ""):
        primary = match["tag"].lower()
        if primary in best:
            best[primary] = max(best[primary], float(match["q"] or 1))
    return "en" if best["en"] > best["zh"] else "zh-CN"


_RANGE = re.compile(r"(?P<tag>[A-Za-z]{1,8})(?:-[A-Za-z0-9-]+)?\s*(?:;\s*q\s*=\s*(?P<q>[01](?:\.[0-9]{0,3})?))?")


def _response(
    status: int, code: str, detail: str, language: str, instance: str, *, faults: tuple[Fault, ...] = ()
) -> Response:
    body: dict[str, Any] = {
        "type": f"urn:jishi:problem:{code.lower()}",
        "title": render(TITLES[status], language),
        "status": status,
        "detail": detail,
        "code": code,
        "instance": f"urn:uuid:{instance}",
        "errors": [{"name": fault.name, "code": fault.code, "reason": fault.text(language)} for fault in faults],
    }
    headers = {"Content-Language": language, "Cache-Control": "no-store", **_HEADERS.get(status, {})}
    content = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
    return Response(content, status_code=status, media_type=MEDIA_TYPE, headers=headers)
