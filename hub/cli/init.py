"""`hub init`: give a new hub its directory, its key and its settings."""

from pathlib import Path

import click

from content_packs.console import print_json
from hub.cli.options import json_option
from hub.identity import make_hub


@click.command("init")
@click.argument("directory", metavar="DIR", type=click.Path(path_type=Path, file_okay=False))
@click.option(
    "--root",
    required=True,
    metavar="FILE",
    type=click.Path(path_type=Path, dir_okay=False),
    help="hub-root.json of the office.",
)
@click.option(
    "--depot",
    required=True,
    metavar="URL",
    help="sftp://user@host:port/path, https://host/path, or a folder.",
)
@click.option(
    "--host-key",
    "host_keys",
    metavar="FILE",
    multiple=True,
    type=click.Path(path_type=Path, dir_okay=False),
    help="Public host key of the depot, as in /etc/ssh/ssh_host_*.pub; may be given several times.",
)
@click.option(
    "--ca",
    "ca_file",
    metavar="FILE",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Authority that vouches for an https depot, in PEM; default: those that the system knows.",
)
@click.option("--hub-id", metavar="ID", help="Default: made from the new key.")
@json_option
def init(
    directory: Path,
    root: Path,
    depot: str,
    host_keys: tuple[Path, ...],
    ca_file: Path | None,
    hub_id: str | None,
    as_json: bool,
) -> None:
    """Make DIR the state directory of a new hub.

    Writes DIR/hub.toml and DIR/keys/id_ed25519 with its .pub, which the office needs for `central enrol`.
    """
    made = make_hub(directory, root, depot, host_keys, hub_id, ca_file=ca_file)
    if as_json:
        print_json({"format": 1, "hub_id": made.hub_id, "public_key": made.public_key, "dir": str(made.dir)})
        return
    click.echo(f"hub {made.hub_id} is ready in {made.dir}")
    click.echo(f"public key: {made.dir / 'keys' / 'id_ed25519.pub'}")
    click.echo(f"next, in the office: central enrol {made.hub_id} id_ed25519.pub --school NAME")
