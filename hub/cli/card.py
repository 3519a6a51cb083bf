"""`hub card`: what runs as root on a hub's card, and nowhere else."""

import click

from content_packs import console

COMMANDS = console.Commands({"network": "hub.cli.network:network"})


@click.group("card", commands=COMMANDS)
def card() -> None:
    """What runs as root on a hub's card."""
