"""What several commands of `central` share: options, and how they tell what changes."""

import getpass
import os
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import update_wrapper
from typing import Any, TypeVar

import click

from content_packs import console
from provisioning.central.audit import record
from provisioning.central.office import Office, find_office
from provisioning.central.wanted import Change

R = TypeVar("R")

# Commands are noted in the audit log where they have --dry-run, since then they change something, and these.
_NOTED = frozenset({"enrol", "revoke", "card", "add", "link", "role", "remove", "sign-out"})
_NOT_NOTED = frozenset({"ingest"})  # a timer runs it every hour
_READS = ("pending", "dry_run", "check")  # with these a command only looks
_UNSAID = frozenset({"as_json", "dry_run"})

json_option = click.option(
    "--json", "as_json", is_flag=True, help="Print one JSON document (docs/reference/json.md)."
)
dry_run_option = click.option("--dry-run", is_flag=True, help="Say what would change, and change nothing.")


def with_office(function: Callable[..., R]) -> Callable[..., R]:
    """Give the command its Office first: from its own --dir, the group's, else $CENTRAL_DIR.

    What changes something is noted in the audit log once it is done.
    """

    def command(context: click.Context, /, directory: str | None, **values: object) -> R:
        office = find_office(directory or context.obj)
        result = function(office, **values)
        _note(office, context, values)
        return result

    option = click.option(
        "--dir", "directory", metavar="DIR", help="The central installation [default: $CENTRAL_DIR]."
    )
    return option(update_wrapper(click.pass_context(command), function))


def _note(office: Office, context: click.Context, values: Mapping[str, object]) -> None:
    name = context.info_name or ""
    changes = name in _NOTED or ("dry_run" in values and name not in _NOT_NOTED)
    if not changes or any(values.get(flag) for flag in _READS):
        return
    action = context.command_path.partition(" ")[2]  # "central rollout start" → "rollout start"
    said = {key: value for key, value in values.items() if value and key not in _UNSAID}
    record(office, f"cli:{_login()}", action, said, now())


def _login() -> str:
    """Return whose shell this is; behind sudo the person's own."""
    try:
        return os.environ.get("SUDO_USER") or getpass.getuser()
    except (KeyError, OSError):  # an account without a name
        return str(os.getuid())


def now() -> datetime:
    """Return the time that one command works with."""
    return datetime.now(UTC)


def minute_text(time: str | None) -> str:
    """Return an ISO time as people read it: `2026-11-23 06:00`, UTC; nothing for None."""
    return (time or "")[:16].replace("T", " ")


def tell(
    summary: Sequence[str], values: dict[str, Any], changes: Sequence[Change], *, as_json: bool, dry_run: bool
) -> None:
    """Print what a command did, or with `dry_run` would do: as JSON, or as lines for a person."""
    if as_json:
        told = [{"hub": c.hub_id, "pack": c.pack_id, "from": c.before, "to": c.after} for c in changes]
        console.print_json({"format": 1, "dry_run": dry_run, **values, "changes": told})
        return
    if dry_run:
        click.echo("dry run, nothing was changed:")
    for line in summary:
        click.echo(line)
    for change in changes:
        click.echo(
            f"  {change.hub_id}: {change.pack_id} {_version(change.before)} → {_version(change.after)}"
        )


def _version(version: int | None) -> str:
    return "none" if version is None else f"v{version}"
