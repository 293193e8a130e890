"""The resolver's parts: words it knows, how it reads a name, what it compares with, and how it judges (query, road out)."""
