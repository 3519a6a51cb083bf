"""The command `central`: the office's side of everything."""

from typing import NoReturn

import click

from content_packs import console

_FOLDER = "provisioning.central.commands"
COMMANDS = console.Commands(
    {
        "assign": f"{_FOLDER}.assign:assign",
        "audit": f"{_FOLDER}.audit:audit",
        "card": f"{_FOLDER}.card:card",
        "enrol": f"{_FOLDER}.hubs:enrol",
        "filter": f"{_FOLDER}.filter:filter_command",
        "fleet": f"{_FOLDER}.reports:fleet",
        "gc": f"{_FOLDER}.gc:gc",
        "hubs": f"{_FOLDER}.hubs:hubs",
        "ingest": f"{_FOLDER}.reports:ingest",
        "init": f"{_FOLDER}.init:init",
        "packs": f"{_FOLDER}.packs:packs",
        "people": f"{_FOLDER}.people:people",
        "publish": f"{_FOLDER}.packs:publish",
        "revoke": f"{_FOLDER}.hubs:revoke",
        "rings": f"{_FOLDER}.rings:rings",
        "rollout": f"{_FOLDER}.rollout:rollout",
        "serve": f"{_FOLDER}.serve:serve",
        "unassign": f"{_FOLDER}.assign:unassign",
        "usb": f"{_FOLDER}.usb:usb",
        "withdraw": f"{_FOLDER}.packs:withdraw",
    }
)


@click.group(
    commands=COMMANDS, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}
)
@click.option("--dir", "directory", metavar="DIR", help="The central installation [default: $CENTRAL_DIR].")
@click.version_option(package_name="classroom-hub")
@click.pass_context
def cli(context: click.Context, directory: str | None) -> None:
    """The office: publishes packs, enrols hubs, says which hub shall have which packs."""
    context.obj = directory


def main() -> NoReturn:
    """Run the command line."""
    console.run(cli)
