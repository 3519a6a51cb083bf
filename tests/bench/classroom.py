"""A class of forty at work while a sync brings and installs a new version of its lesson."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import quantiles

from bench.measure import first_line, note
from bench.tables import Goal, Row, Table
from support.class_hub import ClassHub
from support.kolibri import KOLIBRI
from support.learners import Asked, Class

LEARNERS, SECONDS, QUICK_SECONDS = 40, 60.0, 20.0
FILM_BYTES, QUICK_FILM_BYTES = 100_000_000, 10_000_000
PAGES, QUICK_PAGES = 400, 80  # of a version of the lesson, about 17 kB each
DOOR, ALONE = "as on the card", "gunicorn alone"
PAGE_KINDS = ("home", "library", "item page", "view", "search", "suggestions")  # rendered by the portal
_P95_S = 0.3
_DELAY_S = 5.0  # of the sync, after the class began
_FAULTS_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Work:
    """What a class asked for in one way; how long the sync and its indexing took beside it."""

    way: str
    asked: Sequence[Asked]
    sync_s: float
    renewed: bool


def measure(folder: Path, *, quick: bool) -> Table:
    """Let a class work through the front door, then with gunicorn alone."""
    note("serving-class: an office, a hub with lessons of every kind")
    film_bytes, pages = (QUICK_FILM_BYTES, QUICK_PAGES) if quick else (FILM_BYTES, PAGES)
    seconds = QUICK_SECONDS if quick else SECONDS
    hub = ClassHub(folder, film_bytes=film_bytes, pages=pages)
    try:
        hub.fill(course=True)
        with hub.running(course=True) as (served, door):
            homes = {DOOR: f"http://{door.hub_host}/", ALONE: f"{served.url}/"}
            works = [_work(hub, way, home, seconds) for way, home in homes.items()]
    finally:
        hub.stop()
    versions = {
        "nginx": first_line("nginx", "-v"),
        "kiwix-serve": first_line("kiwix-serve", "--version"),
        "Kolibri": first_line(str(KOLIBRI), "--version"),
    }
    samples = [sample for work in works for sample in _samples(work)]
    return Table("A class at work", list(_rows(works)), _notes(works, seconds), samples, versions)


def _work(hub: ClassHub, way: str, home: str, seconds: float) -> Work:
    note(f"{LEARNERS} learners, {way}")
    lessons = hub.lessons(home, course=True)
    with hub.renewing(lessons, delay_s=_DELAY_S) as renewal:
        asked = Class(lessons, LEARNERS, seconds).work()
    assert not renewal.error, renewal.error
    return Work(way, asked, renewal.took_s, lessons.renewed_at is not None)


def _rows(works: Sequence[Work]) -> Iterator[Row]:
    for work in works:
        case = f"{LEARNERS} learners, {work.way}"
        pages = [one.took_s for one in work.asked if one.kind in PAGE_KINDS]
        faults = sum(bool(one.fault) for one in work.asked)
        yield Row(case, "p95 of pages", "s", _percentile(pages, 95), goal=Goal("≤ 300 ms", _P95_S))
        yield Row(case, "errors, stale pages too", "1", faults, goal=Goal("no error", 0))
        yield Row(case, "requests", "1", len(work.asked))


def _samples(work: Work) -> Iterator[dict[str, object]]:
    """Yield one line for each kind of work, the kinds with most requests first."""
    for kind, count in Counter(one.kind for one in work.asked).most_common():
        of_kind = [one for one in work.asked if one.kind == kind]
        took = [one.took_s for one in of_kind]
        yield {
            "way": work.way,
            "kind": kind,
            "requests": count,
            "errors": sum(bool(one.fault) for one in of_kind),
            "p50 ms": _percentile(took, 50) * 1000,
            "p95 ms": _percentile(took, 95) * 1000,
            "p99 ms": _percentile(took, 99) * 1000,
        }


def _percentile(values: Sequence[float], percent: int) -> float:
    return quantiles(values, n=100, method="inclusive")[percent - 1] if len(values) > 1 else max(values)


def _notes(works: Sequence[Work], seconds: float) -> list[str]:
    notes = [
        f"each of {LEARNERS} learners works for {seconds:g} s or a little longer: everything once, everything"
        " again after the install, and what chance has it; thinks for 0.5 to 3 s between pages, and has an"
        " address and connections of its own",
        "a time ends with the last byte; an error is any other answer than 200 or 206, 429 and 503 included,"
        " other bytes than the film's, and, from the moment of the install, what shows the former version",
        "the learners are threads of one Python program, on the hub's own two cores: what it takes is in the"
        " times",
        "pages: what the portal renders; a film is asked for as players do, from its start, its end and the"
        " middle",
    ]
    for work in works:
        said = "was installed" if work.renewed else "WAS NOT INSTALLED"
        notes.append(
            f"{work.way}: the new version {said}; sync through a real sshd and indexing {work.sync_s:.1f} s"
        )
        faults = [f"{one.kind}: {one.fault}" for one in work.asked if one.fault]
        notes += [
            f"{work.way}: {count} × {fault}" for fault, count in Counter(faults).most_common(_FAULTS_SHOWN)
        ]
    return notes
