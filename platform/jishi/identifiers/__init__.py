"""Identifiers 标识: numbers that name a person, an entity or a place; how they are read, checked, masked and sealed."""
