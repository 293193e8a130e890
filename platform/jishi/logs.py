"""Logging for every process: one line an event on stderr, UTC, no personal value ever among the arguments."""

from __future__ import annotations

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
