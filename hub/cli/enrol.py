"""`hub enrol`: ask the office to let this hub in."""

import click

from content_packs.console import print_json
from hub.cli.options import json_option, with_hub
from hub.enrolment import Asked, ask_to_enrol
from hub.settings import HubPaths, read_settings


@click.command("enrol")
@json_option
@with_hub
def enrol(paths: HubPaths, as_json: bool) -> None:
    """Send this hub's public key to the office, with the one-time token that its card brought.

    `hub sync` does so by itself while the office does not know the hub. The office approves it by
    `central enrol HUB_ID --approve FINGERPRINT`.
    """
    asked = ask_to_enrol(paths, read_settings(paths))
    if as_json:
        print_json({"format": 1, "hub_id": asked.hub_id, "fingerprint": asked.fingerprint})
    else:
        click.echo(approval_text(asked))


def approval_text(asked: Asked) -> str:
    """Return what has to happen now, in words."""
    return (
        f"{asked.hub_id}: the office has the key {asked.fingerprint} and has to approve it: "
        f"central enrol {asked.hub_id} --approve {asked.fingerprint}"
    )
