"""Requests of new hubs to be enrolled: what lies in the inboxes of cards, signed with their tokens."""

from dataclasses import dataclass
from datetime import datetime

from content_packs.enrolment import MAX_REQUEST_BYTES, PREFIX, decode_request
from content_packs.errors import BadDataError, UsageError, local_error
from hub.school.codes import plain_code
from hub.school.statusblock import short_fingerprint
from provisioning.central.enrol import enrol
from provisioning.central.fleet import Card, Fleet, Hub, iso
from provisioning.central.inbox import open_inbox
from provisioning.central.office import Office
from provisioning.central.ssh_keys import parse_public_key


@dataclass(frozen=True, slots=True)
class Pending:
    """A hub that asks to be enrolled, or a card that nobody has started yet."""

    card: Card
    public_key: str = ""  # empty: no request has come
    fingerprint: str = ""
    refused: tuple[str, ...] = ()  # files that are no request of it, a sentence each
    asked_at: str | None = None  # when the first request with this key came, by the depot's clock; ISO 8601


def list_pending(office: Office, fleet: Fleet) -> list[Pending]:
    """Return the cards that were made, each with the request that came for it. Whoever has the token may ask
    more than once, so each key is one line.

    Raises:
        LocalError: an inbox cannot be read.
    """
    return [each for card in fleet.list_cards() for each in _read_requests(office, card)]


def _read_requests(office: Office, card: Card) -> list[Pending]:
    keys: dict[str, datetime | None] = {}
    refused: list[str] = []
    try:
        with open_inbox(office.depot, card.hub_id) as inbox:
            names = [name for name in inbox.list_names() if name.startswith(PREFIX)] if inbox else []
            for name in names:
                data = inbox.read(name) if inbox else None
                try:
                    key = _check(card, data or b"")
                    came = inbox.arrived_at(name) if inbox else None
                    earlier = [at for at in (came, keys.get(key)) if at is not None]
                    keys[key] = min(earlier, default=None)
                except (BadDataError, UsageError) as error:
                    refused.append(f"{name[:20]}…: {error.message}")
    except OSError as error:
        raise local_error(error, f"reading the inbox of {card.hub_id}") from error
    if not keys:
        return [Pending(card, refused=tuple(refused))]
    return [
        Pending(card, key, short_fingerprint(key), tuple(refused), iso(came) if came else None)
        for key, came in keys.items()
    ]


def _check(card: Card, data: bytes) -> str:
    if len(data) > MAX_REQUEST_BYTES:
        raise BadDataError(f"has {len(data)} bytes, a request at most {MAX_REQUEST_BYTES}")
    request = decode_request(data, hub_id=card.hub_id, public_key=card.token_key)
    return parse_public_key(request.public_key.encode(), "enrol request")


def approve(office: Office, fleet: Fleet, hub_id: str, fingerprint: str, *, now: datetime) -> Hub:
    """Enrol the hub whose key has this fingerprint, instead of any key that it had; its token is spent.

    Raises:
        UsageError: no such request; tells which there are.
    """
    asked = [each for each in list_pending(office, fleet) if each.card.hub_id == hub_id and each.public_key]
    wanted = plain_code(fingerprint)
    meant = [each for each in asked if plain_code(each.fingerprint) == wanted]
    if len(meant) > 1:  # of 80 bits: nobody meets that, by chance or by looking for it
        raise UsageError(
            f"{hub_id}: {len(meant)} keys have the fingerprint {wanted}: somebody has this card's token",
            hint=f"Make a new card (central card --hub-id {hub_id}), or take hub-status.txt: --from-status.",
        )
    for each in meant:
        return accept(fleet, each.card, each.public_key, now=now)
    there = ", ".join(each.fingerprint for each in asked) or "none"
    raise UsageError(
        f"{hub_id}: no request with the fingerprint {fingerprint}; there is {there}",
        hint="Compare it with hub-status.txt of the card; `central enrol --pending` lists requests.",
    )


def accept(fleet: Fleet, card: Card, public_key: str, *, now: datetime) -> Hub:
    """Enrol a hub as its card says, and spend its token."""
    before = next((hub for hub in fleet.list_hubs() if hub.hub_id == card.hub_id), None)
    if before is not None and before.public_key != public_key:
        fleet.replace_key(
            card.hub_id, public_key
        )  # a card made anew: the key before is gone with the old one
    hub = enrol(
        *(fleet, card.hub_id, public_key),
        school=card.school,
        ring=card.ring,
        now=now,
        school_code=card.school_code,
    )
    fleet.delete_card(card.hub_id)
    return hub


def clear_requests(office: Office, hub_id: str) -> None:
    """Remove what was asked, once it is answered; what cannot be removed does no harm."""
    try:
        with open_inbox(office.depot, hub_id) as inbox:
            for name in inbox.list_names() if inbox else []:
                if inbox and name.startswith(PREFIX):
                    inbox.remove(name)
    except OSError:
        return
