"""What several commands of `central` share: options, and how they tell what changes."""

import getpass
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import update_wrapper
from pathlib import Path
from typing import Any, TypeVar

import click

from content_packs import console
from content_packs.console import count_text
from content_packs.owner import as_owner
from provisioning.central.audit import record
from provisioning.central.fleet import open_fleet
from provisioning.central.keys import KeyAccess
from provisioning.central.office import Office, find_office
from provisioning.central.passphrases import Passphrases, read_passphrases
from provisioning.central.wanted import Change

R = TypeVar("R")

# Commands are noted in the audit log where they have --dry-run, since then they change something.
_NOT_NOTED = frozenset({"ingest", "tick"})  # timers run them
_READS = ("pending", "dry_run", "check", "accounts_only")  # with these a command only looks, or follows
_IF_SAID = {"notes": "text"}  # changes something only with this option
_UNSAID = frozenset({"as_json", "dry_run"})

json_option = click.option(
    "--json", "as_json", is_flag=True, help="Print one JSON document (docs/reference/json.md)."
)
dry_run_option = click.option("--dry-run", is_flag=True, help="Say what would change, and change nothing.")


@dataclass(frozen=True, slots=True)
class Given:
    """What stands between `central` and the command: for every command the same."""

    directory: str | None = None
    key_folders: tuple[Path, ...] = ()
    passphrase_file: Path | None = None

    def access(self, *, none: bool = False) -> KeyAccess:
        """Return how this run comes by keys; it asks for passphrases where a person sits at a terminal."""
        given = [] if self.passphrase_file is None else read_passphrases(self.passphrase_file)
        is_terminal = sys.stdin.isatty() and sys.stderr.isatty()
        ask = _ask if is_terminal and self.passphrase_file is None else None
        return KeyAccess(self.key_folders, Passphrases(given, ask, none=none))


def _ask(question: str) -> str:
    answer: str = click.prompt(question, hide_input=True, default="", show_default=False, err=True)
    return answer


def given_to(context: click.Context, directory: str | None = None) -> Given:
    """Return what stands before the command; a `directory` of its own counts more."""
    given = context.obj if isinstance(context.obj, Given) else Given()
    return replace(given, directory=directory or given.directory)


def office_of(context: click.Context, directory: str | None) -> Office:
    """Return the Office of a command: of its own --dir, the group's, else $CENTRAL_DIR."""
    given = given_to(context, directory)
    return find_office(given.directory, given.access())


def with_office(function: Callable[..., R]) -> Callable[..., R]:
    """Give the command its Office first: from its own --dir, the group's, else $CENTRAL_DIR.

    What changes something is noted in the audit log once it is done. Root works as the account to which the
    office belongs, so that it leaves nothing there that this account cannot change.
    """

    def as_its_owner(office: Office, /, **values: object) -> R:
        with as_owner(office.dir):
            return function(office, **values)

    return with_office_as_root(update_wrapper(as_its_owner, function))


def with_office_as_root(function: Callable[..., R]) -> Callable[..., R]:
    """As `with_office`, for what sets this machine up: the command itself minds whose files it makes."""

    def command(context: click.Context, /, directory: str | None, **values: object) -> R:
        office = office_of(context, directory)
        result = function(office, **values)
        with as_owner(office.dir):
            _note(office, context, values)
        return result

    option = click.option(
        "--dir", "directory", metavar="DIR", help="The central installation [default: $CENTRAL_DIR]."
    )
    return option(update_wrapper(click.pass_context(command), function))


def _note(office: Office, context: click.Context, values: Mapping[str, object]) -> None:
    name = context.info_name or ""
    is_asked = name not in _IF_SAID or values.get(_IF_SAID[name]) is not None
    changes = "dry_run" in values and name not in _NOT_NOTED and is_asked
    is_print = values.get("apply") is False
    if not changes or is_print or any(values.get(flag) for flag in _READS):
        return
    action = context.command_path.partition(" ")[2]  # "central rollout start" → "rollout start"
    said = {key: value for key, value in values.items() if value and key not in _UNSAID}
    record(office, f"cli:{login()}", action, said, now())


def login() -> str:
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


def nobody_text(office: Office) -> str:
    """Return what to do where no hub is enrolled: let those in whose cards were made, else add one."""
    with open_fleet(office.fleet_db) as fleet:
        cards = len(fleet.list_cards())
    if cards:
        return f"no hub is enrolled yet; {count_text(cards, 'card')} made: central enrol --pending"
    return "no hub is enrolled yet: central enrol HUB_ID PUBKEY_FILE --school NAME"


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
