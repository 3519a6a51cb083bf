"""`hub kolibri`: start Kolibri, keep it up, keep its channels as the installed packs are.

While it runs, run/kolibri.json (hub/services.py) tells the other processes of this hub:

    pid       of Kolibri itself; until it is up, of `hub kolibri`
    first     until it is up: whether this is the first start of it since the machine's
    host, port, zip_port    where it listens; zip_port is the origin of HTML5 lessons
    up        whether its last answer to /status/ was good
    channels  [{"id", "title", "version", "resources", "pack"}]; "pack" is "id@version", or null for
              a channel that somebody imported with Kolibri's own pages
    failed    [{"id", "reason"}]: channels of installed packs that Kolibri would not take, and packs whose
              details do not say which channels they have

    mended    {"at", "copy_at"}: when the learners' database was damaged last, and of when the copy is that
              was put back; or null: hub/kolibri/kept.py

Where Kolibri ends unasked the file stays, without a pid: it should be here.
"""

import http.client
import os
import sqlite3
import threading
import time
from collections.abc import Iterable
from contextlib import closing
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlite_utils import Database

from content_packs.console import note
from content_packs.durable import locked
from content_packs.errors import LocalError, ProcessDownError, UsageError
from hub.addresses import reachable, require_free
from hub.db_read import open_to_read
from hub.kolibri import kept
from hub.kolibri.channels import (
    Channels,
    Failure,
    InstalledChannel,
    KnownChannel,
    ReconcileReport,
    channels_of,
    faults_of,
    list_known,
)
from hub.kolibri.home import KolibriHome, is_provisioned, prepare_home
from hub.kolibri.manage import Manage
from hub.library.installed import list_packs
from hub.services import ServiceFile, was_started
from hub.settings import HubPaths, HubSettings
from hub.supervise import Backoff, Child, ChildSettings

_START_TIMEOUT_S = 600.0  # a Pi that migrates the database after an upgrade
_STOP_TIMEOUT_S = 30.0
_HEALTH_TIMEOUT_S = 5.0
_UNHEALTHY_AFTER = 36  # looks, 5 to 10 s apart: a class that signs in at once was seen to take 5 minutes
_LOOK_S = 0.5
_POLL_S = 2.0
_COPY_S = 24 * 3600.0  # between two copies of its databases; the first is made as soon as it runs
_GIVE_UP_AFTER = 3  # failed starts before the first good one
_RETRY = Backoff(first_s=60.0, longest_s=3600.0)  # of channels that failed


def run_kolibri(paths: HubPaths, settings: HubSettings, *, until: threading.Event) -> None:
    """Run Kolibri until `until` is set, then stop it.

    Raises:
        ProcessDownError: Kolibri is not installed, or does not start.
        BusyError: another process runs it for this hub.
        UsageError: the settings say that this hub has no Kolibri.
        LocalError: another program listens on its port.
    """
    if not settings.kolibri.enabled:
        raise UsageError("hub.toml: kolibri.enabled is false", hint="Set it to true to run Kolibri.")
    with locked(paths.lock("kolibri"), doing="hub kolibri"):
        state = ServiceFile(paths, "kolibri")
        state.write({"pid": os.getpid(), "up": False, "first": not was_started(paths, "kolibri")})
        try:
            mended = kept.mend(paths.kolibri, now=datetime.now(UTC))
            home = prepare_home(paths, settings)
            # Else whatever answers there would be taken for Kolibri.
            require_free(home.host, home.port, setting="kolibri.port")
            runner = _Runner(paths, home, until, state, settings.sync.reserve_bytes, mended)
            try:
                runner.run()
            finally:
                runner.stop()
        finally:
            if until.is_set():
                state.remove()
            else:
                state.end()


def is_healthy(host: str, port: int) -> bool:
    """Tell whether a Kolibri answers /status/."""
    where = (reachable(host), port)
    with closing(http.client.HTTPConnection(*where, timeout=_HEALTH_TIMEOUT_S)) as connection:
        try:
            connection.request("GET", "/status/")
            return connection.getresponse().status == http.client.OK
        except (OSError, http.client.HTTPException):
            return False


