"""Matching: which entity a contribution belongs to, by strong identifiers first."""
