"""Enrol a hub without a link: by the hub-status.txt that it wrote onto its card."""

import sys
from datetime import datetime
from pathlib import Path

from content_packs.errors import BadDataError, local_error
from hub.school.statusblock import StatusBlock, parse_block
from provisioning.central.enrol import enrol
from provisioning.central.fleet import Card, Fleet, Hub, iso
from provisioning.central.requests import accept
from provisioning.central.ssh_keys import parse_public_key
from provisioning.central.wanted import EVERYBODY

_MAX_BYTES = 64 * 1024


def read_status_file(path: Path) -> StatusBlock:
    """Return who a hub says it is; `-` reads stdin, such as what a hub's QR code says.

    Raises:
        BadDataError: it is no hub-status.txt, or was changed.
    """
    try:
        if str(path) == "-":
            return parse_block(sys.stdin.buffer.read(_MAX_BYTES))
        with path.open("rb") as file:
            return parse_block(file.read(_MAX_BYTES))
    except OSError as error:
        raise local_error(error, f"reading {path}") from error
    except ValueError as error:
        raise BadDataError(
            f"{path}: not the status file of a hub: {error}",
            hint="Take hub-status.txt from the card again, whole and unchanged.",
        ) from error


def enrol_by_status(
    fleet: Fleet, block: StatusBlock, *, school: str | None, ring: str | None, now: datetime
) -> Hub:
    """Enrol a hub; where a card was made for it, as that says, and its token is spent.

    Raises:
        UsageError: the id has another key and no new card was made for it, or a name is not valid.
    """
    key = parse_public_key(block.public_key.encode(), "hub-status.txt")
    card = next((card for card in fleet.list_cards() if card.hub_id == block.hub_id), None)
    if card is None:
        return enrol(fleet, block.hub_id, key, school=school or block.school_name, ring=ring, now=now)
    told = Card(
        *(card.hub_id, card.school_code, school or card.school, ring or card.ring or EVERYBODY),
        *(card.token_key, card.made_at, iso(now)),
    )
    return accept(fleet, told, key, now=now)
