"""The command `central`: the office's side of everything."""

from pathlib import Path
from typing import NoReturn

import click

from content_packs import console
from provisioning.central.commands.options import Given

_FOLDER = "provisioning.central.commands"
COMMANDS = console.Commands(
    {
        "alerts": f"{_FOLDER}.alerts:alerts",
        "assign": f"{_FOLDER}.assign:assign",
        "audit": f"{_FOLDER}.audit:audit",
        "card": f"{_FOLDER}.card:card",
        "doctor": f"{_FOLDER}.sshd:doctor",
        "enrol": f"{_FOLDER}.hubs:enrol",
        "filter": f"{_FOLDER}.filter:filter_command",
        "fleet": f"{_FOLDER}.fleet:fleet",
        "gc": f"{_FOLDER}.gc:gc",
        "host-keys": f"{_FOLDER}.host_keys:host_keys",
        "hubs": f"{_FOLDER}.hubs:hubs",
        "ingest": f"{_FOLDER}.reports:ingest",
        "init": f"{_FOLDER}.init:init",
        "keys": f"{_FOLDER}.keys:keys",
        "notes": f"{_FOLDER}.notes:notes",
        "packs": f"{_FOLDER}.packs:packs",
        "publishers": f"{_FOLDER}.publishers:publishers",
        "people": f"{_FOLDER}.people:people",
        "publish": f"{_FOLDER}.packs:publish",
        "replace": f"{_FOLDER}.card:replace_command",
        "report": f"{_FOLDER}.month:report",
        "revoke": f"{_FOLDER}.hubs:revoke",
        "rings": f"{_FOLDER}.rings:rings",
        "rollout": f"{_FOLDER}.rollout:rollout",
        "school": f"{_FOLDER}.fleet:school",
        "serve": f"{_FOLDER}.serve:serve",
        "sshd-config": f"{_FOLDER}.sshd:sshd_config",
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
