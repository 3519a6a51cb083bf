"""What runs beside the pages: kiwix-serve for the ZIMs, and now and then the indexer of the search.

One thread of the portal's process watches what is installed, and ends both when the portal ends. No trouble
ends that thread before: a full disk or a damaged database now is no reason not to try again later.
"""

import math
import sqlite3
import subprocess
import threading
import time
from collections.abc import Callable

from content_packs.console import note
from content_packs.errors import Error, ProcessDownError, local_error
from hub.db import to_local_error
from hub.kiwix import KiwixServer
from hub.library import indexer
from hub.settings import HubPaths, HubSettings
from hub.supervise import Backoff
from hub.web.shelf import Shelf

_TICK_S = 0.5
_RETRY = Backoff(first_s=5.0, longest_s=300.0)
_STOP_S = 3.0


class Companions:
    """Started once in the process that serves."""

    def __init__(self, paths: HubPaths, settings: HubSettings, *, retry: Backoff = _RETRY) -> None:
        self._paths = paths
        self._retry = retry
        self._shelf = Shelf(paths)
        self._kiwix = KiwixServer(paths, settings) if settings.kiwix.enabled else None
        self._indexing: subprocess.Popen[bytes] | None = None
        # Each by itself: a hub without kiwix-serve has a search, and one without room serves the ZIMs it has.
        duties = [self._index] if self._kiwix is None else [self._choose_zims, self._kiwix.tick, self._index]
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
        try:
            while is_wanted():
                for duty in self._duties:
                    duty.do(time.monotonic())
                time.sleep(_TICK_S)
        finally:
            self._stop()

    def _choose_zims(self) -> None:
        if self._kiwix is not None:
            self._kiwix.refresh(self._shelf.view().packs)

    def _index(self) -> None:
        if self._indexing is not None:
            code = self._indexing.poll()
            if code is None:
                return
            self._indexing = None
            if code != 0:
                message = f"indexing for the search ended with exit code {code}"
                raise ProcessDownError(message, hint="It has said why; it is tried again later.")
        if indexer.pending(self._paths):
            self._indexing = indexer.spawn(self._paths)

    def _stop(self) -> None:
        if self._indexing is not None:
            self._indexing.terminate()
            self._indexing.wait()
        if self._kiwix is not None:
            self._kiwix.stop()


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
