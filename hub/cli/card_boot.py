"""`hub card boot | check-config`: what makes a card the hub of one school."""

import os
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import click

from content_packs.console import note, print_json
from content_packs.errors import local_error
from content_packs.owner import as_owner
from hub.card import boot as booting
from hub.card.places import CardPlaces
from hub.cli.options import json_option
from hub.db_read import open_to_read
from hub.school import find_name, read_config
from hub.settings import HubPaths
from hub.wording import local_text

_PLACES = CardPlaces()
_LAST_RUN = "select result, finished_at from sync_runs order by id desc limit 1"
TECHNICIAN = "technician"  # the account's name
_FOLDER = click.Path(path_type=Path, file_okay=False, exists=True)


@click.command("boot")
@click.option(
    "--root", type=_FOLDER, default=_PLACES.root, show_default=True, help="The system, whose /etc is written."
)
@click.option(
    "--boot", "boot_dir", type=_FOLDER, default=_PLACES.boot, show_default=True, help="The FAT partition."
)
@click.option(
    "--data", type=_FOLDER, default=_PLACES.data, show_default=True, help="The partition that lasts."
)
@json_option
def boot(root: Path, boot_dir: Path, data: Path, as_json: bool) -> None:
    """Make this card the hub of the school that hub-config.txt on it names.

    Runs at every boot, before the network. Where the file has errors, the last good settings count, without
    any the open Wi-Fi HUB-SETUP-xxxx; hub-status.txt beside the file says what to correct. Whatever fails,
    the exit code is 0 and the boot goes on.
    """
    places = CardPlaces(root, boot_dir, data)
    done = booting.boot(places, others(places), now=datetime.now(UTC))
    if as_json:
        print_json(to_dict(done))
        return
    click.echo(f"school config: {done.chosen.source}, {len(done.chosen.findings)} findings")
    for finding in done.chosen.findings:
        note(f"{finding.severity}: {finding.text('en')}")
    if done.hub is not None:
        click.echo(f"hub {done.hub.hub_id}" + (", new key" if done.hub.is_new_key else ""))
    for problem in done.problems:
        note(f"problem: {problem}")


def others(places: CardPlaces) -> booting.Others:
    """Return the parts that a boot calls, below the same root as the rest."""
    from hub.labelcode import write_label_code
    from hub.network.change import prepare_network
    from hub.network.paths import NetworkPaths

    run = places.root / "run"
    network = NetworkPaths(run / "hub", run / "systemd" / "network", places.data / "network")

    return booting.Others(
        set_first_password=set_first_password,
        set_label_code=write_label_code,
        apply_network=lambda card, config: prepare_network(network, card.hub, config),
        read_last_sync=read_last_sync,
    )


def set_first_password(paths: HubPaths, password: str) -> None:
    """Give the technician the password of the card's file: who has the card stands before the hub."""
    from hub import accounts  # before its rights are given up: the hub's account may not read all of Python

    with as_owner(paths.dir):
        known = accounts.find_by_name(paths, TECHNICIAN)
        if known is None:
            accounts.add_account(paths, TECHNICIAN, password, role="technician")
        else:
            accounts.set_password(paths, known, password)


def read_last_sync(paths: HubPaths) -> str:
    """Return when the office was last reached, in this machine's own time; empty: never."""
    try:
        with closing(open_to_read(paths.db)) as db:
            run = db.execute(_LAST_RUN).fetchone()
    except sqlite3.Error:
        return ""  # the portal makes a new one
    if run is None or run[0] != "ok":
        return ""
    return local_text(datetime.fromisoformat(run[1]))


def to_dict(done: booting.Boot) -> dict[str, object]:
    """Return what a boot did, for `--json`."""
    return {
        "format": 1,
        "config": done.chosen.source,
        "findings": [finding.to_dict("en") for finding in done.chosen.findings],
        "hub_id": done.hub.hub_id if done.hub else None,
        "public_key": done.hub.public_key if done.hub else None,
        "new_key": bool(done.hub and done.hub.is_new_key),
        "hostname": done.hostname,
        "secrets_removed": done.secrets_removed,
        "status_written": done.status_written,
        "problems": done.problems,
    }


@click.command("check-config")
@click.argument("file", metavar="FILE", type=click.Path(path_type=Path))
@click.option("--language", type=click.Choice(["uk", "en"]), help="Of the findings [default: the file's].")
@json_option
def check_config(file: Path, language: str | None, as_json: bool) -> int:
    """Check a hub-config.txt as the hub would read it: FILE, or the folder or card that holds it.

    Exit code 65 where the hub would not use it.
    """
    try:
        path = file
        if file.is_dir():
            path = file / (find_name(entry.name for entry in file.iterdir()) or "hub-config.txt")
        data = path.read_bytes()
    except OSError as error:
        raise local_error(error, f"reading {file}") from error
    reading = read_config(data)
    chosen = language or ("uk" if reading.language == "uk" else "en")
    if as_json:
        findings = [finding.to_dict(chosen) for finding in reading.findings]
        print_json(
            {"format": 1, "file": str(path), "usable": reading.config is not None, "findings": findings}
        )
    else:
        for finding in reading.findings:
            click.echo(f"{finding.severity}: {finding.text(chosen)}")
        click.echo(f"{path}: {'usable' if reading.config is not None else 'not usable'}")
    return 0 if reading.config is not None else os.EX_DATAERR
