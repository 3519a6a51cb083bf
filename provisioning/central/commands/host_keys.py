"""`central host-keys`: by which keys hubs know the depot's SSH server."""

from pathlib import Path

import click

from content_packs import console
from content_packs.errors import UsageError
from provisioning.central import host_keys as keys
from provisioning.central.commands.options import (
    dry_run_option,
    json_option,
    minute_text,
    now,
    tell,
    with_office,
    with_office_as_root,
)
from provisioning.central.fleet import open_fleet
from provisioning.central.office import Office
from provisioning.central.release import change
from provisioning.central.ssh_keys import read_host_keys
from provisioning.central.sshd.rotate import TARGETS, find_untold
from provisioning.central.sshd.rotate import rotate as rotate_key
from provisioning.central.sshd.setup import read_setup


@click.group("host-keys")
def host_keys() -> None:
    """By which host keys hubs know the depot's SSH server: the present one, and those that may follow.

    Each card has them, and the offline key `targets` signs them, so that a hub learns the next key long
    before the server shows it.
    """


@host_keys.command("list")
@json_option
@with_office
def list_(office: Office, as_json: bool) -> None:
    """List the keys, since when hubs are told, and who may not have heard yet."""
    with open_fleet(office.fleet_db) as fleet:
        known = keys.list_known(fleet)
    untold = {key.line: find_untold(office, key) for key in known}
    if as_json:
        rows = [
            {
                "key": key.line,
                "fingerprint": key.fingerprint,
                "told_at": key.told_at,
                "untold": [hub.hub_id for hub in untold[key.line]],
            }
            for key in known
        ]
        console.print_json({"format": 1, "host_keys": rows})
        return
    for number, key in enumerate(known):
        since = f"hubs are told since {minute_text(key.told_at)}" if key.told_at else "hubs are not told yet"
        missing = len(untold[key.line])
        if key.told_at and missing:
            since += f"; {console.count_text(missing, 'hub')} may not have heard"
        click.echo(f"{'next   ' if number else 'present'}  {key.fingerprint}  {since}")
    if any(key.told_at is None for key in known):
        console.note("plug in the stick with the offline key `targets`, then run any command that changes")
    if not known:
        console.note("none yet: central sshd-config --apply, or central host-keys add FILE")


@host_keys.command()
@click.argument("file", metavar="FILE", type=click.Path(path_type=Path))
@dry_run_option
@json_option
@with_office
def add(office: Office, file: Path, dry_run: bool, as_json: bool) -> None:
    """Tell hubs of the keys in FILE too, such as /etc/ssh/ssh_host_ed25519_key.pub of a new host."""
    lines = read_host_keys(file)
    _open_key(office, dry_run=dry_run)
    new, changes = change(
        office, lambda fleet: keys.add(fleet, lines), doing="host-keys", now=now(), dry_run=dry_run
    )
    summary = [f"{line.split()[0]} {line.split()[1][-16:]}: hubs are told" for line in new]
    tell(summary or ["hubs know it already"], {"added": new}, changes, as_json=as_json, dry_run=dry_run)


@host_keys.command()
@click.argument("fingerprint", metavar="FINGERPRINT")
@dry_run_option
@json_option
@with_office
def retire(office: Office, fingerprint: str, dry_run: bool, as_json: bool) -> None:
    """Tell hubs no more of the key with this FINGERPRINT, of which a beginning is enough.

    With their next sync they forget it: whoever has stolen it can play the depot no longer.
    """
    _open_key(office, dry_run=dry_run)
    gone, changes = change(
        office,
        lambda fleet: keys.retire(fleet, fingerprint),
        doing="host-keys",
        now=now(),
        dry_run=dry_run,
    )
    tell(
        [f"{gone.fingerprint}: hubs forget it"],
        {"retired": gone.line},
        changes,
        as_json=as_json,
        dry_run=dry_run,
    )


@host_keys.command()
@click.option("--yes", is_flag=True, help="Also while hubs may not know the next key.")
@dry_run_option
@json_option
@with_office_as_root
def rotate(office: Office, yes: bool, dry_run: bool, as_json: bool) -> None:
    """Let this machine's server show its next key, and make one to follow; as root, on the depot's host.

    Needs the offline key `targets`. The present key is thrown away. Connections go on.
    """
    setup = read_setup()
    if setup is None:
        raise UsageError(
            "this machine is not set up as a depot's host", hint="Run it there; see central sshd-config."
        )
    done = rotate_key(office, setup, force=yes, dry_run=dry_run, now=now())
    untold = [hub.hub_id for hub in done.untold]
    lines = [f"the server shows {done.shown} instead of {done.former}"]
    lines += [f"  {hub_id} may not know it: take it a stick" for hub_id in untold]
    values = {"former": done.former, "shown": done.shown, "untold": untold}
    tell(lines, values, [], as_json=as_json, dry_run=dry_run)


def _open_key(office: Office, *, dry_run: bool) -> None:
    """Ask for the passphrase of the offline key before anything is changed; without the key hubs wait."""
    ring = office.open_keys()
    if not dry_run and ring.has(TARGETS):
        ring.require(TARGETS)
