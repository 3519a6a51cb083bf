"""`hub card network`: make the network as the school config asks, say what would change, or keep it so."""

import time
from pathlib import Path
from typing import Any

import click

from content_packs.console import print_json
from hub.cli.options import json_option, with_hub
from hub.cli.services import stopped
from hub.settings import HubPaths, HubSettings


@click.command("network")
@click.option("--dry-run", is_flag=True, help="Only say what would be written and run.")
@click.option("--watch", is_flag=True, help="Keep it so until Ctrl-C: the hub-network unit.")
@json_option
@with_hub
def network(paths: HubPaths, dry_run: bool, watch: bool, as_json: bool) -> None:
    """Write the files of Wi-Fi, addresses, names and firewall, and let the running parts read them."""
    from hub.network.apply import Difference, apply_network, find_difference, plan_commands
    from hub.network.change import plan_network, read_hub_settings, read_wishes
    from hub.network.lessons import class_moment
    from hub.network.look import look
    from hub.network.paths import NetworkPaths

    places, settings = NetworkPaths(), read_hub_settings(paths)
    if watch:
        _watch(paths, settings)
        return
    planned = plan_network(read_wishes(places), look(), places, settings, moment=class_moment(paths))
    difference: Difference = find_difference(planned, places) if dry_run else apply_network(planned, places)
    layout = planned.layout
    found: dict[str, Any] = {
        "format": 1,
        "lan": str(planned.lan.network),
        "hub": str(planned.lan.hub),
        "way": layout.lan_sort or "guest",
        "files": [
            {
                "path": str(path),
                "mode": f"{file.mode:o}",
                "changed": path in difference.changed,
                "text": file.text if file.mode & 0o004 else None,
            }
            for path, file in planned.files.items()
        ],
        "gone": [str(path) for path in difference.gone],
        "commands": [list(command) for command in plan_commands(difference, places)],
        "faults": list(planned.faults),
    }
    if as_json:
        print_json(found)
    else:
        _print(found, dry_run=dry_run)


def _print(found: dict[str, Any], *, dry_run: bool) -> None:
    changed = [file["path"] for file in found["files"] if file["changed"]]
    words = ("would write", "would remove", "would run") if dry_run else ("wrote", "removed", "ran")
    for word, lines in zip(words, (changed, found["gone"], map(" ".join, found["commands"])), strict=True):
        for line in lines:
            click.echo(f"{word:12} {line}")
    for fault in found["faults"]:
        click.echo(f"{'fault':12} {fault}")
    if not changed and not found["gone"]:
        click.echo("Everything is as it shall be.")


def _watch(paths: HubPaths, settings: HubSettings | None) -> None:
    from hub.network.look import look
    from hub.network.paths import NetworkPaths
    from hub.network.watch import Watcher
    from hub.web.memory_disk import private_folder

    portal = paths.dir.stat().st_uid if paths.dir.exists() else 0  # the account that the portal runs as
    accepted: Path = private_folder(paths, portal) / "accepted.json"
    Watcher(paths, settings, NetworkPaths(), accepted, look).run_until(stopped(), time.monotonic)
