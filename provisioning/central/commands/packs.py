"""`central publish | withdraw | packs`: what is on offer."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import click

from content_packs import console
from content_packs.built import BuiltPack, open_built, verify_built
from content_packs.console import progress, size_text
from content_packs.errors import UsageError
from provisioning.central import publish as publishing
from provisioning.central.assign import parse_spec
from provisioning.central.commands.options import (
    dry_run_option,
    json_option,
    minute_text,
    now,
    tell,
    with_office,
)
from provisioning.central.commands.rollout_options import make_rules, rules_options, stages_option
from provisioning.central.fleet import DeltaRow, Fleet, Published, open_fleet
from provisioning.central.gc import read_held
from provisioning.central.office import Office
from provisioning.central.publishers import check_packs, find_publisher, key_of
from provisioning.central.release import change, read_wanted
from provisioning.central.roles import PACKS
from provisioning.central.rollouts.model import Rollout
from provisioning.central.rollouts.stages import Stage
from provisioning.central.rollouts.store import Rollouts
from provisioning.central.rollouts.work import start_all


@click.command()
@click.argument("builts", metavar="BUILT...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--yes", "allow_shrink", is_flag=True, help="Publish even what shrank by more than 20 %.")
@click.option(
    "--no-deltas", is_flag=True, help="Make no deltas: hubs fetch blocks, which takes more of the link."
)
@click.option(
    "--as",
    "publisher",
    metavar="NAME",
    help="Sign as this publisher, with whose prefix the packs' ids begin.",
)
@stages_option(required=False)
@rules_options
@dry_run_option
@json_option
@with_office
def publish(
    office: Office,
    builts: tuple[Path, ...],
    publisher: str | None,
    allow_shrink: bool,
    no_deltas: bool,
    stages: tuple[Stage, ...] | None,
    wait_s: int,
    at_least_s: int,
    enough: int,
    max_fail: int,
    deadline: str | None,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Put built packs on offer: all of them, or none.

    Every byte is verified first. The hubs that always get the newest version get it from now on. What is
    on offer already is left as it is. Deltas are made from the version before and from up to two more that
    hubs may have. The key `packs`, or publisher-NAME with --as, must be here, except for a --dry-run.

    With --stages a rollout of each of them begins at once: no hub is told of it before its stage. The other
    rules of a rollout count only then. A pack that had a rollout before waits for the next one.
    """
    with open_fleet(office.fleet_db) as fleet:
        key = PACKS if publisher is None else find_publisher(fleet, publisher).key_name
    if not dry_run:
        office.open_keys().require(key)
    rules = make_rules(wait_s, at_least_s, enough, max_fail, deadline)
    opened = [_verified(folder) for folder in builts]
    moment = now()
    total = sum(built.index.download_bytes + len(built.index_bytes) for built in opened)
    with progress("publishing", total) as advance:

        def edit(fleet: Fleet) -> tuple[publishing.Outcome, list[Rollout]]:
            check_packs(fleet, [built.index.pack for built in opened], publisher)
            before = read_wanted(fleet)
            outcome = publishing.publish(
                office,
                fleet,
                opened,
                now=moment,
                allow_shrink=allow_shrink,
                dry_run=dry_run,
                advance=advance,
                held=None if no_deltas else read_held(office, fleet, now=moment),
                progress=progress,
            )
            if stages is None:
                return outcome, []
            return outcome, start_all(fleet, outcome.published, stages, rules, before=before, now=moment)

        (outcome, begun), changes = change(office, edit, doing="publish", now=moment, dry_run=dry_run)
    done = "would be published" if dry_run else "published"
    lines = [f"{name}: {done}" for name in outcome.published]
    lines += [f"{name}: already published" for name in outcome.already]
    lines += [_delta_line(delta) for delta in outcome.deltas]
    lines += [_begun_line(rollout, dry_run=dry_run) for rollout in begun]
    values = asdict(outcome) | {
        "deltas": [_delta_to_dict(delta) for delta in outcome.deltas],
        "rollouts": [{"id": rollout.rollout_id, "name": rollout.name} for rollout in begun],
    }
    tell(lines, values, changes, as_json=as_json, dry_run=dry_run)
    if stages is None:
        _note_held_back(office, outcome.published)


def _begun_line(rollout: Rollout, *, dry_run: bool) -> str:
    if dry_run:
        return f"a rollout of {rollout.name} would begin"
    number = rollout.rollout_id
    return f"rollout {number} of {rollout.name}: started; central rollout status {number} tells how it goes"


def _note_held_back(office: Office, published: Sequence[str]) -> None:
    """A version that waits for a rollout is no error; but say it."""
    with open_fleet(office.fleet_db) as fleet:
        governed = {rollout.pack_id for rollout in Rollouts(fleet).list_governing()}
    for name in published:
        pack_id = parse_spec(name).pack_id
        if pack_id in governed:
            console.note(
                f"{name} waits for a rollout: central rollout start {pack_id} --stages pilot,all; "
                f"or give it to everybody: central rollout release {pack_id}"
            )


def _delta_line(delta: DeltaRow) -> str:
    return f"{delta.pack_id}@{delta.version}: {size_text(delta.size)} from version {delta.from_version}"


def _delta_to_dict(delta: DeltaRow) -> dict[str, object]:
    values = asdict(delta)
    return {"id": values.pop("pack_id"), "from": values.pop("from_version")} | values


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

    A hub that was given just this version loses the pack. The data stays in the depot. The key `packs`,
    or that of the pack's publisher, must be here, except for a --dry-run.
    """
    wanted = parse_spec(spec)
    version = wanted.version
    if version is None:
        raise UsageError(f"{spec}: which version?", hint=f"For example: central withdraw {spec}@3")
    if not dry_run:
        with open_fleet(office.fleet_db) as fleet:
            key = key_of(fleet, wanted.pack_id)
        office.open_keys().require(key)
    moment = now()
    _, changes = change(
        office,
        lambda fleet: publishing.withdraw(fleet, wanted.pack_id, version, now=moment),
        doing="withdraw",
        now=moment,
        dry_run=dry_run,
    )
    done = "would be withdrawn" if dry_run else "withdrawn"
    tell([f"{wanted}: {done}"], {"withdrawn": str(wanted)}, changes, as_json=as_json, dry_run=dry_run)


@click.command()
@json_option
@with_office
def packs(office: Office, as_json: bool) -> None:
    """List every version ever published."""
    with open_fleet(office.fleet_db) as fleet:
        listed, deltas = fleet.list_packs(), fleet.list_deltas()
    if as_json:
        console.print_json({"format": 1, "packs": [_to_dict(pack, deltas) for pack in listed]})
        return
    for pack in listed:
        when = minute_text(pack.withdrawn_at or pack.published_at)
        state = f"{'withdrawn' if pack.withdrawn_at else 'published'} {when}"
        click.echo(f"{pack.name}  {pack.kind}  {size_text(pack.download_bytes)}  {state}  {pack.title}")
    if not listed:
        console.note("nothing was published yet: central publish BUILT...")


def _to_dict(pack: Published, deltas: list[DeltaRow]) -> dict[str, object]:
    values = asdict(pack)
    made = [_delta_to_dict(delta) for delta in deltas if delta.makes(pack)]
    return {"id": values.pop("pack_id")} | values | {"deltas": made}
