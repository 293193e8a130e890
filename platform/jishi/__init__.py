"""Jishi 基石: the platform of a city's basic information resource library; it knows neither ingest nor api."""
