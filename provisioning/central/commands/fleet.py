"""`central fleet | school`: how the schools are."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

import click

from content_packs import console
from content_packs.console import count_text, size_text
from provisioning.central.commands.layout import say, table
from provisioning.central.commands.options import json_option, minute_text, nobody_text, now, with_office
from provisioning.central.fleetview.alert import Alert, span_text
from provisioning.central.fleetview.csvtext import Cell, csv_text
from provisioning.central.fleetview.fleet import read_fleet
from provisioning.central.fleetview.school import SchoolHistory, read_school
from provisioning.central.fleetview.view import SchoolView
from provisioning.central.office import Office

csv_option = click.option("--csv", "as_csv", is_flag=True, help="Print a table for a spreadsheet.")
_COLUMNS = (
    *("hub_id", "school", "ring", "state", "reasons", "heard_at", "via", "usual_gap_s", "expected_at"),
    *("overdue_at", "packs_wanted", "packs_current", "bytes_left", "eta_s", "disk_free_bytes"),
    *("disk_total_bytes", "software", "use_7d"),
)
_HEADER = ("SCHOOL", "SEEN", "VIA", "HEALTH", "SOFTWARE", "PACKS", "LEFT", "DISK", "OPENS/7d", "NEXT")
_WIDEST = 28  # of a school's name in the table
_SHOWN = 14  # lines of each history


@click.command()
@click.option("--overdue", is_flag=True, help="Only schools that should have been in contact.")
@click.option("--needs-action", is_flag=True, help="Only schools for which somebody has to do something.")
@click.option("--ring", metavar="RING", help="Only the hubs of a ring.")
@click.option("--pack", metavar="PACK", help="Only hubs that shall have this pack, or have it.")
@csv_option
@json_option
@with_office
def fleet(
    office: Office,
    overdue: bool,
    needs_action: bool,
    ring: str | None,
    pack: str | None,
    as_csv: bool,
    as_json: bool,
) -> None:
    """Say how each school is, the worst first: contact, health, packs, disk, use, and what comes next.

    A school is overdue against its own habit only: one that is heard from by a stick once a month is not
    overdue after a week. `waiting` is no fault: something comes with its next contact.
    """
    everybody = read_fleet(office, now())
    views = [view for view in everybody if _is_meant(view, overdue, needs_action, ring, pack)]
    if as_json:
        console.print_json({"format": 1, "hubs": [to_dict(view) for view in views]})
        return
    if as_csv:
        click.echo(csv_text(_COLUMNS, map(_row, views)), nl=False)
        return
    if views:
        say(table([_HEADER, *map(_cells, views)]))
    if not everybody:
        console.note(nobody_text(office))
    else:
        console.note(_summary(everybody))


def _is_meant(
    view: SchoolView, overdue: bool, needs_action: bool, ring: str | None, pack: str | None
) -> bool:
    return (
        (not overdue or view.state == "overdue")
        and (not needs_action or view.needs_action)
        and ring in (None, view.ring)
        and (pack is None or any(each.pack_id == pack for each in view.packs))
    )


def _summary(views: Sequence[SchoolView]) -> str:
    acts = sum(view.needs_action for view in views)
    parts = [f"{acts} of {count_text(len(views), 'school')} {'needs' if acts == 1 else 'need'} action"]
    for state in ("overdue", "never", "waiting"):
        count = sum(view.state == state for view in views)
        parts += [f"{count} {state}"] if count else []
    return " · ".join(parts)


def _cells(view: SchoolView) -> tuple[str, ...]:
    first = next(iter(view.reasons), None)
    mark = {"ok": "", "waiting": "", "never": "? ", "overdue": "? ", "attention": "! "}[view.state]
    word = first.code if first is not None and view.state == "attention" else view.state
    more = f" +{len(view.reasons) - 1}" if len(view.reasons) > 1 else ""
    return (
        plain(f"{view.hub.school} ({view.hub.hub_id})")[: _WIDEST + 12],
        _seen(view),
        view.way(view.via) or "-",
        f"{mark}{word}{more}",
        view.software or "-",
        f"{view.packs_current}/{view.packs_wanted}" + (" ✓" if _is_whole(view) else ""),
        size_text(view.bytes_left) + (f", {span_text(view.eta_s)}" if view.eta_s else "")
        if view.bytes_left
        else "-",
        f"{100 - 100 * view.disk[0] // max(1, view.disk[1])} %" if view.disk else "?",
        "?" if view.use_7d is None else str(view.use_7d),
        _next(view),
    )


def _is_whole(view: SchoolView) -> bool:
    return view.packs_current == view.packs_wanted and view.packs_wanted > 0


def _seen(view: SchoolView) -> str:
    if view.silent_s is None:
        return "never"
    usual = f" (usual {span_text(view.usual_gap_s)})" if view.usual_gap_s else ""
    return f"{span_text(view.silent_s)}{usual}"


def _next(view: SchoolView) -> str:
    if view.state == "overdue":
        return "call"
    if view.expected_at is None:
        return "first contact"
    return f"by {view.expected_at[:10]}"


def plain(text: str) -> str:
    """Return a text in one line that does nothing to a terminal, whoever wrote it."""
    return "".join(c if c.isprintable() else " " for c in text)


def to_dict(view: SchoolView) -> dict[str, Any]:
    """Return a school as JSON: docs/reference/json.md."""
    return {
        "hub_id": view.hub.hub_id,
        "school": view.hub.school,
        "ring": view.ring,
        "state": view.state,
        "reasons": [alert_dict(alert) for alert in view.reasons],
        "muted": [alert_dict(alert) for alert in view.muted],
        "heard_at": view.heard_at,
        "said_at": view.said_at,
        "via": view.via,
        "usual_gap_s": view.usual_gap_s,
        "expected_at": view.expected_at,
        "overdue_at": view.overdue_at,
        "packs": [
            {"id": pack.pack_id, "want": pack.want, "have": pack.have, "state": pack.state}
            for pack in view.packs
        ],
        "bytes_left": view.bytes_left,
        "eta_s": view.eta_s,
        "software": view.software,
        "use_7d": view.use_7d,
        "last_sync": view.last_sync,
        "health": view.health,
        "notes": [asdict(note) for note in view.oddities],
    }


def alert_dict(alert: Alert) -> dict[str, Any]:
    """Return an alert as JSON."""
    return {
        "code": alert.code,
        "level": alert.level,
        "text": alert.said,
        "hint": alert.advice,
        "values": dict(alert.values),
        "since": alert.since or None,
    }


def _row(view: SchoolView) -> list[Cell]:
    free, total = view.disk or (None, None)
    return [
        *(view.hub.hub_id, view.hub.school, view.ring, view.state, " ".join(a.code for a in view.reasons)),
        *(view.heard_at, view.via, view.usual_gap_s, view.expected_at, view.overdue_at),
        *(view.packs_wanted, view.packs_current, view.bytes_left, view.eta_s, free, total),
        *(view.software, view.use_7d),
    ]


@click.command()
@click.argument("hub_id", metavar="HUB_ID")
@json_option
@with_office
def school(office: Office, hub_id: str, as_json: bool) -> None:
    """Show one school: what is wrong and what to do, its packs, and what was heard of it lately."""
    history = read_school(office, hub_id, now())
    if as_json:
        console.print_json({"format": 1, **_history_dict(history)})
        return
    say((*_describe(history.view), *_describe_history(history)))


def _history_dict(history: SchoolHistory) -> dict[str, Any]:
    return {
        "hub": to_dict(history.view),
        "contacts": [asdict(contact) for contact in history.contacts],
        "traffic": [asdict(day) for day in history.traffic],
        "syncs": [dict(sync) for sync in history.syncs],
        "health": [asdict(day) for day in history.health],
        "opens": [{"day": day, "pack": pack_id, "opens": count} for day, pack_id, count in history.opens],
    }


def _describe(view: SchoolView) -> Iterable[str]:
    yield plain(f"{view.hub.school}  {view.hub.hub_id}  ring {view.ring}: {view.state}")
    if view.heard_at is None:
        yield "  never heard from"
    else:
        said = f", says {minute_text(view.said_at)}" if view.said_at else ""
        yield f"  heard {minute_text(view.heard_at)} by {view.way(view.via)}{said}"
        usual = f"usually every {span_text(view.usual_gap_s)}" if view.usual_gap_s else "no habit yet"
        yield f"  {usual}, next by {minute_text(view.expected_at)}, overdue {minute_text(view.overdue_at)}"
    for alert in view.reasons:
        yield from describe_alert(alert)
    yield from (f"  quiet: {plain(alert.said)}" for alert in view.muted)
    yield from (f"  {_pack_line(pack.pack_id, pack.want, pack.have, pack.state)}" for pack in view.packs)
    if view.bytes_left:
        eta = f", some {span_text(view.eta_s)} at its pace" if view.eta_s is not None else ""
        yield f"  still to come: at most {size_text(view.bytes_left)}{eta}"
    if view.last_sync is not None:
        sync = view.last_sync
        yield plain(f"  last told: {minute_text(sync['finished_at'])} sync {_result(sync)}")
    if view.disk is not None:
        free, total = map(size_text, view.disk)
        yield plain(f"  disk: {free} of {total} free; software {view.software}")
    yield from (plain(f"  note {minute_text(n.at)}: {n.kind}: {n.text}") for n in view.oddities[:3])


def describe_alert(alert: Alert, whose: str = "") -> Iterable[str]:
    """Yield an alert as lines for a terminal."""
    since = f" (since {alert.since[:10]})" if alert.since else ""
    yield plain(f"  {alert.level:6} {whose}{alert.code}: {alert.said}{since}")
    if alert.hint:
        yield plain(f"  {'':6} next: {alert.advice}")


def _describe_history(history: SchoolHistory) -> Iterable[str]:
    if history.contacts:
        yield "contacts:"
    for contact in history.contacts[:_SHOWN]:
        way = history.view.way(contact.via)
        yield f"  {minute_text(contact.at)}  {way}  {count_text(contact.events, 'event')}"
    if history.syncs:
        yield "syncs:"
    for sync in history.syncs[:_SHOWN]:
        done = f"  {', '.join(sync['done'])}" if sync["done"] else ""
        yield plain(f"  {minute_text(sync['finished_at'])}  {sync['road']}  {_result(sync)}{done}")
    if history.health:
        yield "health:"
    for day in history.health[:_SHOWN]:
        heat = f"  {day.temperature_c:.0f} °C" if day.temperature_c is not None else ""
        faults = f"  {' '.join(day.codes)}" if day.codes else ""
        yield plain(f"  {day.day}  {size_text(day.free_bytes)} free{heat}{faults}")
    if history.opens:
        yield "opened:"
    for date, pack_id, count in history.opens[:_SHOWN]:
        yield plain(f"  {date}  {pack_id}  {count}")


def _pack_line(pack_id: str, want: int | None, have: int | None, state: str) -> str:
    has = "none" if have is None else f"v{have}"
    shall_have = "none" if want is None else f"v{want}"
    return f"{pack_id}: {has}" if state == "current" else f"{pack_id}: {has}, shall be {shall_have}: {state}"


def _result(sync: Mapping[str, Any]) -> str:
    failed = "".join(f", {name} {code}" for name, code in sync["failed"].items())
    return f"{sync['result']}, {size_text(sync['received_bytes'])} received{failed}"
