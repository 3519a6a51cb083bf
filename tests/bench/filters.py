"""How long a million blocked names take to become a pack, and the memory of it: python -m bench.filters.

    PYTHONPATH=tests .venv/bin/python -m bench.filters [DOMAINS]

One core. Prints seconds of each step, by the clock and of the processor, and the most memory, in MiB.
"""

import os
import random
import resource
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from provisioning.central.filters.lists import add_list
from provisioning.central.filters.policies import set_policy
from provisioning.central.filters.publishing import publish_policies
from provisioning.central.fleet import open_fleet
from provisioning.central.found import found_office
from provisioning.central.release import change

NOW = datetime(2026, 11, 28, tzinfo=UTC)
SHARES = {"adult": 0.6, "gambling": 0.2, "social": 0.1, "games": 0.1}
_ENDS = ("com", "net", "org", "xyz", "top", "ua", "com.ua", "ru", "info", "de", "co.uk", "pl")
_LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789"


class Stopwatch:
    """Seconds since it was made."""

    def __init__(self) -> None:
        self._clock, self._processor = time.monotonic(), time.process_time()

    def __str__(self) -> str:
        clock, processor = time.monotonic() - self._clock, time.process_time() - self._processor
        return f"{clock:.1f} s by the clock, {processor:.1f} s of the processor"


def make_names(count: int, seed: int) -> list[str]:
    """Return different names as lists have them: sites, and one in ten below a site, in no order."""
    rng = random.Random(seed)
    names = set()
    while len(names) < count:
        site = "".join(rng.choices(_LETTERS, k=rng.randint(5, 16))) + "." + rng.choice(_ENDS)
        names.add(f"www{rng.randint(1, 9)}.{site}" if rng.random() < 0.1 else site)
    found = list(names)
    rng.shuffle(found)
    return found


def main() -> None:
    """Print the table."""
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    total = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    with tempfile.TemporaryDirectory() as folder:
        office = found_office(Path(folder) / "central", name="", hash_bits=1, now=NOW)
        files = {}
        for number, (category, share) in enumerate(SHARES.items()):
            files[category] = Path(folder) / f"{category}.hosts"
            lines = (f"0.0.0.0 {name}\n" for name in make_names(int(total * share), number))
            files[category].write_text("".join(lines))
        before = _peak_mib()
        with open_fleet(office.fleet_db) as fleet:
            begun = Stopwatch()
            for category, path in files.items():
                added = add_list(office, fleet, f"list-{category}", path, category=category, now=NOW)
                print(f"{added.list.name}: {added.list.domains} names", flush=True)
            print(f"read and sort: {begun}")
            set_policy(
                *(fleet, "all"),
                **{"block": "adult,gambling", "lesson_block": "social,games", "safe_search": True},
                **{"lesson_time": "mon-fri 08:30-15:00", "allow_lists": (), "now": NOW},
            )
        begun = Stopwatch()
        done, _ = change(
            office, lambda fleet: publish_policies(office, fleet, now=NOW), doing="bench", now=NOW
        )
        print(f"compile, build, publish {done[0].compiled.total} names: {begun}")
        print(f"memory: {before:.0f} MiB before, at most {_peak_mib():.0f} MiB")


def _peak_mib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main()
