"""`central alerts`: what somebody has to do, and what of it is known already."""

from collections.abc import Sequence
from datetime import UTC, datetime, time
from typing import Any

import click

from content_packs import console
from content_packs.errors import UsageError
from provisioning.central.commands.fleet import alert_dict, csv_option, describe_alert
from provisioning.central.commands.layout import say
from provisioning.central.commands.options import dry_run_option, json_option, login, now, with_office
from provisioning.central.fleet import iso
from provisioning.central.fleetview.alert import LEVELS, Alert
from provisioning.central.fleetview.central import read_office_alerts
from provisioning.central.fleetview.csvtext import csv_text
from provisioning.central.fleetview.fleet import read_fleet, read_schools
from provisioning.central.fleetview.mutes import (
    ANYTHING,
    EVERY_HUB,
    Mute,
    mute_alerts,
    to_mute,
    unmute_alerts,
)
from provisioning.central.fleetview.view import SchoolView
from provisioning.central.office import Office

_COLUMNS = ("hub_id", "school", "level", "code", "text", "hint", "since")


@click.group(invoke_without_command=True)
@csv_option
@json_option
@click.pass_context
def alerts(context: click.Context, as_csv: bool, as_json: bool) -> None:
    """Say what somebody has to do, the most urgent first; `ack` quietens what is known."""
    if context.invoked_subcommand is None:
        context.invoke(_list, as_csv=as_csv, as_json=as_json)


@click.command()
@csv_option
@json_option
@with_office
def _list(office: Office, as_csv: bool, as_json: bool) -> None:
    moment = now()
    own, views = read_office_alerts(office, moment), read_fleet(office, moment)
    found = [(alert, view) for view in views for alert in view.reasons]
    found.sort(key=lambda each: LEVELS.index(each[0].level))
    if as_json:
        told = [_to_dict(alert, None) for alert in own] + [_to_dict(*each) for each in found]
        quiet = [_to_dict(alert, view) for view in views for alert in view.muted]
        console.print_json({"format": 1, "alerts": told, "muted": quiet})
        return
    if as_csv:
        rows = [("", "", a.level, a.code, a.said, a.advice, a.since) for a in own]
        rows += [(v.hub.hub_id, v.hub.school, a.level, a.code, a.said, a.advice, a.since) for a, v in found]
        click.echo(csv_text(_COLUMNS, rows), nl=False)
        return
    for alert in own:
        say(describe_alert(alert, "the office: "))
    for alert, view in found:
        say(describe_alert(alert, f"{view.hub.school} ({view.hub.hub_id}): "))
    if not own and not found:
        console.note("nothing has to be done")


def _to_dict(alert: Alert, view: SchoolView | None) -> dict[str, Any]:
    hub = view.hub if view is not None else None
    return {"hub_id": hub and hub.hub_id, "school": hub and hub.school, **alert_dict(alert)}


@alerts.command()
@click.argument("code", metavar="CODE")
@click.argument("hub_id", metavar="HUB_ID", required=False)
@click.option("--all", "everywhere", is_flag=True, help="Of every school, as in the holidays.")
@click.option(
    "--about",
    metavar="PACK@VERSION",
    help="Only of this version [default: of those that it is about now; with --all of any].",
)
@click.option("--until", metavar="DAY", help="Until this day, as 2026-12-31 [default: until it begins anew].")
@click.option("--note", default="", metavar="TEXT", help="Why, for the others.")
@click.option("--undo", is_flag=True, help="Let it be heard again.")
@dry_run_option
@json_option
@with_office
def ack(
    office: Office,
    code: str,
    hub_id: str | None,
    everywhere: bool,
    about: str | None,
    until: str | None,
    note: str,
    undo: bool,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Quieten the alert CODE of HUB_ID, since somebody knows and acts: until a day, or until it begins anew.

    An alert about packs is quiet for those that it is about now: another pack is heard.

    `central alerts` no longer lists it, and it no longer counts; the school's page shows it as quiet.
    """
    if everywhere == (hub_id is not None):
        raise UsageError("which school?", hint="Give one HUB_ID, or --all.")
    if everywhere and until is None and not undo:
        raise UsageError("--all: until when?", hint="Say --until DAY: nobody may forget it.")
    whose, moment = hub_id or EVERY_HUB, now()
    end = iso(_end_of(until, moment)) if until else None
    said = (about,) if about else ()
    things = said if undo or everywhere else _things_now(office, code, whose, moment, said, bool(until))
    if undo:
        changed = unmute_alerts(office, code, whose, said, dry_run=dry_run)
    else:
        noted = (f"cli:{login()}", note.strip(), iso(moment), end)
        mutes = [Mute(code, whose, each, *noted) for each in things or (ANYTHING,)]
        mute_alerts(office, mutes, dry_run=dry_run)
        changed = True
    if as_json:
        values: dict[str, Any] = {"code": code, "hub_id": hub_id, "about": [*filter(None, things)]}
        values |= {"until": end, "undone": undo, "changed": changed}
        console.print_json({"format": 1, "dry_run": dry_run, **values})
        return
    if dry_run:
        click.echo("dry run, nothing was changed:")
    told = ", ".join(each for each in things if each not in ("", ANYTHING))
    who = ("every school" if everywhere else f"{hub_id}") + (f", {told}" if told else "")
    if undo:
        click.echo(f"{code} of {who}: {'heard again' if changed else 'was not quiet'}")
    else:
        click.echo(f"{code} of {who}: quiet until {until or 'it begins anew'}")


def _things_now(
    office: Office, code: str, hub_id: str, moment: datetime, about: Sequence[str], is_until: bool
) -> tuple[str, ...]:
    [view] = read_schools(office, moment, only=hub_id)
    return to_mute((*view.reasons, *view.muted), code, about, is_until=is_until)


def _end_of(day: str, moment: datetime) -> datetime:
    try:
        end = datetime.combine(datetime.fromisoformat(day).date(), time.max, UTC).replace(microsecond=0)
    except ValueError as error:
        raise UsageError(f"--until {day!r}: expected a day", hint="As in 2026-12-31.") from error
    if end < moment:
        raise UsageError(
            f"--until {day}: is past, it is {moment.date().isoformat()}", hint="Say a later day."
        )
    return end
