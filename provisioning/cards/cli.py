"""The command `hub-image`: cards for many schools."""

import os
from pathlib import Path
from typing import NoReturn

import click

from content_packs import console
from content_packs.errors import UsageError
from provisioning.cards.personalise import LABELS, read_list
from provisioning.cards.personalise import personalise as make_cards
from provisioning.central.commands.options import dry_run_option, json_option, now
from provisioning.central.office import find_office

COMMANDS = console.Commands(
    {
        "build": "image.cli:build",
        "personalise": "provisioning.cards.cli:personalise",
        "plan": "image.cli:plan",
    }
)


@click.group(
    commands=COMMANDS, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}
)
@click.version_option(package_name="classroom-hub")
def cli() -> None:
    """The card: one image for all schools, and what makes it one school's."""


@click.command("personalise")
@click.argument("base", metavar="BASE")
@click.argument("schools", metavar="SCHOOLS_CSV", type=click.Path(path_type=Path))
@click.option(
    "-o",
    "--output",
    metavar="DIR",
    required=True,
    type=click.Path(path_type=Path, file_okay=False),
    help="A folder for all that is made.",
)
@click.option(
    "--central",
    metavar="DIR",
    help="The office whose hubs these become, each with a token [default: $CENTRAL_DIR, else none].",
)
@click.option(
    "--language",
    type=click.Choice(["uk", "en"]),
    default="uk",
    show_default=True,
    help="Of files and labels.",
)
@dry_run_option
@json_option
def personalise(
    base: str, schools: Path, output: Path, central: str | None, language: str, dry_run: bool, as_json: bool
) -> None:
    """Make an image for each school of SCHOOLS_CSV out of the image BASE, ready to flash; nothing is mounted.

    BASE - makes only a hub-config.txt for each, to copy onto cards. The list needs the columns school_code
    and school_name; any key of hub-config.txt may be one more (wifi.ssid, language, …), and ring. Labels and
    Wi-Fi cards to print are in labels.html. All of it holds passwords: keep it so.
    """
    listed = read_list(schools)
    chosen = central or os.environ.get("CENTRAL_DIR")
    image = None if base == "-" else Path(base)
    if image is not None and not image.is_file():
        raise UsageError(
            f"{base}: no such image", hint="Give the .img of `make image`, or - for config files only."
        )
    made = make_cards(
        image,
        listed,
        output,
        office=find_office(chosen) if chosen else None,
        language=language,
        now=now(),
        dry_run=dry_run,
        told=console.log,
    )
    if as_json:
        rows = [
            {
                "line": each.line,
                "school_code": each.school_code,
                "school_name": each.school_name,
                "hub_id": each.hub_id or None,
                "path": str(each.path),
            }
            for each in made
        ]
        console.print_json({"format": 1, "dry_run": dry_run, "made": rows, "labels": str(output / LABELS)})
        return
    if dry_run:
        click.echo("dry run, nothing is written:")
    for each in made:
        click.echo(f"{each.path}  {each.school_name}")
    click.echo(f"{output / LABELS}  {len(made)} label{'s' * (len(made) != 1)} to print")
    if not chosen:
        console.note(
            "without --central: these hubs belong to no office until they get a file of `central card`"
        )


def main() -> NoReturn:
    """Run the command line."""
    console.run(cli)
