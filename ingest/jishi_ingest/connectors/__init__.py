"""Readers of the files departments send: the steps *fetch* and *read*, from bytes to Polars frames of text columns."""

from jishi_ingest.connectors.read import read_delivery
from jishi_ingest.connectors.reading import Reading, ReadOptions

__all__ = ["ReadOptions", "Reading", "read_delivery"]
