"""`hub serve`, `hub kolibri`, `hub announce`, `hub status`: what runs, and how it is.

Each imports what it runs only when it runs: `hub sync` on a small machine must not load the web server.
"""

import signal
import threading
from datetime import UTC, datetime
from types import FrameType

import click

from content_packs.console import note, print_json
from hub.cli.options import json_option, with_hub
from hub.settings import HubPaths, read_settings


@click.command("serve")
@click.option("--host", metavar="H", help="Address to listen on [default: portal.host of hub.toml].")
@click.option(
    "--port", metavar="P", type=click.IntRange(1, 65535), help="Port of the portal [default: portal.port]."
)
@with_hub
def serve(paths: HubPaths, host: str | None, port: int | None) -> None:
    """Run the portal until Ctrl-C: pages, packs, and the encyclopaedia through kiwix-serve."""
    from hub.serve import serve as run_serve

    settings = read_settings(paths)
    run_serve(paths, settings, host=host or settings.portal.host, port=port or settings.portal.port)


@click.command("kolibri")
@with_hub
def kolibri(paths: HubPaths) -> None:
    """Run Kolibri until Ctrl-C and keep its channels as the installed packs are."""
    from hub.kolibri.process import run_kolibri

    run_kolibri(paths, read_settings(paths), until=_stopped())


@click.command("announce")
@click.option("--list", "list_only", is_flag=True, help="List the hubs on this network instead.")
@click.option(
    "--seconds",
    default=3.0,
    show_default=True,
    type=click.FloatRange(0.1, 60),
    help="How long --list listens.",
)
@json_option
@with_hub
def announce(paths: HubPaths, list_only: bool, seconds: float, as_json: bool) -> None:
    """Announce this hub on the local network until Ctrl-C, or list the hubs that do."""
    from hub import discovery

    settings = read_settings(paths)
    if not list_only:
        discovery.announce(paths, settings, until=_stopped())
        return
    found = discovery.list_hubs(seconds)
    if as_json:
        print_json({"format": 1, "hubs": [hub.to_dict() for hub in found]})
        return
    for hub in found:
        click.echo(f"{hub.hub_id:20} {hub.url}  {hub.name}")
    if not found:
        click.echo("No hub announces itself here.")


@click.command("status")
@json_option
@with_hub
def status(paths: HubPaths, as_json: bool) -> None:
    """Say how this hub is, the worst first, and what to do about it."""
    from hub.status import read_status

    found = read_status(paths, read_settings(paths), system=datetime.now(UTC))
    if as_json:
        print_json(found.to_dict())
    else:
        click.echo(found.to_text())


def _stopped() -> threading.Event:
    """Return an event that SIGTERM and SIGINT set."""
    event = threading.Event()

    def stop(_signal: int, _frame: FrameType | None) -> None:
        note("stopping")
        event.set()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    return event
