"""What `hub sync` prints: for a person, and as JSON."""

from collections.abc import Iterator
from datetime import UTC
from itertools import accumulate
from typing import Any

import click

from content_packs.console import note, size_text
from content_packs.errors import NotWritableError
from content_packs.transports.address import is_web, scheme_of, without_password
from hub.sync.plan import FETCHING, Action, left
from hub.sync.report import SyncReport
from hub.uplink.words import eta_text, span_text


def to_dict(report: SyncReport, *, dry_run: bool) -> dict[str, Any]:
    """Return the JSON form of a report: docs/reference/json.md."""
    return {
        "format": 1,
        "source": without_password(report.source),
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
                "priority": a.offer.priority if a.offer else 0,
                "quiet_hours": a.offer.quiet_hours if a.offer else "",
                "day_mb": a.offer.day_mb if a.offer else 0,
                "now_bytes": a.now_bytes,
                "goes_on_at": _goes_on_at(a),
                "eta_s": eta_s,
            }
            for a, eta_s in _with_eta(report)
        ],
        "done": [str(action) for action in report.done],
        "failed": [
            {"pack": a.pack_id, "version": a.version, "code": e.code, "message": e.message, "hint": e.hint}
            for a, e in report.failures
        ],
        "stale_metadata": list(report.stale),
        "received_bytes": report.received_bytes,
        "wire_bytes": report.use.wire_bytes,
        "neighbour_bytes": report.neighbour_bytes,
        "notes": report.notes,
        "waiting": [f"{a.pack_id}@{a.version}" for a in report.waiting],
        "eta": _eta_dict(report),
        "reports": report.reports.to_dict(),
    }


def _goes_on_at(action: Action) -> str | None:
    until = action.wait.until if action.wait else None
    return until.astimezone(UTC).isoformat(timespec="seconds") if until else None


def _left_bytes(report: SyncReport) -> int:
    """Return the bytes of all that is still to come."""
    return sum(action.download_bytes for action in _list_coming(report))


def _list_coming(report: SyncReport) -> list[Action]:
    return [action for action in left(report.actions, report.done) if action.kind in FETCHING]


def _with_eta(report: SyncReport) -> Iterator[tuple[Action, int | None]]:
    """Yield each action with the seconds until its content is here, after that of those before it."""
    coming = _list_coming(report)
    sizes = list(accumulate(action.download_bytes if action in coming else 0 for action in report.actions))
    etas = report.outlook.etas(sizes) if report.outlook else [None] * len(sizes)
    for action, eta in zip(report.actions, etas, strict=True):
        yield action, round(eta.seconds) if eta and action in coming else None


def _eta_dict(report: SyncReport) -> dict[str, Any] | None:
    """Return what is known of when all is here: docs/reference/json.md."""
    if report.outlook is None or report.outlook.bytes_per_s is None:
        return None
    size = _left_bytes(report)
    eta = report.outlook.eta(size)
    return {
        "bytes": size,
        "kbit_s": round(report.outlook.bytes_per_s * 8 / 1000, 1),
        "seconds": None if eta is None else round(eta.seconds),
        "link_seconds": round(size / report.outlook.bytes_per_s),
        "limited_by": eta.limited_by if eta else "",
    }


def render(report: SyncReport, *, dry_run: bool, stick_days: int) -> None:
    """Print a report for a person."""
    for action, eta_s in _with_eta(report):
        click.echo(_line(action, eta_s))
    if not report.actions:
        click.echo("The office assigns nothing to this hub.")
    left_bytes = _left_bytes(report)
    eta = eta_text(left_bytes, report.outlook, stick_days=stick_days)
    total = f"{size_text(left_bytes)}: {eta}" if eta else size_text(left_bytes)
    if dry_run:
        known_by = report.use.fetch_bytes
        fetched = f" {size_text(known_by)} were fetched to know that, and are kept." if known_by else ""
        click.echo(f"Would fetch at most {total}.{fetched} No pack was changed.")
        if scheme_of(report.source) == "file":
            click.echo("This depot is a folder: quiet hours and budgets do not hold here.")
    else:
        click.echo(_summary(report))
        if left_bytes:
            click.echo(f"Still to come: {total}.")
    _render_faults(report)


def _summary(report: SyncReport) -> str:
    received = f"{size_text(report.received_bytes)} received"
    if report.neighbour_bytes:
        all_of_it = report.neighbour_bytes >= report.received_bytes
        received += f", {'all' if all_of_it else size_text(report.neighbour_bytes)} of it from neighbours"
    waiting = f"{len(report.waiting)} waiting, " if report.waiting else ""
    return f"{len(report.done)} done, {waiting}{len(report.failures)} failed, {received}."


def _render_faults(report: SyncReport) -> None:
    for sentence in report.notes:
        note(sentence)
    for action, error in report.failures:
        click.echo(f"error [{error.code}]: {action.pack_id}: {error.message}", err=True)
        if error.hint:
            click.echo(f"  next: {error.hint}", err=True)
    warning = report.reports.warning
    # A web depot never takes reports, so that is no fault of this sync: `hub status` says what waits.
    if warning and not (isinstance(warning, NotWritableError) and is_web(report.source)):
        note(f"warning: reports wait here: {warning.message}. {warning.hint or ''}".rstrip())
    if report.stale:
        stale = ", ".join(report.stale)
        note(f"warning: metadata past its date: {stale}. Tell the office; content still works.")


def _line(action: Action, eta_s: int | None) -> str:
    was = f" (was v{action.from_version})" if action.from_version not in (None, action.version) else ""
    size = f"  {size_text(action.download_bytes)}" if action.download_bytes else ""
    size += f", in {span_text(eta_s)}" if size and eta_s else ""
    reason = f"  {action.reason}" if action.reason else ""
    return f"{action.kind:12} {action.pack_id} v{action.version}{was}{size}{reason}"
