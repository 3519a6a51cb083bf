"""`hub sync`: bring what the office assigned, then index it for the search.

While content comes, run/sync.json (hub/services.py) tells the other processes of this hub:

    pid, pack, version          of the sync, and what it fetches
    done_bytes, total_bytes     of that pack
"""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import click

from content_packs.console import Advance, log, note, print_json, progress
from content_packs.errors import Error, HubKeyRefusedError, LinkError, LocalError, UsageError
from hub.cli.enrol import approval_text
from hub.cli.options import json_option, no_index_option, with_hub
from hub.cli.retry import keep_trying
from hub.cli.sync_report import render, to_dict
from hub.enrolment import ask_to_enrol, forget_token, has_token
from hub.library import indexer
from hub.machine import return_large_buffers
from hub.services import ServiceFile
from hub.settings import HubPaths, HubSettings, read_settings
from hub.sync.neighbour_http import split_url
from hub.sync.neighbours import FindNeighbours
from hub.sync.plan import Action
from hub.sync.report import Progress, SyncReport
from hub.sync.session import sync as run_sync

_TELL_S = 1.0  # between two words of run/sync.json
_LISTEN_S = 1.0  # for other hubs of this network; they answer within a tenth of it


class _Shown(Progress):
    """Shows a sync on stderr: a bar for each pack on a terminal, else a line for each step."""

    def __init__(self, paths: HubPaths) -> None:
        self.received_bytes = 0  # in all attempts
        self._stack = ExitStack()
        self._advance: Advance = lambda _: None
        self._file = ServiceFile(paths, "sync")
        self._pack: dict[str, Any] = {}
        self._told_at = -_TELL_S

    def began(self, action: Action, total_bytes: int) -> None:
        self.close()  # what came from neighbours has no end of its own
        log(f"sync event=fetch pack={action.pack_id} version={action.version} bytes={total_bytes}")
        self._advance = self._stack.enter_context(
            progress(f"{action.pack_id} v{action.version}", total_bytes)
        )
        self._pack = {"pack": action.pack_id, "version": action.version}
        self._pack |= {"done_bytes": 0, "total_bytes": total_bytes}

    def advanced(self, count: int) -> None:
        self.received_bytes += count
        self._advance(count)
        if self._pack:
            self._pack["done_bytes"] += count
            if time.monotonic() >= self._told_at + _TELL_S:
                self._told_at = time.monotonic()
                self._file.write({"pid": os.getpid(), **self._pack})

    def ended(self, action: Action, failure: Error | None) -> None:
        self.close()
        result = "done" if failure is None else f"failed code={failure.code}"
        if action.wait is not None:
            result = f"waits code={action.wait.code} left={action.download_bytes}"
        event = "wait" if action.wait is not None else action.kind
        log(f"sync event={event} pack={action.pack_id} version={action.version} result={result}")

    def close(self) -> None:
        self._stack.close()
        self._advance = lambda _: None
        self._pack = {}

    def leave(self) -> None:
        self.close()
        self._file.remove()


@contextmanager
def _shown(paths: HubPaths) -> Iterator[_Shown]:
    shown = _Shown(paths)
    try:
        yield shown
    finally:
        shown.leave()


@click.command("sync")
@click.option(
    "--from",
    "source",
    metavar="URL|PATH",
    help="Another depot, a folder or a stick instead of the one in hub.toml.",
)
@click.option("--dry-run", is_flag=True, help="Say what would be done, with sizes, and do nothing.")
@click.option(
    "--retry", is_flag=True, help="After the link was cut, wait a little and go on, until all is here."
)
@click.option(
    "--for",
    "minutes",
    metavar="MINUTES",
    type=click.FloatRange(min=0),
    help="With --retry: how long at most.",
)
@click.option(
    "--neighbour",
    "neighbours",
    metavar="URL",
    multiple=True,
    help="Another hub's portal to take files from, instead of looking for hubs; may be given several times.",
)
@click.option("--no-neighbours", is_flag=True, help="Do not look for other hubs on this network.")
@no_index_option
@json_option
@with_hub
def sync(
    paths: HubPaths,
    source: str | None,
    dry_run: bool,
    retry: bool,
    minutes: float | None,
    neighbours: tuple[str, ...],
    no_neighbours: bool,
    no_index: bool,
    as_json: bool,
) -> int:
    """Bring this hub to what the office assigned to it.

    Safe to stop at any moment and to run again: what was fetched is kept, and learners see the old version
    of a pack until the new one is whole. What quiet hours or a budget keep back is no failure: it waits.
    """
    if minutes is not None and not retry:
        raise UsageError("--for goes with --retry only", hint="Add --retry, or leave --for out.")
    return_large_buffers()
    settings = read_settings(paths)
    for refused in settings.refused:
        note(f"warning: a setting cannot be used: {refused}. Correct hub.toml.")
    if settings.unknown:
        note(f"warning: hub.toml has settings that this hub does not know: {', '.join(settings.unknown)}")
    find = find_neighbours(settings, neighbours, none=no_neighbours)
    with _shown(paths) as shown:

        def attempt() -> SyncReport:
            return run_sync(
                *(paths, settings),
                source=source,
                dry_run=dry_run,
                progress=shown,
                find_neighbours=find,
            )

        work = attempt if source is not None or dry_run else _enrolling(attempt, paths, settings)
        report = _keep_trying(work, shown, minutes) if retry else work()
    is_to_index = not dry_run and not no_index
    if is_to_index and indexer.pending(paths) and indexer.spawn(paths).wait() != 0:
        note("warning: the search does not know all lessons yet; `hub serve` goes on with it")
    if as_json:
        print_json(to_dict(report, dry_run=dry_run))
    else:
        render(report, dry_run=dry_run, stick_days=settings.sync.stick_days)
    return report.failures[0][1].exit_code if report.failures else 0


def _enrolling(
    attempt: Callable[[], SyncReport], paths: HubPaths, settings: HubSettings
) -> Callable[[], SyncReport]:
    """Return a sync that asks to be enrolled where the office does not know this hub's key yet."""

    def work() -> SyncReport:
        try:
            report = attempt()
        except HubKeyRefusedError as error:
            if not has_token(paths):
                raise
            hint = approval_text(ask_to_enrol(paths, settings))
            raise HubKeyRefusedError(error.message, hint=hint) from error
        forget_token(paths)
        return report

    return work


def find_neighbours(settings: HubSettings, given: tuple[str, ...], *, none: bool) -> FindNeighbours:
    """Return how the sync finds other hubs of this network, once it wants something of them."""
    for url in given:
        split_url(url)
    if given:
        return lambda: given
    if none or not settings.sync.neighbours:
        return tuple

    def find() -> list[str]:
        from hub import discovery  # a sync that fetches nothing does without

        try:
            return discovery.list_neighbours(settings.hub_id, _LISTEN_S)
        except LocalError:  # no network of its own here: so there is no neighbour either
            return []

    return find


def _keep_trying(attempt: Callable[[], SyncReport], shown: _Shown, minutes: float | None) -> SyncReport:
    def told(error: LinkError, delay_s: float) -> None:
        shown.close()
        note(f"{error.message}; going on in {delay_s:.0f} s")

    return keep_trying(
        attempt,
        progress_bytes=lambda: shown.received_bytes,
        for_s=None if minutes is None else minutes * 60,
        told=told,
    )
