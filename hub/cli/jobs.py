"""`hub jobs`, `hub sticks`: what root does for the hub, and on any computer what needs no root."""

import click

from content_packs.console import note, print_json, size_text
from hub.cli.options import json_option, with_hub
from hub.settings import HubPaths

_LOOK_S = 1.0


@click.command("jobs")
@click.option("--keep", is_flag=True, help="Go on looking for new ones until Ctrl-C.")
@with_hub
def jobs(paths: HubPaths, keep: bool) -> None:
    """Do what the portal's pages asked for and may not do themselves, one after another."""
    from hub.cli.services import stopped
    from hub.runner.run import run_jobs
    from hub.runner.table import TABLE
    from hub.runner.task import this_machine

    machine = this_machine()
    run_jobs(paths, machine, TABLE)
    if keep:
        until = stopped()
        while not until.wait(_LOOK_S):
            run_jobs(paths, machine, TABLE)


@click.group("sticks", invoke_without_command=True)
@json_option
@with_hub
def sticks(paths: HubPaths, as_json: bool) -> None:
    """Say which sticks are plugged in, and what is on them."""
    from hub.sticks import list_sticks

    if click.get_current_context().invoked_subcommand is not None:
        return
    found = list_sticks(paths)
    if as_json:
        print_json({"format": 1, "sticks": [stick.to_dict() for stick in found]})
        return
    for stick in found:
        click.echo(f"{stick.name:20} {stick.state:15} {size_text(stick.free_bytes):>9} free  {stick.label}")
        for pack in stick.packs:
            click.echo(f"    {pack.id} v{pack.version}, here is v{pack.installed}")
        for backup in stick.backups:
            click.echo(f"    backup {backup.file}: {backup.school}, {backup.taken_at}")
    if not found:
        note("no stick is plugged in")


@sticks.command("add")
@click.argument("device", metavar="DEVICE")
@with_hub
def add(paths: HubPaths, device: str) -> None:
    """Mount a stick and look what is on it; udev calls this."""
    from hub.runner import mounts
    from hub.runner.task import this_machine

    mounts.add(paths, this_machine(), device)


@sticks.command("remove")
@click.argument("device", metavar="DEVICE")
@with_hub
def remove(paths: HubPaths, device: str) -> None:
    """Let a stick go that was pulled out; udev calls this."""
    from hub.runner import mounts
    from hub.runner.task import this_machine

    mounts.remove(paths, this_machine(), device)
