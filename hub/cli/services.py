"""`hub serve`, `hub front-door`, `hub kolibri`, `hub announce`, `hub status`: what runs, and how it is.

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
    run_serve(paths, settings, host=host or settings.inner_host, port=port or settings.portal.port)


@click.command("front-door")
@click.option("--check", "only_check", is_flag=True, help="Let nginx read the configuration, and say so.")
@click.option("--run", "run_it", is_flag=True, help="Run nginx with it until Ctrl-C.")
@click.option("--host", metavar="H", help="With --run: address to listen on [default: door.host].")
@click.option(
    "--port",
    metavar="P",
    type=click.IntRange(0, 65532),
    help="With --run: port of everything; the next three are taken too. 0: four free ones.",
)
@with_hub
def front_door(paths: HubPaths, only_check: bool, run_it: bool, host: str | None, port: int | None) -> None:
    """Print the configuration of the nginx that stands before everything, check it or run it."""
    from hub.door import run as door

    settings = read_settings(paths)
    if only_check:
        door.check(paths, settings)
        click.echo("nginx accepts the configuration.")
    elif run_it:
        door.run(paths, settings, host=host or settings.door.host, port=port, until=stopped())
    else:
        click.echo(door.config_for_card(paths, settings), nl=False)


@click.command("kolibri")
@with_hub
def kolibri(paths: HubPaths) -> None:
    """Run Kolibri until Ctrl-C and keep its channels as the installed packs are."""
    from hub.kolibri.process import run_kolibri

    run_kolibri(paths, read_settings(paths), until=stopped())


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
        discovery.announce(paths, settings, until=stopped())
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


def stopped() -> threading.Event:
    """Return an event that SIGTERM and SIGINT set."""
    event = threading.Event()

    def stop(_signal: int, _frame: FrameType | None) -> None:
        note("stopping")
        event.set()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    return event
