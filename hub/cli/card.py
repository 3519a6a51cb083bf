"""`hub card …`: what root does with the card that the hub runs from."""

import click

from content_packs import console

COMMANDS = console.Commands(
    {
        "boot": "hub.cli.card_boot:boot",
        "check-config": "hub.cli.card_boot:check_config",
        "clock": "hub.cli.card_slots:clock",
        "good": "hub.cli.card_slots:good",
        "health": "hub.cli.card_update:health",
        "network": "hub.cli.network:network",
        "slot": "hub.cli.card_slots:slot",
        "update": "hub.cli.card_update:update",
    }
)


@click.group("card", commands=COMMANDS)
def card() -> None:
    """Look after the card that this hub runs from (as root, on the hub)."""
