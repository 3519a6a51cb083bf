"""The installed packs as pages need them, read again only when hub.db has changed."""

import os
import threading
from dataclasses import dataclass, field
from functools import cached_property

from sqlite_utils import Database

from hub.clock import hub_now
from hub.library.installed import InstalledPack, list_lessons
from hub.library.rebuild import open_library
from hub.settings import HubPaths
from hub.web.order import title_key

Stamp = tuple[int, int]


@dataclass(frozen=True)
class ShelfView:
    """What was installed at one moment; `stamp` differs as soon as hub.db differs."""

    stamp: Stamp
    packs: tuple[InstalledPack, ...]  # by id
    _by_title: dict[str, tuple[InstalledPack, ...]] = field(default_factory=dict, compare=False, repr=False)

    @cached_property
    def by_id(self) -> dict[str, InstalledPack]:
        """The packs by their id."""
        return {pack.pack.id: pack for pack in self.packs}

    def by_title(self, language: str) -> tuple[InstalledPack, ...]:
        """Return the packs in the order of their titles, for pages in `language`."""
        if language not in self._by_title:
            packs = sorted(self.packs, key=lambda pack: title_key(pack.pack.title, language))
            self._by_title[language] = tuple(packs)
        return self._by_title[language]

    @cached_property
    def newest(self) -> tuple[InstalledPack, ...]:
        """The packs, the one installed last first."""
        return tuple(sorted(self.packs, key=lambda pack: pack.installed_at, reverse=True))

    @cached_property
    def size_bytes(self) -> int:
        """What all packs hold together."""
        return sum(pack.size_bytes for pack in self.packs)


class Shelf:
    """One connection to hub.db for all threads; asking costs a stat and `PRAGMA data_version`."""

    def __init__(self, paths: HubPaths) -> None:
        self._paths = paths
        self._lock = threading.Lock()
        self._db: Database | None = None
        self._inode = 0
        self._view: ShelfView | None = None
        self._known: dict[str, InstalledPack] = {}

    def view(self) -> ShelfView:
        """Return what is installed now."""
        with self._lock:
            db = self._open()
            stamp = (self._inode, self._data_version(db))
            if self._view is None or self._view.stamp != stamp:
                packs = sorted(list_lessons(db, self._paths), key=lambda pack: pack.pack.id)
                self._view = ShelfView(stamp, tuple(map(self._same_again, packs)))
                self._known = self._view.by_id
            return self._view

    def _same_again(self, pack: InstalledPack) -> InstalledPack:
        """Return the pack as it was read before, if it is still so: what was made of it stays good."""
        before = self._known.get(pack.pack.id)
        return before if before == pack else pack

    def is_at(self, stamp: Stamp) -> bool:
        """Whether hub.db is as it was at `stamp`; False too where that cannot be told without waiting."""
        if not self._lock.acquire(blocking=False):
            return False
        try:
            if self._db is None or (self._inode, self._inode_on_disk()) != (stamp[0], stamp[0]):
                return False
            return self._data_version(self._db) == stamp[1]
        finally:
            self._lock.release()

    def _open(self) -> Database:
        inode = self._inode_on_disk()
        if self._db is None or inode != self._inode:  # `hub repair` puts another file in its place
            if self._db is not None:
                self._db.close()
            self._db = open_library(self._paths, now=hub_now(self._paths.trust))
            self._inode = self._inode_on_disk()
            self._view = None  # the new file may have the number of the old one
        return self._db

    @staticmethod
    def _data_version(db: Database) -> int:
        return int(db.execute("pragma data_version").fetchone()[0])

    def _inode_on_disk(self) -> int:
        try:
            return os.stat(self._paths.db).st_ino  # noqa: PTH116 - half the time of Path.stat, every request
        except FileNotFoundError:
            return 0
