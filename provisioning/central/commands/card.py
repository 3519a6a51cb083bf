"""`central card | replace`: write the hub-config.txt of a school."""

import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, TypedDict, TypeVar, Unpack

import click

from content_packs import console
from content_packs.durable import write_durably
from content_packs.errors import BadDataError, local_error
from hub.school import SchoolConfig, WifiConfig, read_config, to_file, write_config
from hub.school.codes import make_label_code
from provisioning.cards.labels import render_labels
from provisioning.cards.passwords import make_wifi_password
from provisioning.central import cards
from provisioning.central.commands.options import (
    dry_run_option,
    json_option,
    minute_text,
    now,
    with_office,
)
from provisioning.central.enrol import give_up_card
from provisioning.central.fleet import Card, Fleet
from provisioning.central.office import Office
from provisioning.central.release import change
from provisioning.central.ssh_keys import read_host_keys
from provisioning.central.usb import require_mounted

Command = TypeVar("Command", bound=Callable[..., Any])
_OPTIONS = (
    click.option(
        "-o",
        "--output",
        metavar="FILE",
        required=True,
        type=click.Path(path_type=Path, dir_okay=False),
        help="The file, to be copied onto the card as hub-config.txt.",
    ),
    click.option(
        "--label",
        metavar="FILE",
        type=click.Path(path_type=Path, dir_okay=False),
        help="Also write a page to print: the label for the case and the Wi-Fi card for the wall.",
    ),
    click.option(
        "--depot",
        metavar="URL",
        help="Where hubs find the depot; without an account each hub has its own [default: as before].",
    ),
    click.option(
        "--host-key",
        "host_keys",
        metavar="FILE",
        multiple=True,
        type=click.Path(path_type=Path),
        help="Public host key of the depot's SSH server; may be given several times [default: as before].",
    ),
    click.option(
        "--template",
        metavar="FILE",
        type=click.Path(path_type=Path),
        help="A hub-config.txt whose Wi-Fi and other settings are taken over.",
    ),
    click.option(
        "--language",
        type=click.Choice(["uk", "en"]),
        default="uk",
        show_default=True,
        help="Of the explanations.",
    ),
    dry_run_option,
    json_option,
)


class _Options(TypedDict):
    output: Path
    label: Path | None
    depot: str | None
    host_keys: tuple[Path, ...]
    template: Path | None
    language: str
    dry_run: bool
    as_json: bool


def _card_options(function: Command) -> Command:
    """Give a command the options of whoever writes a hub-config.txt."""
    for option in reversed(_OPTIONS):
        function = option(function)
    return function


@click.command("card")
@click.argument("school", metavar="SCHOOL")
@click.option("--code", metavar="CODE", help="Code of the school [default: as before, else made of SCHOOL].")
@click.option("--hub-id", metavar="ID", help="[default: as before, else made of SCHOOL]")
@click.option(
    "--ring", metavar="RING", help="Ring of the hub once it is approved [default: as before, else all]."
)
@_card_options
@with_office
def card(
    office: Office,
    school: str,
    code: str | None,
    hub_id: str | None,
    ring: str | None,
    **options: Unpack[_Options],
) -> None:
    """Write the hub-config.txt of SCHOOL: the one file that makes a flashed card the hub of that school.

    SCHOOL is its name, its code, or the id of its hub. The file holds where the depot is, what to know and
    trust it by, the hub's id, and a one-time token by which the hub enrols within 60 days; each new file of
    a school makes the one before it worthless. Keep it as you keep a password.

    A school that has a hub keeps it, also where its name is typed with other signs or capitals; a new one
    gets an id made of its name, in Latin letters. What became of it is said.
    """
    moment = now()

    def plan(fleet: Fleet) -> tuple[Card, str]:
        return cards.plan_card(fleet, school, code=code, hub_id=hub_id, ring=ring, now=moment)

    _write_card(office, plan, moment, **options)


@click.command("replace")
@click.argument("hub_id", metavar="HUB_ID")
@_card_options
@with_office
def replace_command(office: Office, hub_id: str, **options: Unpack[_Options]) -> None:
    """Write the hub-config.txt for a new card that takes the place of a broken, lost or copied one.

    The former card is locked out at once. The school keeps the hub's id, ring, assignments and reports; it
    gets nothing until the new card has asked and you have approved it: `central enrol --pending`.
    """
    moment = now()

    def plan(fleet: Fleet) -> tuple[Card, str]:
        hub = give_up_card(fleet, hub_id, now=moment)
        return cards.plan_card(fleet, hub.school, code=None, hub_id=hub_id, ring=hub.ring, now=moment)

    _write_card(office, plan, moment, is_replaced=True, **options)


