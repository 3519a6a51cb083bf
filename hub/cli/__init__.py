"""The command `hub`: one file a group of commands; each parses, calls one function, and renders."""

from typing import NoReturn

import click

from content_packs import console

COMMANDS = console.Commands(
    {
        "accounts": "hub.cli.accounts:accounts",
        "announce": "hub.cli.services:announce",
        "backup": "hub.cli.backup:backup",
        "card": "hub.cli.card:card",
        "enrol": "hub.cli.enrol:enrol",
        "filter": "hub.cli.filter:filter_command",
        "front-door": "hub.cli.services:front_door",
        "init": "hub.cli.init:init",
        "jobs": "hub.cli.jobs:jobs",
        "kolibri": "hub.cli.services:kolibri",
        "packs": "hub.cli.library:packs",
        "repair": "hub.cli.library:repair_command",
        "restore": "hub.cli.backup:restore",
        "search": "hub.cli.library:search",
        "serve": "hub.cli.services:serve",
        "status": "hub.cli.services:status",
        "sticks": "hub.cli.jobs:sticks",
        "sync": "hub.cli.sync:sync",
    }
)


@click.group(
    commands=COMMANDS, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}
)
@click.option("--dir", "directory", metavar="DIR", help="The hub's state directory [default: $HUB_DIR].")
@click.version_option(package_name="classroom-hub")
@click.pass_context
def cli(context: click.Context, directory: str | None) -> None:
    """The hub of one school: brings lessons from the depot and serves them to the class."""
    context.obj = directory


def main() -> NoReturn:
    """Run the command line."""
    console.run(cli)
