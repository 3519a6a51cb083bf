"""The command `central`: the office's side of everything."""

from pathlib import Path
from typing import NoReturn

import click

from content_packs import console
from provisioning.central.commands.options import Given

_FOLDER = "provisioning.central.commands"
COMMANDS = console.Commands(
    {
        "assign": f"{_FOLDER}.assign:assign",
        "audit": f"{_FOLDER}.audit:audit",
        "card": f"{_FOLDER}.card:card",
        "enrol": f"{_FOLDER}.hubs:enrol",
        "fleet": f"{_FOLDER}.reports:fleet",
        "gc": f"{_FOLDER}.gc:gc",
        "hubs": f"{_FOLDER}.hubs:hubs",
        "ingest": f"{_FOLDER}.reports:ingest",
        "init": f"{_FOLDER}.init:init",
        "keys": f"{_FOLDER}.keys:keys",
        "packs": f"{_FOLDER}.packs:packs",
        "publishers": f"{_FOLDER}.publishers:publishers",
        "people": f"{_FOLDER}.people:people",
        "publish": f"{_FOLDER}.packs:publish",
        "replace": f"{_FOLDER}.card:replace_command",
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
@click.option(
    "--key-dir",
    "key_folders",
    metavar="FOLDER",
    multiple=True,
    type=click.Path(path_type=Path, file_okay=False),
    help="Where offline keys lie besides keys/offline, such as a stick; may be given several times.",
)
@click.option(
    "--passphrase-file",
    metavar="FILE",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Passphrases, one a line, instead of being asked; the first is for new keys.",
)
@click.version_option(package_name="classroom-hub")
@click.pass_context
def cli(
    context: click.Context, directory: str | None, key_folders: tuple[Path, ...], passphrase_file: Path | None
) -> None:
    """The office: publishes packs, enrols hubs, says which hub shall have which packs."""
    context.obj = Given(directory, key_folders, passphrase_file)


def main() -> NoReturn:
    """Run the command line."""
    console.run(cli)
