"""The same fuzzing led by coverage, with atheris, which is no dependency of ours: install it beside the environment.

``PYTHONPATH=.venv/lib/python3.11/site-packages OTHER/bin/python tests/corpus/fuzz_coverage.py FOLDER -max_total_time=600``
keeps its inputs in FOLDER, which it fills with the corpus first. Of an input the first byte chooses the name.
"""

from __future__ import annotations

import io
import sys
import warnings
from pathlib import Path

NAMES = ("a.csv", "a.json", "a.ndjson", "a.geojson", "a.xls", "a.xlsx", "a.zip", "a.csv.gz", "a.parquet", "a.txt")


def main() -> None:
    import atheris

    sys.path.insert(0, str(Path(__file__).parent))
    with atheris.instrument_imports(
        include=["jishi_ingest", "jishi.standardise", "xlrd", "zipfile", "gzip", "csv", "json"]
    ):
        from corpus import CASES
        from jishi.errors import InputRefusedError
        from jishi_ingest.connectors import ReadOptions, read_delivery

    warnings.simplefilter("error")
    options = ReadOptions(
        expected_headers=frozenset({"企业名称", "统一社会信用代码", "name", "gb"}),
        footer=("合计",),
        file_crs="EPSG:4490",
    )
    folder = Path(next(argument for argument in sys.argv[1:] if not argument.startswith("-")))
    folder.mkdir(exist_ok=True)
    for case in CASES:
        if not case.name.startswith("bomb") and len(data := case.make()) < 20_000:
            at = next((place for place, name in enumerate(NAMES) if case.name.endswith(name[1:])), 0)
            (folder / case.name).write_bytes(bytes([at]) + data)

    def take(data: bytes) -> None:
        if not data:
            return
        try:
            for _ in read_delivery(io.BytesIO(data[1:]), NAMES[data[0] % len(NAMES)], options).chunks:
                pass
        except InputRefusedError as error:
            assert error.text("zh-CN")

    atheris.Setup(sys.argv, take)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
