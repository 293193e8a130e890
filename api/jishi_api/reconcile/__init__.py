"""Reconciliation 名称对照: the W3C Reconciliation Service API, 0.2 and the 1.0 draft, over the resolver (query, road out)."""
