"""The command `central`: the office's side of everything."""

from typing import NoReturn

import click

from content_packs import console
from provisioning.central.commands import assign, gc, hubs, init, packs, reports, usb


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option("--dir", "directory", metavar="DIR", help="The central installation [default: $CENTRAL_DIR].")
@click.version_option(package_name="classroom-hub")
@click.pass_context
def cli(context: click.Context, directory: str | None) -> None:
    """The office: publishes packs, enrols hubs, says which hub shall have which packs."""
    context.obj = directory


for _group in (init, packs, hubs, assign, usb, gc, reports):
    for _command in _group.COMMANDS:
        cli.add_command(_command)


def main() -> NoReturn:
    """Run the command line."""
    console.run(cli)
