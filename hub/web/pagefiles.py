"""Finished pages given to the front door as files, so that a class that opens the hub costs no Python.

A page lies at current/<language>/<text size>/<path>.html, with its gzip form beside it; `default` stands for
a reader who has chosen nothing. A search without filters lies at …/search/q=<as it was sent>.html. The rule
that keeps old pages away is in hub/withdrawal.py. A page's time is made from its content, as nginx makes the
ETag from time and size: two pages never share one.
"""

import os
import re
import shutil
from collections.abc import Callable, Iterable
from datetime import date, datetime
from functools import partial
from pathlib import Path
from typing import NamedTuple

from content_packs.durable import locked, swap_symlink
from content_packs.errors import BusyError
from hub.clock import hub_now
from hub.library import search_db
from hub.settings import HubPaths
from hub.web import memory_disk
from hub.web.assets import Asset
from hub.web.pagecache import Page
from hub.web.shelf import Shelf, Stamp
from hub.withdrawal import CURRENT, LOCK, STATIC


class Made(NamedTuple):
    """What a page was made from."""

    library: Stamp  # hub.db as it was
    day: date  # in UTC
    search: tuple[int, ...]  # search.db as it was


_MAX_PAGES = 500  # of some 12 kB with the gzip form: 6 MB
_MAX_SEARCHES = 200  # of some 18 kB: whoever types without end keeps out no page
FINISHED_SEARCH = r"q=[A-Za-z0-9%+._~-]{1,200}"  # as browsers send it; nginx goes by this too
_FINISHED = re.compile(FINISHED_SEARCH)
SEARCH = "/search"  # the one page that is finished with a query
_PATH = re.compile(r"/|(/[A-Za-z0-9_][A-Za-z0-9._-]{0,99}){1,4}")
DEFAULT = "default"


class PageFiles:
    """The pages of one portal as files; without memory to keep them in, or before `open`, none are made."""

    def __init__(self, paths: HubPaths, shelf: Shelf, *, now: Callable[[], datetime] | None = None) -> None:
        self._paths = paths
        self._shelf = shelf
        self._now = now or partial(hub_now, paths.trust)
        self._folder: Path | None = None
        self._generation = 0
        self._made: Made | None = None
        self._count = self._searches = 0

    def now(self) -> Made:
        """Return what a page that is begun now is made from."""
        return Made(self._shelf.view().stamp, self.today(), search_db.stamp(self._paths.search_db))

    def today(self) -> date:
        """Return the date in UTC by the hub's clock, as the pages go by it."""
        return self._now().date()

    def open(self, assets: Iterable[Asset]) -> None:
        """Begin, with no pages yet; what an earlier portal left is deleted.

        Raises:
            OSError: the disk or the memory refuses.
        """
        if not memory_disk.has_disk():
            return
        with locked(self._paths.lock(LOCK), doing="starting the portal", wait=True):
            self._delete_earlier()  # first: nobody would take these back where the memory is full
            folder = memory_disk.make_public()
            try:
                for asset in assets:
                    _write(folder / STATIC / asset.name, asset.data, asset.gzipped, asset.digest)
                self._paths.run.mkdir(parents=True, exist_ok=True)
                swap_symlink(self._paths.pages, str(folder))
            except OSError:
                memory_disk.delete_public(folder)
                raise
        self._folder = folder

    def close(self) -> None:
        """Delete them all, and not those of a portal that has begun meanwhile."""
        folder, self._folder = self._folder, None
        if folder is not None:
            with locked(self._paths.lock(LOCK), doing="stopping the portal", wait=True):
                if self._paths.pages.is_symlink() and self._paths.pages.readlink() == folder:
                    self._paths.pages.unlink()
            memory_disk.delete_public(folder)

    def offer(self, path: str, variant: tuple[str, str], page: Page, made: Made, *, query: str = "") -> None:
        """Keep a page, if what it was made from is still so.

        `query` is that of a search, as it was sent; `variant` the language and text size that were asked for.
        What cannot be kept now is offered again by the next reader, but for a search.
        """
        if self._folder is None or not _PATH.fullmatch(path) or ".." in path:
            return
        if query and not (path == SEARCH and _FINISHED.fullmatch(query)):
            return
        try:
            with locked(self._paths.lock(LOCK), doing="keeping a page"):
                if self._shelf.is_at(made.library) and made[1:] == self.now()[1:]:
                    self._keep(self._folder, f"{path}/{query}" if query else path, variant, page, made)
        except (BusyError, OSError):
            return

    def refresh(self) -> None:
        """Take all pages back where hub.db or search.db has changed, or the day; done every half second.

        Changes of the library take them back at once, by themselves; this is for all else.
        """
        made = self._made
        if self._folder is None or made is None:
            return
        if made != self.now():
            self._made = None
            with locked(self._paths.lock(LOCK), doing="taking pages back", wait=True):
                (self._folder / CURRENT).unlink(missing_ok=True)

    def _keep(self, folder: Path, path: str, variant: tuple[str, str], page: Page, made: Made) -> None:
        link = folder / CURRENT
        if self._made != made or not link.is_symlink():
            self._begin_generation(folder, link)
            self._made = made
        is_search = path.startswith(f"{SEARCH}/")
        if self._count >= _MAX_PAGES or (is_search and self._searches >= _MAX_SEARCHES):
            return
        self._count += 1
        self._searches += is_search
        _write(link.joinpath(*variant, f"{path[1:]}.html"), page.html, page.gzipped, page.etag)

    def _begin_generation(self, folder: Path, link: Path) -> None:
        link.unlink(missing_ok=True)
        shutil.rmtree(folder / str(self._generation), ignore_errors=True)
        self._generation += 1
        self._count = self._searches = 0
        (folder / str(self._generation)).mkdir()
        swap_symlink(link, str(self._generation))

    def _delete_earlier(self) -> None:
        link = self._paths.pages
        if not link.is_symlink():
            return
        target = link.readlink()
        link.unlink()
        memory_disk.delete_public(target)


def _write(path: Path, data: bytes, gzipped: bytes, digest: str) -> None:
    """Write both forms, each of them whole at once; the memory that this is in needs no fsync."""
    path.parent.mkdir(parents=True, exist_ok=True)
    changed_at = int(digest[:8], 16)
    for place, content in ((path.with_name(f"{path.name}.gz"), gzipped), (path, data)):
        temporary = path.with_name(f".{place.name}.new")
        temporary.write_bytes(content)
        os.utime(temporary, (changed_at, changed_at))
        temporary.replace(place)
