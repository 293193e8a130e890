"""Uids for rows that may become entities: UUIDv7 (RFC 9562, 5.7) in bulk, so that no statement has to make them."""

from __future__ import annotations

import os
import time

import numpy as np
import polars as pl

from jishi.identifiers.sealed_columns import hex_texts


def new_uids(count: int, millisecond: int | None = None) -> pl.Series:
    """``count`` different uids of this instant.

    >>> new_uids(1, 0)[0][:13]
    '0000000000007'
    """
    if count == 0:
        return pl.Series([], dtype=pl.String)
    octets = np.frombuffer(os.urandom(16 * count), dtype=np.uint8).reshape(count, 16).copy()
    moment = int(time.time() * 1000) if millisecond is None else millisecond
    octets[:, :6] = np.frombuffer(moment.to_bytes(6, "big"), dtype=np.uint8)
    octets[:, 6] = 0x70 | (octets[:, 6] & 0x0F)
    octets[:, 8] = 0x80 | (octets[:, 8] & 0x3F)
    return hex_texts(octets)
