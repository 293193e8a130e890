"""Standardise 标准化: raw text columns become typed columns and facts, a standard batch (third step of the road)."""
