"""`central sshd-config | doctor`: the depot's host."""

import os
from pathlib import Path

import click

from content_packs import console
from content_packs.errors import UsageError
from content_packs.owner import as_owner
from content_packs.transports.address import parse_sftp
from provisioning.central.commands.keys import list_advice, note_advice
from provisioning.central.commands.options import dry_run_option, json_option, now, with_office_as_root
from provisioning.central.fleet import open_fleet
from provisioning.central.host_keys import list_host_keys
from provisioning.central.keylist import Advice, advise, list_keys
from provisioning.central.office import Office
from provisioning.central.ssh_keys import read_host_keys
from provisioning.central.sshd import apply as applying
from provisioning.central.sshd import doctor as examining
from provisioning.central.sshd import render, server
from provisioning.central.sshd.apply import Work
from provisioning.central.sshd.doctor import Finding, Visit
from provisioning.central.sshd.machine import Fault
from provisioning.central.sshd.names import CONFIG, PROBES
from provisioning.central.sshd.setup import Setup, read_setup
from provisioning.central.sshd.version import find_sshd, parse_version, read_version


@click.command("sshd-config")
@click.option(
    "--apply", is_flag=True, help="Set this machine up as the depot's host, as root; again is fine."
)
@click.option("--check", is_flag=True, help="Tell what on this machine is not as it should be, as root.")
@click.option("--accounts-only", is_flag=True, help="With --apply: accounts, keys and inboxes, nothing else.")
@click.option("--host", metavar="NAME", help="By what name or address hubs reach this machine; for cards.")
@click.option(
    "--port",
    metavar="N",
    type=click.IntRange(1, 65535),
    help="Of the hubs' own SSH server [default: as before, else as cards say, else 2222].",
)
@click.option(
    "--inbox-mib",
    metavar="N",
    type=click.IntRange(min=0),
    help="Size of the disk for all inboxes, which can grow later; 0: none [default: as before, else 1024].",
)
@click.option(
    "--hub-mib",
    metavar="N",
    type=click.IntRange(min=1),
    help="What one hub may leave there until it is taken in [default: as before, else 64].",
)
@click.option(
    "--hub-files",
    metavar="N",
    type=click.IntRange(min=10),
    help="How many files one hub may leave there [default: as before, else 2000].",
)
@click.option("--openssh", metavar="VERSION", help="Print for this release [default: that of this machine].")
@dry_run_option
@json_option
@with_office_as_root
def sshd_config(
    office: Office,
    apply: bool,
    check: bool,
    accounts_only: bool,
    host: str | None,
    port: int | None,
    inbox_mib: int | None,
    hub_mib: int | None,
    hub_files: int | None,
    openssh: str | None,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Set up the SSH server through which hubs reach the depot; without options, print its configuration.

    It is a server of its own, beside the one by which you sign in: an account without a password for each
    hub, SFTP of the depot and nothing else, reports on a disk of their own. --apply does all of it and says
    what it did; --apply --dry-run says what it would do; --check compares, and exits with 74 where something
    is not as it should be. Accounts follow `enrol` and `revoke` by themselves.
    """
    if apply and check:
        raise UsageError("--apply and --check: expected one of them", hint="--check only compares.")
    setup = applying.choose_setup(
        office, port=port, inbox_mib=inbox_mib, hub_mib=hub_mib, hub_files=hub_files
    )
    if not apply and not check:
        _print_config(setup, openssh, as_json=as_json)
        return
    applying.require_root()
    work = Work(office, setup, host=host, now=now())
    if check or dry_run:
        faults = applying.find_faults(work)
        _tell_faults(faults, as_json=as_json, dry_run=dry_run)
        click.get_current_context().exit(os.EX_IOERR if check and faults else 0)
    applied = applying.apply(work, accounts_only=accounts_only)
    if as_json:
        values = {"done": _to_list(applied.done), "left": _to_list(applied.left)}
        console.print_json({"format": 1, "port": work.setup.port, **values})
    else:
        for fault in applied.done:
            click.echo(f"done: {fault.done}")
        for fault in applied.left:
            click.echo(f"left for you: {fault.what}\n  next: {fault.next}")
        if not applied.done and not applied.left:
            click.echo("nothing to do: this machine is set up")
    if applied.left:
        click.get_current_context().exit(os.EX_IOERR)


def _print_config(setup: Setup, openssh: str | None, *, as_json: bool) -> None:
    version = parse_version(openssh if "OpenSSH" in openssh else f"OpenSSH_{openssh}") if openssh else None
    key = str(server.HOST_KEYS / "host_ed25519_001")
    if version is None:
        version = read_version(find_sshd())
    text = render.render_config(setup, (key,), version)
    if as_json:
        found = ".".join(map(str, version))
        console.print_json({"format": 1, "openssh": found, "path": str(CONFIG), "text": text})
    else:
        click.echo(text, nl=False)


def _to_list(faults: list[Fault]) -> list[dict[str, str]]:
    return [{"what": fault.what, "next": fault.next} for fault in faults]


def _tell_faults(faults: list[Fault], *, as_json: bool, dry_run: bool) -> None:
    if as_json:
        console.print_json({"format": 1, "dry_run": dry_run, "faults": _to_list(faults)})
        return
    if dry_run:
        click.echo("dry run, nothing was changed:")
    for fault in faults:
        by_us = "--apply " if fault.mend is not None else ""
        click.echo(f"{fault.what}\n  next: {by_us}{fault.next}")
    if not faults:
        click.echo("all is as it should be")


@click.command()
@click.argument("hub_id", metavar="HUB", required=False)
@click.option(
    "--key",
    "key_path",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="The hub's private key, to test from another machine [default: one for some minutes, as root].",
)
@click.option("--url", metavar="URL", help="With --key: the depot, as the hub's hub.toml has it.")
@click.option(
    "--host-key",
    "host_key_files",
    metavar="FILE",
    multiple=True,
    type=click.Path(path_type=Path),
    help="With --key: public host key of the depot [default: those that the office knows].",
)
@json_option
@with_office_as_root
def doctor(
    office: Office,
    hub_id: str | None,
    key_path: Path | None,
    url: str | None,
    host_key_files: tuple[Path, ...],
    as_json: bool,
) -> None:
    """Test the depot's SSH server from a hub's side, by really connecting.

    First as a hub: host key, depot, inbox, acks. Then as an intruder who stole that hub's key: shell,
    programs, forwarding, other hubs' data, the depot, the disk, floods; each is really tried, and said
    whether it was refused. Without HUB as a hub that is none. Exits with 74 where something is wrong.
    """
    if key_path is not None:
        visit = _visit_from_outside(office, hub_id, key_path, url, host_key_files)
        findings = examining.examine(visit, is_here=False)
    else:
        applying.require_root()
        setup = read_setup()
        if setup is None:
            raise UsageError(
                "this machine is not set up as a depot's host",
                hint="Run `central sshd-config --apply` here; or give --key and --url of a hub.",
            )
        findings = examining.look_for_room(setup)  # before the visitor fills his own
        with examining.visit_here(setup, hub_id, now=now()) as visit:
            findings += examining.examine(
                visit, is_here=True, has_quota=setup.has_quota, hub_files=setup.hub_files
            )
    with as_owner(office.dir):
        advice = list(advise(list_keys(office), now=now()))
    _tell_findings(visit, findings, advice, as_json=as_json)
    if not all(finding.is_good for finding in findings):
        click.get_current_context().exit(os.EX_IOERR)


def _visit_from_outside(
    office: Office, hub_id: str | None, key_path: Path, url: str | None, host_key_files: tuple[Path, ...]
) -> Visit:
    if hub_id is None or url is None:
        raise UsageError("--key: HUB and --url are missing", hint="Both stand in hub.toml of that hub.")
    with as_owner(office.dir), open_fleet(office.fleet_db) as fleet:
        known = list_host_keys(fleet)
        others = [hub.hub_id for hub in fleet.list_hubs() if hub.hub_id != hub_id]
    given = tuple(line for path in host_key_files for line in read_host_keys(path))
    return Visit(hub_id, parse_sftp(url), key_path, given or known, (others or [PROBES[1]])[0])


def _tell_findings(visit: Visit, findings: list[Finding], advice: list[Advice], *, as_json: bool) -> None:
    if as_json:
        rows = [
            {"kind": each.kind, "what": each.what, "is_good": each.is_good, "detail": each.detail}
            for each in findings
        ]
        values = {"hub_id": visit.hub_id, "url": visit.address.url, "findings": rows}
        console.print_json({"format": 1, **values, "advice": list_advice(advice)})
        return
    click.echo(f"as the hub {visit.hub_id}, at {visit.address.url}")
    for each in findings:
        if each.kind == "hub":
            click.echo(f"  {'works ' if each.is_good else 'FAILS '}  {each.what}{_detail(each)}")
    click.echo("as an intruder with this hub's key")
    for each in findings:
        if each.kind == "intruder":
            word = "bounded" if each.is_known else "refused" if each.is_good else "DANGER "
            click.echo(f"  {word}  {each.what}{_detail(each)}")
    wrong = sum(not each.is_good for each in findings)
    if wrong:
        console.note(f"{console.count_text(wrong, 'thing')} must be mended: central sshd-config --check")
    note_advice(advice)


def _detail(finding: Finding) -> str:
    return f": {finding.detail}" if finding.detail else ""
