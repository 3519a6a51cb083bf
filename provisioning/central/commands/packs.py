"""`central publish | withdraw | packs`: what is on offer."""

from dataclasses import asdict
from pathlib import Path

import click

from content_packs import console
from content_packs.built import BuiltPack, open_built, verify_built
from content_packs.console import progress, size_text
from content_packs.errors import UsageError
from provisioning.central import publish as publishing
from provisioning.central.assign import parse_spec
from provisioning.central.commands.options import dry_run_option, json_option, now, tell, with_office
from provisioning.central.fleet import Fleet, Published, open_fleet
from provisioning.central.keys import KeyRing
from provisioning.central.office import Office
from provisioning.central.release import change
from provisioning.central.roles import PACKS


@click.command()
@click.argument("builts", metavar="BUILT...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--yes", "allow_shrink", is_flag=True, help="Publish even what shrank by more than 20 %.")
@dry_run_option
@json_option
@with_office
def publish(
    office: Office, builts: tuple[Path, ...], allow_shrink: bool, dry_run: bool, as_json: bool
) -> None:
    """Put built packs on offer: all of them, or none.

    Every byte is verified first. The hubs that always get the newest version get it from now on. What is
    on offer already is left as it is. The `packs` key from keys/offline must be here.
    """
    KeyRing(office.keys).require(PACKS)
    opened = [_verified(folder) for folder in builts]
    moment = now()
    total = sum(built.index.download_bytes + len(built.index_bytes) for built in opened)
    with progress("publishing", total) as advance:

        def edit(fleet: Fleet) -> publishing.Outcome:
            return publishing.publish(
                office,
                fleet,
                opened,
                now=moment,
                allow_shrink=allow_shrink,
                dry_run=dry_run,
                advance=advance,
            )

        outcome, changes = change(office, edit, doing="publish", now=moment, dry_run=dry_run)
    lines = [f"{name}: published" for name in outcome.published]
    lines += [f"{name}: already published" for name in outcome.already]
    tell(lines, asdict(outcome), changes, as_json=as_json, dry_run=dry_run)


def _verified(folder: Path) -> BuiltPack:
    built = open_built(folder)
    with progress(f"verifying {built.name}", built.index.download_bytes) as advance:
        verify_built(built, advance=advance)
    return built


@click.command()
@click.argument("spec", metavar="PACK@VERSION")
@dry_run_option
@json_option
@with_office
def withdraw(office: Office, spec: str, dry_run: bool, as_json: bool) -> None:
    """Take a version off the offers; hubs fall back to the newest one that remains.

    A hub that was given just this version loses the pack. The data stays in the depot. The `packs` key
    from keys/offline must be here.
    """
    wanted = parse_spec(spec)
    version = wanted.version
    if version is None:
        raise UsageError(f"{spec}: which version?", hint=f"For example: central withdraw {spec}@3")
    KeyRing(office.keys).require(PACKS)
    moment = now()
    _, changes = change(
        office,
        lambda fleet: publishing.withdraw(fleet, wanted.pack_id, version, now=moment),
        doing="withdraw",
        now=moment,
        dry_run=dry_run,
    )
    tell([f"{wanted}: withdrawn"], {"withdrawn": str(wanted)}, changes, as_json=as_json, dry_run=dry_run)


@click.command()
@json_option
@with_office
def packs(office: Office, as_json: bool) -> None:
    """List every version ever published."""
    with open_fleet(office.fleet_db) as fleet:
        listed = fleet.list_packs()
    if as_json:
        console.print_json({"format": 1, "packs": [_to_dict(pack) for pack in listed]})
        return
    for pack in listed:
        state = f"withdrawn {pack.withdrawn_at}" if pack.withdrawn_at else f"published {pack.published_at}"
        click.echo(f"{pack.name}  {pack.kind}  {size_text(pack.download_bytes)}  {state}  {pack.title}")
    if not listed:
        console.note("nothing was published yet: central publish BUILT...")


def _to_dict(pack: Published) -> dict[str, object]:
    values = asdict(pack)
    return {"id": values.pop("pack_id")} | values


COMMANDS = (publish, withdraw, packs)
