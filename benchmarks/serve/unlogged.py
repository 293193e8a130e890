"""``jishi serve`` that writes no disclosures: what the log costs is the difference. Exists for the benchmark alone."""

from __future__ import annotations

import argparse
import sys
from importlib.util import find_spec

from jishi.settings import Settings
from jishi_api import processes, server


async def _not_written(log: object, disclosure: object) -> None:
    return None


def main() -> int:
    if find_spec("jishi.access.disclosure_log") is not None:
        from jishi.access.disclosure_log import DisclosureLog  # type: ignore[import-not-found,unused-ignore]

        DisclosureLog.write = _not_written
    if len(sys.argv) == 4:  # one of the processes
        return server.main(sys.argv[1:])
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int)
    parser.add_argument("--workers", type=int)
    args = parser.parse_args()
    processes.serve_many(server.listen("127.0.0.1", args.port), Settings(), args.workers, program="serve.unlogged")
    return 0


if __name__ == "__main__":
    sys.exit(main())
