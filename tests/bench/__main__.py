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

from bench import (
    bulk,
    classroom,
    cuts,
    first_view,
    fleet,
    fleet_day,
    fleet_office,
    indexing,
    neighbour,
    search_quality,
    serving,
    stories,
    sync,
)
from bench.links import FIELD, LOOPBACK
from bench.measure import note
from bench.tables import Table
from support.data import shared_data
from support.npm import NotFetchedError

RESULTS = Path(__file__).parents[2] / "bench-results"


def main() -> None:
    """Measure what was asked for."""
    options = _options()
    measured: dict[str, Table] = {}
    for name, measure in TABLES.items():
        if _is_wanted(name, options.only):
            with tempfile.TemporaryDirectory(prefix="bench-") as folder:
                measured[name] = measure(Path(folder), options)
            print(measured[name].to_text(), flush=True)
    note(f"written: {_write(options.output, measured)}")


def _is_wanted(name: str, only: list[str] | None) -> bool:
    return not only or any(name == word or name.startswith(f"{word}-") for word in only)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument(
        "--quick",
        action="store_true",
        help="loopback only, once each, the book alone, a small fleet, short loads",
    )
    parser.add_argument(
        "--only",
        action="append",
        choices=("sync", "fleet", *TABLES),
        help="this table, or all whose names begin so; may be given several times",
    )
    parser.add_argument(
        "--textbook", type=Path, metavar="DIR", help="its versions, DIR/v1, v2 and v3 [default: shared/data]"
    )
    parser.add_argument(
        "--output", type=Path, default=RESULTS, metavar="DIR", help="[default: bench-results]"
    )
    return parser.parse_args()


def _sync(folder: Path, options: argparse.Namespace) -> Table:
    versions = _book(options)
    told, left_out = [stories.book(_made(folder, "book"), versions)], []
    if not options.quick:
        told += [stories.database(_made(folder, "database")), stories.zim(_made(folder, "zim"), versions)]
        try:
            told.append(stories.app(_made(folder, "app")))
        except NotFetchedError as error:
            left_out.append(f"app from the npm registry: {error}")
    links = [LOOPBACK] if options.quick else [LOOPBACK, FIELD]
    return sync.measure(folder, told, links, left_out)


def _cut(folder: Path, options: argparse.Namespace) -> Table:
    return cuts.measure(folder, stories.book(_made(folder, "book"), _book(options)), quick=options.quick)


def _fleet(folder: Path, options: argparse.Namespace) -> Table:
    return fleet.measure(folder, hubs=fleet.QUICK_HUBS if options.quick else fleet.HUBS)


def _fleet_day(folder: Path, options: argparse.Namespace) -> Table:
    if options.quick:
        return fleet_day.measure(folder, fleets=fleet_day.QUICK, ingest_hours=12)
    return fleet_day.measure(folder)


def _fleet_office(folder: Path, options: argparse.Namespace) -> Table:
    if options.quick:
        return fleet_office.measure(folder, fleets=fleet_office.QUICK, packs=fleet_office.QUICK_PACKS)
    return fleet_office.measure(folder)


def _neighbour(folder: Path, options: argparse.Namespace) -> Table:
    return neighbour.measure(folder, stories.book(_made(folder, "book"), _book(options)))


def _book(options: argparse.Namespace) -> list[Path]:
    book = options.textbook or shared_data("textbook")
    return [book / f"v{version}" for version in (1, 2, 3)]


def _made(folder: Path, name: str) -> Path:
    (folder / name).mkdir()
    return folder / name


def _bulk(folder: Path, options: argparse.Namespace) -> Table:
    size_bytes, repeats = (50_000_000, 1) if options.quick else (200_000_000, 3)
    return bulk.measure(folder, size_bytes=size_bytes, repeats=repeats)


def _serving(folder: Path, options: argparse.Namespace) -> Table:
    return serving.measure(folder, _book(options)[2], rounds=1 if options.quick else 4)


def _serving_class(folder: Path, options: argparse.Namespace) -> Table:
    return classroom.measure(folder, quick=options.quick)


def _search_quality(folder: Path, options: argparse.Namespace) -> Table:
    return search_quality.measure(folder)


def _first_view(folder: Path, options: argparse.Namespace) -> Table:
    return first_view.measure(folder, _book(options)[2])


def _search_index(folder: Path, options: argparse.Namespace) -> Table:
    return indexing.measure(folder, quick=options.quick)


Measure = Callable[[Path, argparse.Namespace], Table]
TABLES: dict[str, Measure] = {
    "sync-pack": _sync,
    "sync-cut": _cut,
    "sync-fleet": _fleet,
    "sync-neighbour": _neighbour,
    "fleet-day": _fleet_day,
    "fleet-office": _fleet_office,
    "bulk": _bulk,
    "serving": _serving,
    "serving-class": _serving_class,
    "search-quality": _search_quality,
    "first-view": _first_view,
    "search-index": _search_index,
}


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
