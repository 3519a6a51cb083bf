"""`central card | replace`: write the hub-config.txt of a school."""

import secrets
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any, TypedDict, TypeVar, Unpack

import click

from content_packs import console
from content_packs.durable import write_durably
from content_packs.errors import BadDataError, local_error
from hub.school import SchoolConfig, WifiConfig, read_config, to_file, write_config
from hub.school.codes import make_label_code
from provisioning.cards.passwords import make_wifi_password
from provisioning.central import cards
from provisioning.central.commands.options import json_option, minute_text, now, with_office
from provisioning.central.enrol import give_up_card
from provisioning.central.fleet import Card, Fleet
from provisioning.central.office import Office
from provisioning.central.release import change
from provisioning.central.ssh_keys import read_host_keys

Command = TypeVar("Command", bound=Callable[..., Any])
_OPTIONS = (
    click.option(
        "-o", "--output", metavar="FILE", required=True, type=click.Path(path_type=Path, dir_okay=False)
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
    json_option,
)


class _Options(TypedDict):
    output: Path
    depot: str | None
    host_keys: tuple[Path, ...]
    template: Path | None
    language: str
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

    _write_card(office, plan, moment, **options)


def _write_card(
    office: Office,
    plan: Callable[[Fleet], tuple[Card, str]],
    moment: datetime,
    *,
    output: Path,
    depot: str | None,
    host_keys: tuple[Path, ...],
    template: Path | None,
    language: str,
    as_json: bool,
) -> None:
    own = _read_template(template)
    lines = [line for path in host_keys for line in read_host_keys(path)]

    def edit(fleet: Fleet) -> tuple[Card, SchoolConfig, cards.Depot]:
        cards.remember_depot(fleet, depot, lines)
        where = cards.find_depot(fleet)
        made, token = plan(fleet)
        fleet.save_card(made)
        return made, cards.merge(own, made, cards.central_part(office, made, where, token)), where

    (made, config, where), _ = change(office, edit, doing="card", now=moment)
    try:
        write_durably(output, to_file(write_config(config, language)), mode=0o600)
    except OSError as error:
        raise local_error(error, f"writing {output}") from error
    if as_json:
        console.print_json(
            {
                "format": 1,
                "file": str(output),
                "hub_id": made.hub_id,
                "school": made.school,
                "school_code": made.school_code,
                "ring": made.ring,
                "depot": config.central.address,
                "wifi": config.wifi.ssid,
                "label_code": config.label_code,
                "expires_at": made.expires_at,
            }
        )
        return
    click.echo(f"{output}: hub {made.hub_id}, school {made.school!r}, depot {config.central.address}")
    console.note(f"the hub may enrol until {minute_text(made.expires_at)}; then: central enrol --pending")
    if where.is_guess:
        console.note("warning: the depot is taken to be this machine; else give --depot and --host-key once")


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
