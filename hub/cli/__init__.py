"""The command `hub`: one file a group of commands; each parses, calls one function, and renders."""

from typing import NoReturn

import click

from content_packs import console
from hub.cli import init, library, services, sync


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option("--dir", "directory", metavar="DIR", help="The hub's state directory [default: $HUB_DIR].")
@click.version_option(package_name="classroom-hub")
@click.pass_context
def cli(context: click.Context, directory: str | None) -> None:
    """The hub of one school: brings lessons from the depot and serves them to the class."""
    context.obj = directory


for _command in (*init.COMMANDS, *sync.COMMANDS, *library.COMMANDS, *services.COMMANDS):
    cli.add_command(_command)


def main() -> NoReturn:
    """Run the command line."""
    console.run(cli)
