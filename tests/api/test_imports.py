from __future__ import annotations

import json
import subprocess
import sys


def test_the_api_process_loads_no_columnar_or_validation_engine() -> None:
    program = (
        "import json, sys\n"
        "from jishi.settings import Settings\n"
        "from jishi_api.main import create_app\n"
        "create_app(Settings()).openapi()\n"
        "print(json.dumps(sorted(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    loaded = {name.split(".")[0] for name in json.loads(done.stdout)}
    assert loaded.isdisjoint(
        {"great_expectations", "splink", "polars", "pandas", "pyarrow", "apscheduler", "jishi_ingest"}
    )
