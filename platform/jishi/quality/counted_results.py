"""Great Expectations' own document of a validation as it is kept: its shape, and of its content counts only (*validate*).

What is not named here does not get into it: no sample, no row number, no text of a driver's error, which may quote a
value of the delivery. Its pages are rendered from it (:mod:`jishi.quality.data_docs`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from great_expectations.core import ExpectationValidationResult

Document = dict[str, Any]

COUNTS = (
    "element_count",
    "unexpected_count",
    "unexpected_percent",
    "missing_count",
    "missing_percent",
    "unexpected_percent_total",
    "unexpected_percent_nonmissing",
)
"""Members of a result that count."""

_LEFT_OUT = ("batch_id",)


def document_of(name: str, results: Sequence[ExpectationValidationResult], today: date) -> Document:
    """The document of ``results`` in their order; ``name`` is the suite's, ``today`` the batch's day."""
    from great_expectations import __version__

    told = [_told(result) for result in results]
    passed = sum(bool(one["success"]) for one in told)
    return {
        "success": passed == len(told),
        "results": told,
        "suite_name": name,
        "suite_parameters": {},
        "statistics": {
            "evaluated_expectations": len(told),
            "successful_expectations": passed,
            "unsuccessful_expectations": len(told) - passed,
            "success_percent": 100 * passed / len(told) if told else None,
        },
        "meta": {
            "great_expectations_version": __version__,
            "run_id": {"run_name": name, "run_time": today.isoformat()},
        },
    }


def raised(info: object) -> bool:
    """Whether an exception's own note, or one of its parts, says that something was raised."""
    if not isinstance(info, Mapping):
        return False
    return bool(info.get("raised_exception")) or any(raised(part) for part in info.values())


def kind_of_fault(info: object) -> str:
    """The class of the driver's error; its text is left out, for it may quote a value of the delivery."""
    found = re.search(r"\(psycopg\.errors\.(\w+)\)", str(info))
    return found.group(1) if found else "exception"


def _told(result: ExpectationValidationResult) -> Document:
    config = result.expectation_config
    fell = raised(result.exception_info) or "element_count" not in result.result
    return {
        "success": bool(result.success),
        "expectation_config": {
            "type": config.type if config else "",
            "kwargs": {n: _plain(v) for n, v in (config.kwargs if config else {}).items() if n not in _LEFT_OUT},
            "meta": dict(config.meta or {}) if config else {},
        },
        "result": {} if fell else {name: result.result.get(name) for name in COUNTS if name in result.result},
        "meta": {},
        "exception_info": {
            "raised_exception": fell,
            "exception_message": kind_of_fault(result.exception_info) if fell else None,
            "exception_traceback": "",  # its renderer takes no null
        },
    }


def _plain(value: object) -> object:
    """Limits of a rule as JSON has them."""
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value if value is None or isinstance(value, str | int | float | bool) else str(value)
