"""Logging for every process: one line an event on stderr, UTC, no personal value ever among the arguments."""

from __future__ import annotations

import json
import logging
import sys
import time


def logger(name: str) -> logging.Logger:
    return logging.getLogger(name)


def configure(level: int = logging.INFO) -> None:
    """Send the log of this process to stderr; called once by a command's edge."""
    handler = logging.StreamHandler(sys.stderr)
    formatter = logging.Formatter("%(asctime)sZ %(levelname)s %(name)s %(message)s", "%Y-%m-%dT%H:%M:%S")
    formatter.converter = time.gmtime
    handler.setFormatter(formatter)
    root = logging.getLogger("jishi")
    root.handlers[:] = [handler]
    root.setLevel(level)
    other = logging.getLogger("jishi_ingest")
    other.handlers[:] = [handler]
    other.setLevel(level)


def configure_json(level: int = logging.INFO) -> None:
    """As :func:`configure`, each line a JSON object, and for every library too (what they say below a warning is noise)."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_JsonLines())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    for name in ("jishi", "uvicorn.error"):
        logging.getLogger(name).setLevel(level)


class _JsonLines(logging.Formatter):
    """time, level, logger, message; of an exception its type only: its text may hold a value."""

    def format(self, record: logging.LogRecord) -> str:
        moment = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
        told = {
            "time": f"{moment}.{int(record.msecs):03}Z",
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info and record.exc_info[0] is not None:
            told["exception"] = record.exc_info[0].__name__
        return json.dumps(told, ensure_ascii=False)
