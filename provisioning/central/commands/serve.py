"""`central serve`: the dashboard, for browsers."""

from dataclasses import replace

import click

from content_packs.errors import UsageError
from provisioning.central.commands.options import with_office
from provisioning.central.keys import KeyAccess
from provisioning.central.office import Office

_MOST_PORT = 65535


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option("--port", default=8090, show_default=True, type=click.IntRange(0, _MOST_PORT), help="0: any.")
@click.option(
    "--url",
    metavar="URL",
    default="",
    help="How browsers reach it where a proxy with TLS stands before it, such as https://office.example.",
)
@with_office
def serve(office: Office, host: str, port: int, url: str) -> None:
    """Serve the dashboard until it is stopped; prints its address.

    By itself it speaks plain HTTP, so it listens on this machine alone: reach it through an SSH tunnel, or
    put nginx or Caddy with a certificate before it and name that address with --url. Who may sign in:
    `central people add`.
    """
    from provisioning.central.web import server
    from provisioning.central.web.dashboard import check_url

    url = check_url(url) if url else ""
    if host not in server.LOOPBACK and not url:
        raise UsageError(
            f"--host {host}: passwords would travel in the clear",
            hint="Leave --host out, and put a proxy with TLS before it: --url https://office.example",
        )
    # Nobody is asked for a passphrase in this terminal, and none is kept: pages ask whoever publishes.
    office = replace(office, access=KeyAccess(office.access.folders))
    server.serve(office, host=host, port=port, url=url)
