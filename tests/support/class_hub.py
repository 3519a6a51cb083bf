"""A hub with something of every kind for a class, and a lesson whose next version comes by a real sync."""

import random
import shutil
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

from content_packs.channel.tree import channel_id
from hub.settings import HubPaths
from support.books import book
from support.data import shared_data
from support.doors import Opened, front_door, write_door_settings
from support.kolibri import KOLIBRI, HubKolibri
from support.learners import Lessons
from support.lessons import mp4, pdf, png, write_folder
from support.road import Road, must
from support.serving import Served, serving
from support.sources import PAGE, write_source

LESSON = "fractions"
_ROOT = Path(__file__).parents[2]
_QUERIES = _ROOT / "tests" / "cases" / "search_quality" / "queries.tsv"
_CHAPTER = "m00116.html"
_LARGE_PAGE_BYTES = 2_000_000
_PAGES = 40  # of a version of the lesson, so that the indexer has something to read
_INDEXED_ARTICLES = 50  # the textbook has more, so kiwix-serve searches it
_LOOK_S = 0.02
_SYNC_S = 120.0


def edition(version: int) -> str:
    """What every page of a version of the lesson says, and its title."""
    return f"видання {version}"


class ClassHub:
    """An office, a real sshd and a hub that is served with everything that belongs to it."""

    def __init__(self, folder: Path, *, film_bytes: int, pages: int = _PAGES) -> None:
        self._folder, self._pages = folder, pages
        self.film = mp4(random.Random(0).randbytes(film_bytes))
        self.road = Road(folder / "road", hub_id="h-class")
        self.paths = HubPaths(self.road.hub)
        self._version = 1  # of the lesson, on the hub

    def fill(self, *, course: bool) -> None:
        """Bring version 1 of everything to the hub."""
        sources = list(self._sources())
        self.road.publish(*sources)
        ids = [source.name for source in sources]
        if course:
            write_folder(self._folder / "course")
            must("packs", "channel", self._folder / "course", "-o", self._folder / "maths-grade4")
            self.road.publish(self._folder / "maths-grade4")
            ids.append("maths-grade4")
        self.road.assign(*ids)
        _write_settings(self.paths, course=course)
        synced = self.road.sync()
        assert synced.code == 0, synced.err

    def _sources(self) -> Iterator[Path]:
        folder = self._folder
        yield self._lesson(1)
        shelf = {"film.mp4": self.film, "tales.epub": book(), "sheet.pdf": pdf("Аркуш", "Fractions")}
        yield write_source(folder / "shelf", shelf, id="shelf", kind="files", title="Полиця", entry=None)
        run_zim = [
            sys.executable,
            "-m",
            "bench.zim",
            str(shared_data("textbook", "v3")),
            str(folder / "t.zim"),
        ]
        subprocess.run(run_zim, check=True, capture_output=True, cwd=_ROOT / "tests")
        zim = {"textbook.zim": (folder / "t.zim").read_bytes()}
        yield write_source(folder / "textbook", zim, id="textbook", kind="zim", language="en", entry=None)
        yield Path(
            shutil.copytree(_ROOT / "samples" / "school-encyclopaedia", folder / "school-encyclopaedia")
        )

    def _lesson(self, version: int) -> Path:
        said = edition(version)
        words = "Половина яблука та ще чверть яблука. "
        files = {
            f"p{n}.html": PAGE.format(f"Урок {n}, {said}", words * 300).encode() for n in range(self._pages)
        }
        shown = '<link rel="stylesheet" href="a.css"><img src="a.png" alt=""><img src="b.png" alt="">'
        files |= {
            "index.html": PAGE.format(f"Дроби, {said}", shown).encode(),
            "large.html": PAGE.format("Велика", words * (_LARGE_PAGE_BYTES // len(words.encode()))).encode(),
            "a.css": b"p{color:#222}",
            "a.png": png(200),
            "b.png": png(100 + version),
        }
        folder = self._folder / f"lesson-{version}" / LESSON
        return write_source(folder, files, id=LESSON, version=version, title=f"Дроби, {said}")

    @contextmanager
    def running(self, *, course: bool) -> Iterator[tuple[Served, Opened]]:
        """Run the portal with its companions, the front door, and Kolibri where there is a course."""
        with ExitStack() as stack:
            served = stack.enter_context(serving(self.paths))
            door = stack.enter_context(front_door(self.paths))
            if course:
                kolibri = HubKolibri(self.paths)
                stack.callback(kolibri.end)
                kolibri.start()
                kolibri.wait_for_stamps({channel_id("maths-grade4"): "maths-grade4@1"})
            yield served, door

    def lessons(self, home: str, *, course: bool) -> Lessons:
        """Return what a class that opens the portal at `home` works with."""
        lines = _QUERIES.read_text(encoding="utf-8").splitlines()[1:]
        node = f"/view/maths-grade4/{channel_id('maths-grade4')}"
        return Lessons(
            home=home,
            lesson=LESSON,
            large_page=f"/view/{LESSON}/large.html",
            film="/view/shelf/film.mp4",
            film_data=self.film,
            article=f"/view/textbook/{_CHAPTER}",
            book="/view/shelf/tales.epub",
            document="/view/shelf/sheet.pdf",
            course=node if course else None,
            queries=[line.split("\t")[1] for line in lines],
            old=edition(self._version).encode(),
            new=edition(self._version + 1).encode(),
        )

    @contextmanager
    def renewing(self, lessons: Lessons, *, delay_s: float) -> Iterator["Renewal"]:
        """Publish the next version of the lesson; after a while a sync brings it, and `lessons` know."""
        self.road.publish(self._lesson(self._version + 1))
        lessons.old, lessons.new = edition(self._version).encode(), edition(self._version + 1).encode()
        self._version += 1
        renewal = Renewal(self, lessons, self._version, delay_s)
        renewal.start()
        try:
            yield renewal
        finally:
            renewal.wait()

    def stop(self) -> None:
        self.road.stop()


class Renewal:
    """A sync that brings a version of the lesson while the class works."""

    def __init__(self, hub: ClassHub, lessons: Lessons, version: int, delay_s: float) -> None:
        self.took_s = 0.0
        self.error = ""
        self._hub, self._lessons, self._version, self._delay_s = hub, lessons, version, delay_s
        self._threads = [threading.Thread(target=target) for target in (self._sync, self._watch)]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def wait(self) -> None:
        for thread in self._threads:
            thread.join()

    def _sync(self) -> None:
        time.sleep(self._delay_s)
        began = time.monotonic()
        ran = self._hub.road.sync()
        self.took_s = time.monotonic() - began
        self.error = "" if ran.code == 0 else ran.err

    def _watch(self) -> None:
        deadline = time.monotonic() + self._delay_s + _SYNC_S
        uri = f"{self._hub.paths.db.as_uri()}?mode=ro"
        with closing(sqlite3.connect(uri, uri=True)) as db:
            while time.monotonic() < deadline and not self.error:
                row = db.execute("select version from installed where pack_id = ?", [LESSON]).fetchone()
                if row[0] == self._version:
                    self._lessons.renewed_at = time.monotonic()
                    return
                time.sleep(_LOOK_S)


def _write_settings(paths: HubPaths, *, course: bool) -> None:
    """Add the door, Kolibri and kiwix-serve to the settings that `hub init` wrote."""
    made = paths.settings.read_text(encoding="utf-8")
    write_door_settings(paths)
    added = paths.settings.read_text(encoding="utf-8")
    added = "".join(
        line for line in added.splitlines(keepends=True) if not line.startswith(("hub_id", "depot_url"))
    )
    kolibri = f'command = "{KOLIBRI}"\n' if course else "enabled = false\n"
    kiwix = f"[kiwix]\nindexed_articles = {_INDEXED_ARTICLES}\n"
    paths.settings.write_text(f"{made}\n{added}{kolibri}{kiwix}", encoding="utf-8")
