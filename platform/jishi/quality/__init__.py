"""Validation 校验: what a register demands of its rows, evaluated by Great Expectations on the stage table."""
