"""`hub card …`: what root does with the card that the hub runs from."""

import click

from content_packs import console

COMMANDS = console.Commands(
    {
        "clock": "hub.cli.card_slots:clock",
        "good": "hub.cli.card_slots:good",
        "slot": "hub.cli.card_slots:slot",
    }
)


@click.group("card", commands=COMMANDS)
def card() -> None:
    """Look after the card that this hub runs from (as root, on the hub)."""