def _write_card(
    office: Office,
    plan: Callable[[Fleet], tuple[Card, str]],
    moment: datetime,
    *,
    output: Path,
    label: Path | None,
    depot: str | None,
    host_keys: tuple[Path, ...],
    template: Path | None,
    language: str,
    dry_run: bool,
    as_json: bool,
    is_replaced: bool = False,
) -> None:
    require_mounted(output)
    own = _read_template(template)
    lines = [line for path in host_keys for line in read_host_keys(path)]

    def edit(fleet: Fleet) -> _Made:
        cards.remember_depot(fleet, depot, lines)
        where = cards.find_depot(fleet)
        card, token = plan(fleet)
        place = cards.find_place_of(fleet, card)
        fleet.save_card(card)
        config = cards.merge(own, card, cards.central_part(office, card, where, token))
        if not dry_run:  # before anything is kept: without the new file the one before has to go on working
            _write_file(output, to_file(write_config(config, language)))
            if label is not None:
                _write_file(label, render_labels([(config, card.hub_id)], language).encode())
        return _Made(output, card, place, config, where, is_replaced, label)

    made, _ = change(office, edit, doing="replace" if is_replaced else "card", now=moment, dry_run=dry_run)
    if as_json:
        console.print_json({"format": 1, "dry_run": dry_run, **_to_dict(made, dry_run=dry_run)})
    else:
        _tell(made, dry_run=dry_run)


@dataclass(frozen=True, slots=True)
class _Made:
    """What was made for a school, or would be."""

    file: Path
    card: Card
    place: cards.Place
    config: SchoolConfig
    depot: cards.Depot
    is_replaced: bool
    label: Path | None


def _write_file(output: Path, data: bytes) -> None:
    try:
        write_durably(output, data, mode=0o600)
    except OSError as error:
        raise local_error(error, f"writing {output}") from error


def _to_dict(made: _Made, *, dry_run: bool) -> dict[str, object]:
    return {
        "file": str(made.file),
        "label": str(made.label) if made.label else None,
        "hub_id": made.card.hub_id,
        "hub_was": made.place.state,
        "other_hubs": list(made.place.others),
        "school": made.card.school,
        "school_code": made.card.school_code,
        "ring": made.card.ring,
        "depot": made.config.central.address,
        "wifi": None if dry_run else made.config.wifi.ssid,  # made anew each time, but for a template's
        "label_code": None if dry_run else made.config.label_code,
        "expires_at": made.card.expires_at,
    }


def _tell(made: _Made, *, dry_run: bool) -> None:
    if dry_run:
        click.echo("dry run, nothing was changed:")
    where = f"hub {made.card.hub_id}, school {made.card.school!r}, depot {made.config.central.address}"
    click.echo(f"{made.file}: {'would be written: ' if dry_run else ''}{where}")
    for line in _describe(made, dry_run=dry_run):
        click.echo(f"  {line}")
    if made.label:
        click.echo(
            f"{made.label}: {'would be written: ' if dry_run else ''}the label and the Wi-Fi card to print"
        )
    if not dry_run:
        until = minute_text(made.card.expires_at)
        console.note(f"the hub may enrol until {until}; then: central enrol --pending")
    if made.depot.is_guess:
        console.note("warning: the depot is taken to be this machine; else give --depot and --host-key once")


def _describe(made: _Made, *, dry_run: bool) -> Iterator[str]:
    """Say whose place the card takes."""
    place, day = made.place, made.place.since[:10]
    meanings = {
        "new": f"a new hub, in the ring {made.card.ring}",
        "waiting": f"the hub that has waited since {day}; the file made then is worthless now",
        "enrolled": f"the hub enrolled on {day}; its present card works until you approve the new one",
        "revoked": f"the hub revoked on {day}; it begins anew once you approve it",
    }
    locked = f"its former card {'would be' if dry_run else 'is'} locked out"
    yield locked if made.is_replaced else meanings[place.state]
    if place.school and place.school != made.card.school:
        yield f"until now it stood in {place.school!r}"
    if place.others:
        yield f"this school has other hubs too: {', '.join(place.others)}"


def _read_template(path: Path | None) -> SchoolConfig:
    """Return the settings to begin with: a file's, else a network of its own with a new password."""
    if path is None:
        wifi = WifiConfig(ssid=f"School-Hub-{secrets.token_hex(2)}", password=make_wifi_password())
        return SchoolConfig("x", "x", label_code=make_label_code(), wifi=wifi)
    try:
        reading = read_config(path.read_bytes())
    except OSError as error:
        raise local_error(error, f"reading {path}") from error
    if reading.config is None:
        first = reading.errors[0]
        raise BadDataError(
            f"{path}: {first.text('en')}", hint=f"hub card check-config {path} tells all of it."
        )
    return replace(reading.config, label_code=reading.config.label_code or make_label_code())
