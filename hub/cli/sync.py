"""`hub sync`: bring what the office assigned, then index it for the search."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import click

from content_packs.console import Advance, log, note, print_json, progress, size_text
from content_packs.errors import Error
from hub.cli.options import json_option, with_hub
from hub.library import indexer
from hub.settings import HubPaths, read_settings
from hub.sync.plan import Action
from hub.sync.session import Progress, SyncReport
from hub.sync.session import sync as run_sync


class _Shown(Progress):
    """Shows a sync on stderr: a bar for each pack on a terminal, else a line for each step."""

    def __init__(self) -> None:
        self._stack = ExitStack()
        self._advance: Advance = lambda _: None

    def began(self, action: Action, total_bytes: int) -> None:
        log(f"sync event=fetch pack={action.pack_id} version={action.version} bytes={total_bytes}")
        self._advance = self._stack.enter_context(
            progress(f"{action.pack_id} v{action.version}", total_bytes)
        )

    def advanced(self, count: int) -> None:
        self._advance(count)

    def ended(self, action: Action, failure: Error | None) -> None:
        self.close()
        result = "done" if failure is None else f"failed code={failure.code}"
        log(f"sync event={action.kind} pack={action.pack_id} version={action.version} result={result}")

    def close(self) -> None:
        self._stack.close()
        self._advance = lambda _: None


@contextmanager
def _shown() -> Iterator[_Shown]:
    shown = _Shown()
    try:
        yield shown
    finally:
        shown.close()


@click.command("sync")
@click.option(
    "--from",
    "source",
    metavar="URL|PATH",
    help="Another depot, a folder or a stick instead of the one in hub.toml.",
)
@click.option("--dry-run", is_flag=True, help="Say what would be done, with sizes, and do nothing.")
@json_option
@with_hub
def sync(paths: HubPaths, source: str | None, dry_run: bool, as_json: bool) -> int:
    """Bring this hub to what the office assigned to it.

    Safe to stop at any moment and to run again: what was fetched is kept, and learners see the old version
    of a pack until the new one is whole.
    """
    settings = read_settings(paths)
    with _shown() as shown:
        report = run_sync(paths, settings, source=source, dry_run=dry_run, progress=shown)
    if not dry_run and indexer.pending(paths) and indexer.spawn(paths).wait() != 0:
        note("warning: the search does not know all lessons yet; `hub serve` goes on with it")
    if as_json:
        print_json(to_dict(report, dry_run=dry_run))
    else:
        render(report, dry_run=dry_run)
    return report.failures[0][1].exit_code if report.failures else 0


def to_dict(report: SyncReport, *, dry_run: bool) -> dict[str, Any]:
    """Return the JSON form of a report: docs/reference/json.md."""
    return {
        "format": 1,
        "source": report.source,
        "dry_run": dry_run,
        "plan": [
            {
                "action": a.kind,
                "pack": a.pack_id,
                "version": a.version,
                "from_version": a.from_version,
                "download_bytes": a.download_bytes,
                "needed_bytes": a.needed_bytes,
                "reason": a.reason,
            }
            for a in report.actions
        ],
        "done": report.done,
        "failed": [
            {"pack": a.pack_id, "version": a.version, "code": e.code, "message": e.message, "hint": e.hint}
            for a, e in report.failures
        ],
        "stale_metadata": list(report.stale),
        "received_bytes": report.received_bytes,
    }


def render(report: SyncReport, *, dry_run: bool) -> None:
    """Print a report for a person."""
    for action in report.actions:
        click.echo(_line(action))
    if not report.actions:
        click.echo("The office assigns nothing to this hub.")
    total = sum(a.download_bytes for a in report.actions if a.kind == "install")
    if dry_run:
        click.echo(f"Would fetch at most {size_text(total)}. Nothing was changed.")
    else:
        received = size_text(report.received_bytes)
        click.echo(f"{len(report.done)} done, {len(report.failures)} failed, {received} received.")
    for action, error in report.failures:
        click.echo(f"error [{error.code}]: {action.pack_id}: {error.message}", err=True)
        if error.hint:
            click.echo(f"  next: {error.hint}", err=True)
    if report.stale:
        stale = ", ".join(report.stale)
        note(f"warning: metadata past its date: {stale}. Tell the office; content still works.")


def _line(action: Action) -> str:
    was = f" (was v{action.from_version})" if action.from_version not in (None, action.version) else ""
    size = f"  {size_text(action.download_bytes)}" if action.download_bytes else ""
    reason = f"  {action.reason}" if action.reason else ""
    return f"{action.kind:12} {action.pack_id} v{action.version}{was}{size}{reason}"


COMMANDS = (sync,)
