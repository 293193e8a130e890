"""The parts of ``benchmarks/serve.py``: data, servers, load, figures."""
