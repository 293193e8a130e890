"""The parts of ``benchmarks/resolve.py``: names, the curve that scores are read from, speed."""
