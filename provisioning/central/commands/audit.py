"""`central audit`: who changed what."""

from collections.abc import Mapping
from typing import Any

import click

from content_packs import console
from provisioning.central import audit as log
from provisioning.central.commands.options import json_option, minute_text, with_office
from provisioning.central.office import Office


@click.command()
@click.option("--limit", metavar="N", type=click.IntRange(1, 100_000), default=50, show_default=True)
@click.option("--before", metavar="ID", type=click.IntRange(min=1), help="Only what came before that line.")
@json_option
@with_office
def audit(office: Office, limit: int, before: int | None, as_json: bool) -> None:
    """Say who changed what, the newest first; `cli:NAME` is the command line."""
    entries = log.list_entries(office, limit=limit, before=before)
    if as_json:
        rows = [
            {"id": e.id, "at": e.at, "who": e.who, "action": e.action, "detail": dict(e.detail)}
            for e in entries
        ]
        console.print_json({"format": 1, "entries": rows})
        return
    for entry in entries:
        click.echo(
            f"{minute_text(entry.at)}  {entry.who}  {entry.action}  {detail_text(entry.detail)}".rstrip()
        )
    if not entries:
        console.note("nothing was noted yet")


def detail_text(detail: Mapping[str, Any]) -> str:
    """Return the details in one line: `pack=fractions ring=all`."""
    return " ".join(f"{name}={_value(value)}" for name, value in detail.items())


def _value(value: object) -> str:
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)
