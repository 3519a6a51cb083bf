"""`make bench`: our numbers beside those of the peers, measured in one run on this machine.

The tables go to stdout, progress to stderr, and everything that was measured to bench-results/ as JSON.
"""

import argparse
import json
import os
import platform
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench import bulk, serving, sync
from bench.measure import note
from bench.tables import Table
from support.data import shared_data

RESULTS = Path(__file__).parents[2] / "bench-results"


def main() -> None:
    """Measure what was asked for."""
    options = _options()
    tables: dict[str, Callable[[Path], Table]] = {
        "sync": lambda folder: _sync(folder, options),
        "bulk": lambda folder: _bulk(folder, options),
        "serving": lambda folder: _serving(folder, options),
    }
    measured: dict[str, Table] = {}
    for name in options.only or tables:
        with tempfile.TemporaryDirectory(prefix="bench-") as folder:
            measured[name] = tables[name](Path(folder))
        print(measured[name].to_text(), flush=True)
    note(f"written: {_write(options.output, measured)}")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="loopback only, once each, short loads")
    parser.add_argument(
        "--only",
        action="append",
        choices=("sync", "bulk", "serving"),
        help="this table; may be given several times",
    )
    parser.add_argument(
        "--textbook", type=Path, metavar="DIR", help="its versions, DIR/v1, v2 and v3 [default: shared/data]"
    )
    parser.add_argument(
        "--output", type=Path, default=RESULTS, metavar="DIR", help="[default: bench-results]"
    )
    return parser.parse_args()


def _sync(folder: Path, options: argparse.Namespace) -> Table:
    book = options.textbook or shared_data("textbook")
    trees = [book / f"v{version}" for version in (1, 2, 3)]
    links = [sync.QUICK_LOOPBACK] if options.quick else [sync.LOOPBACK, sync.FIELD]
    return sync.measure(folder, trees, links)


def _bulk(folder: Path, options: argparse.Namespace) -> Table:
    size_bytes, repeats = (50_000_000, 1) if options.quick else (200_000_000, 3)
    return bulk.measure(folder, size_bytes=size_bytes, repeats=repeats)


def _serving(folder: Path, options: argparse.Namespace) -> Table:
    book = options.textbook or shared_data("textbook")
    return serving.measure(folder, book / "v3", seconds=2 if options.quick else 8)


def _write(folder: Path, measured: dict[str, Table]) -> Path:
    now = datetime.now(UTC)
    result: dict[str, Any] = {
        "format": 1,
        "measured_at": now.isoformat(timespec="seconds"),
        "machine": {
            "system": platform.platform(),
            "python": platform.python_version(),
            "cores": len(os.sched_getaffinity(0)),
            "load_1_min": os.getloadavg()[0],
        },
        "tables": {name: table.to_dict() for name, table in measured.items()},
    }
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{now:%Y%m%dT%H%M%SZ}.json"
    path.write_text(json.dumps(result, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    return path


if __name__ == "__main__":
    main()