class _Runner:
    """One run of Kolibri with its channels."""

    def __init__(
        self,
        paths: HubPaths,
        home: KolibriHome,
        until: threading.Event,
        state: ServiceFile,
        reserve_bytes: int,
        mended: kept.Mended | None,
    ) -> None:
        self._paths = paths
        self._home = home
        self._until = until
        self._child = Child(_child_settings(paths, home), lambda: is_healthy(home.host, home.port))
        log_path = paths.kolibri / "manage.log"
        manage = Manage(home, paths.lock("kolibri-manage"), log_path, self._pause)
        self._channels = Channels(home, manage, paths.kolibri / "channels.json")
        self._known: dict[str, KnownChannel] = {}
        self._report = ReconcileReport()
        self._faults: list[Failure] = []
        self._state = state
        self._reserve_bytes = reserve_bytes
        self._mended = mended

    def run(self) -> None:
        self._child.wait_until_up(self._until, give_up_after=_GIVE_UP_AFTER)
        if self._until.is_set():
            return
        if not is_provisioned(self._home):
            raise ProcessDownError(
                "Kolibri started, but did not set itself up", hint=f"See {self._log_path}."
            )
        note(f"Kolibri: http://{self._home.host}:{self._home.port}/")
        self._keep()

    def stop(self) -> None:
        self._child.stop()

    @property
    def _log_path(self) -> Path:
        return self._child.settings.log_path

    def _keep(self) -> None:
        reconciled: list[InstalledChannel] | None = None
        failures = 0
        retry_at = poll_at = copy_at = 0.0
        while not self._pause(_LOOK_S):
            now = time.monotonic()
            if now < poll_at:
                continue
            poll_at = now + _POLL_S
            if now >= copy_at:
                copy_at = now + _COPY_S
                self._keep_copies()
            installed = self._list_installed()
            if installed is None:
                continue
            self._known = list_known(self._home)
            lacks = self._report.failed or any(channel.id not in self._known for channel in installed)
            if installed == reconciled and not (lacks and now >= retry_at):
                continue
            self._reconcile(installed)
            failures = failures + 1 if installed == reconciled else 1
            retry_at = time.monotonic() + _RETRY.delay_s(failures)
            reconciled = installed

    def _keep_copies(self) -> None:
        try:
            kept.keep(self._paths.kolibri, reserve_bytes=self._reserve_bytes)
        except LocalError as error:  # the copies before stay
            note(f"Kolibri: no copy of its databases: {error.message}")

    def _list_installed(self) -> list[InstalledChannel] | None:
        """Return the channels of the installed packs; None while hub.db cannot be read."""
        try:
            with closing(open_to_read(self._paths.db)) as connection:
                packs = list_packs(Database(connection), self._paths)
        except sqlite3.Error:
            return None
        faults = faults_of(packs)
        if faults != self._faults:
            _note_failures(faults)
            self._faults = faults
        return channels_of(packs)

    def _reconcile(self, installed: list[InstalledChannel]) -> None:
        self._report = self._channels.reconcile(installed)
        self._known = list_known(self._home)
        for action in self._report.done:
            title = action.channel.title if action.channel else action.channel_id
            note(f"Kolibri channel: {action.verb.value} {title}")
        _note_failures(self._report.failed)

    def _pause(self, seconds: float) -> bool:
        """Wait, keeping Kolibri up and run/kolibri.json true; return whether to stop."""
        self._child.tick()
        self._write_state()
        return self._until.wait(seconds)

    def _write_state(self) -> None:
        state = {
            "pid": self._child.pid,
            "host": self._home.host,
            "port": self._home.port,
            "zip_port": self._home.zip_port,
            "up": self._child.is_up,
            "channels": self._describe_channels(),
            "mended": asdict(self._mended) if self._mended else None,
            "failed": [{"id": f.id, "reason": f.reason} for f in (*self._report.failed, *self._faults)],
        }
        self._state.write(state)

    def _describe_channels(self) -> list[dict[str, Any]]:
        stamps = self._channels.stamps
        return [
            {
                "id": known.id,
                "title": known.title,
                "version": known.version,
                "resources": known.resources,
                "pack": stamps.get(known.id),
            }
            for known in self._known.values()
        ]


def _note_failures(failures: Iterable[Failure]) -> None:
    for failure in failures:
        note(f"Kolibri channel {failure.id} failed: {failure.reason}")


def _child_settings(paths: HubPaths, home: KolibriHome) -> ChildSettings:
    return ChildSettings(
        name="Kolibri",
        command=[str(home.executable), "start", "--foreground"],
        log_path=paths.kolibri / "kolibri.log",
        env=home.env,
        start_timeout_s=_START_TIMEOUT_S,
        stop_timeout_s=_STOP_TIMEOUT_S,
        unhealthy_after=_UNHEALTHY_AFTER,
    )
