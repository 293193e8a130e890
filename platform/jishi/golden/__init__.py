"""Golden records 主数据: merging contributions, versions, relations and changes; resolve.py is the one door."""
