"""What runs beside the pages: kiwix-serve for the ZIMs, and now and then two that work after an install.

The indexer of the search is one, the other makes gzip forms for the front door.

One thread of the portal's process watches what is installed, and ends both when the portal ends. No trouble
ends that thread before: a full disk or a damaged database now is no reason not to try again later.
"""

import math
import shutil
import sqlite3
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path

from content_packs.console import note
from content_packs.depot import MIB
from content_packs.errors import Error, ProcessDownError, local_error
from hub.db import to_local_error
from hub.kiwix import KiwixServer
from hub.library import indexer, precompress
from hub.notify import Watchdog
from hub.settings import HubPaths, HubSettings
from hub.supervise import Backoff
from hub.web.shelf import Shelf

_TICK_S = 0.5
_RETRY = Backoff(first_s=5.0, longest_s=300.0)
_STOP_S = 3.0
_ROOM_AGAIN_S = 3600.0  # after a full disk
_MORE_ROOM_BYTES = 64 * MIB  # that are worth another try: it begins anew


class Companions:
    """Started once in the process that serves."""

    def __init__(self, paths: HubPaths, settings: HubSettings, *, retry: Backoff = _RETRY) -> None:
        self._paths = paths
        self._retry = retry
        self._shelf = Shelf(paths)
        self._kiwix = KiwixServer(paths, settings) if settings.kiwix.enabled else None
        self._indexing = _Helper("indexing for the search", lambda: indexer.spawn(paths))
        self._compressing = _Helper("compressing texts", lambda: precompress.spawn(paths))
        self._reserve = settings.sync.reserve
        self._compressed: tuple[frozenset[Path], float, int] = (frozenset(), -math.inf, 0)
        # Each by itself: a hub without kiwix-serve has a search, and one without room serves the ZIMs it has.
        duties = [self._index, self._compress]
        if self._kiwix is not None:
            duties = [self._choose_zims, self._kiwix.tick, *duties]
        self._duties = [_Duty(run, retry) for run in duties]
        self._thread: threading.Thread | None = None

    def start(self, is_wanted: Callable[[], bool], *more: Callable[[], None]) -> None:
        """Begin, with `more` to do at every tick; all ends soon after `is_wanted()` has become false."""
        self._duties += [_Duty(run, self._retry) for run in more]
        self._thread = threading.Thread(target=self._run, args=[is_wanted], name="companions")
        self._thread.start()

    def join(self) -> None:
        """Wait until all has ended."""
        if self._thread is not None:
            self._thread.join(_STOP_S)

    def find_zim_port(self, pack_id: str) -> int | None:
        """Return the port of loopback where kiwix-serve has a pack, or None; any thread may ask."""
        return self._kiwix.find_port(pack_id) if self._kiwix is not None else None

    def _run(self, is_wanted: Callable[[], bool]) -> None:
        watchdog = Watchdog()
        try:
            while is_wanted():
                watchdog.alive()
                for duty in self._duties:
                    duty.do(time.monotonic())
                time.sleep(_TICK_S)
        finally:
            self._stop()

    def _choose_zims(self) -> None:
        if self._kiwix is not None:
            self._kiwix.refresh(self._shelf.view().packs)

    def _index(self) -> None:
        if not self._indexing.is_running() and indexer.pending(self._paths):
            self._indexing.start()

    def _compress(self) -> None:
        try:
            if self._compressing.is_running():
                return
        except ProcessDownError:  # whatever it was, it was not the room
            self._compressed = (*self._compressed[:2], 0)
            raise
        lacking = frozenset(pack.dir for pack in precompress.lacking(self._shelf.view().packs))
        if not lacking:
            return
        before, at, free_before = self._compressed
        disk = shutil.disk_usage(self._paths.dir)
        # What was lacking after the last run too found no room, and finds none in as much as there was then.
        is_worth = lacking != before or (
            time.monotonic() >= at + _ROOM_AGAIN_S and disk.free >= free_before + _MORE_ROOM_BYTES
        )
        if is_worth and disk.free >= self._reserve(disk.total):
            self._compressed = (lacking, time.monotonic(), disk.free)
            self._compressing.start()

    def _stop(self) -> None:
        self._indexing.stop()
        self._compressing.stop()
        if self._kiwix is not None:
            self._kiwix.stop()


class _Helper:
    """A process that does a piece of work and ends."""

    def __init__(self, doing: str, spawn: Callable[[], "subprocess.Popen[bytes]"]) -> None:
        self._doing = doing
        self._spawn = spawn
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Begin."""
        self._process = self._spawn()

    def is_running(self) -> bool:
        """Tell whether it is still at it; ProcessDownError, once, where it failed."""
        if self._process is None:
            return False
        code = self._process.poll()
        if code is None:
            return True
        self._process = None
        if code != 0:
            message = f"{self._doing} ended with exit code {code}"
            raise ProcessDownError(message, hint="It has said why; it is tried again later.")
        return False

    def stop(self) -> None:
        """End it; what it has not done is done next time."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait()


class _Duty:
    """Something to do at every tick, and where it fails, again ever more slowly."""

    def __init__(self, run: Callable[[], None], retry: Backoff) -> None:
        self._run = run
        self._retry = retry
        self._failures = 0
        self._retry_at = -math.inf
        self._fault = ""

    def do(self, now: float) -> None:
        """Do it if it is time; what goes wrong is said once in a row."""
        if now < self._retry_at:
            return
        try:
            self._run()
        except Error as error:
            self._put_off(error, now)
        except OSError as error:
            self._put_off(local_error(error, "running beside the portal"), now)
        except sqlite3.Error as error:
            self._put_off(to_local_error(error, "running beside the portal"), now)

    def _put_off(self, error: Error, now: float) -> None:
        steady = now - self._retry_at >= self._retry.steady_after_s
        self._failures = 1 if steady else self._failures + 1
        self._retry_at = now + self._retry.delay_s(self._failures)
        if steady or self._fault != error.message:
            note(f"{error.message}. {error.hint or ''}")
        self._fault = error.message
