"""Jishi's road in: connectors, sources, the pipeline and its scheduler, and the demo city."""
