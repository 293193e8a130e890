"""Jishi's road out: one query API over every register, and the console."""
