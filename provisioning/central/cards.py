"""The office's part of a school's card: which hub it becomes, where its depot is, and a one-time token."""

import dataclasses
import re
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal

from content_packs.enrolment import make_token, public_text, token_key
from content_packs.errors import UsageError, local_error
from content_packs.transports import check_url
from hub.school import CentralConfig, SchoolConfig
from hub.school.check import check_value
from hub.school.fields import BY_KEY
from hub.school.root import pack_root
from provisioning.central.assign import check_ring
from provisioning.central.fleet import Card, Fleet, Hub, iso
from provisioning.central.host_keys import list_host_keys, save_host_keys
from provisioning.central.hub_ids import new_hub_id, plain_id, plain_name
from provisioning.central.office import Office
from provisioning.central.sshd.names import account_of
from provisioning.central.wanted import EVERYBODY

TOKEN_DAYS = 60  # a card is flashed, carried to a school and started in that time
DEPOT_NOTE = "depot_url"  # a note of this installation
_CODE = re.compile(r"[A-Za-z0-9]([A-Za-z0-9-]{0,30}[A-Za-z0-9])?")
_OWN_HOST_KEYS = Path("/etc/ssh")
_SFTP = "sftp://"
HubState = Literal["new", "waiting", "enrolled", "revoked"]


@dataclass(frozen=True, slots=True)
class Depot:
    """Where hubs find the depot."""

    url: str  # without an account each hub has its own
    host_keys: tuple[str, ...]
    is_guess: bool = False  # nobody said so: this machine


@dataclass(frozen=True, slots=True)
class Place:
    """Whose place a card takes."""

    state: HubState  # of the hub before the card was made
    since: str  # ISO 8601, UTC; empty for a new one
    school: str  # where it stood until now; empty for a new one
    others: tuple[str, ...]  # further hubs of that school


def remember_depot(fleet: Fleet, url: str | None, host_keys: Sequence[str]) -> None:
    """Note where the depot is, for this card and those to come; what is not given stays.

    Raises:
        UsageError: the address is none, or has no host key.
    """
    if host_keys:
        save_host_keys(fleet, host_keys)
    if url:
        keys = list_host_keys(fleet)
        check_url(url if "@" in url or not url.startswith(_SFTP) else _with_account(url, "h"), host_keys=keys)
        fleet.save_note(DEPOT_NOTE, url)


def find_depot(fleet: Fleet) -> Depot:
    """Return where the depot is: as it was noted, else this machine's own sshd.

    Raises:
        UsageError: nobody said, and this machine has no sshd.
    """
    url, keys = fleet.note(DEPOT_NOTE), list_host_keys(fleet)
    if url:
        return Depot(url, keys)
    own = _read_own_host_keys()
    if not own:
        raise UsageError(
            "where is the depot? nobody has said so yet",
            hint="Say it once: central card SCHOOL -o FILE --depot sftp://depot.example/ --host-key FILE",
        )
    return Depot(f"{_SFTP}{socket.getfqdn()}/", own, is_guess=True)


def _read_own_host_keys() -> tuple[str, ...]:
    lines = []
    for path in sorted(_OWN_HOST_KEYS.glob("ssh_host_*_key.pub")):
        try:
            text = " ".join(path.read_text(encoding="ascii", errors="replace").split()[:2])
        except OSError:
            continue
        if check_value(BY_KEY["central.host_keys"], (text,)) is None:
            lines.append(text)
    return tuple(lines)


def plan_card(
    fleet: Fleet, school: str, *, code: str | None, hub_id: str | None, ring: str | None, now: datetime
) -> tuple[Card, str]:
    """Return the card for a school and its new token; the same school keeps its hub id and ring.

    `school` is its name, its code, or the id of its hub.

    Raises:
        UsageError: a name is not valid, or the school has several hubs.
    """
    known = _find_by_name(fleet, school) if hub_id is None else _find_by_id(fleet, hub_id)
    name = known.school if known is not None and hub_id is None else school
    _require("school_name", name, "SCHOOL")
    chosen = hub_id or (known.hub_id if known else _make_id(fleet, school))
    _require("central.hub_id", chosen, "--hub-id")
    kept_code = known.school_code if known is not None else ""
    chosen_code = code or kept_code or (school if _CODE.fullmatch(school) else chosen.removeprefix("h-"))
    _require("school_code", chosen_code[:32].rstrip("-"), "--code")
    token = make_token()
    card = Card(
        hub_id=chosen,
        school_code=chosen_code[:32].rstrip("-"),
        school=name,
        ring=check_ring(ring or (known.ring if known else EVERYBODY)),
        token_key=public_text(token_key(token)),
        made_at=iso(now),
        expires_at=iso(now + timedelta(days=TOKEN_DAYS)),
    )
    return card, token


def _list_known(fleet: Fleet) -> list[Hub | Card]:
    """Return whom the office knows: cards that wait for their hub, then hubs that are enrolled."""
    return [*fleet.list_cards(), *(hub for hub in fleet.list_hubs() if hub.revoked_at is None)]


def _find_by_id(fleet: Fleet, hub_id: str) -> Hub | Card | None:
    return next((each for each in _list_known(fleet) if each.hub_id == hub_id), None)


def _find_by_name(fleet: Fleet, school: str) -> Hub | Card | None:
    """Return the card that waits for a school, else its hub, by its name, its code or the hub's id.

    A name may be typed a little differently.
    """
    known = _list_known(fleet)
    found = [each for each in known if school and school in (each.hub_id, each.school, each.school_code)]
    if not found and (plain := plain_name(school)):
        found = [each for each in known if plain in map(plain_name, (each.school, each.school_code))]
    ids = {each.hub_id for each in found}
    if len(ids) > 1:
        raise UsageError(
            f"{school!r} has {len(ids)} hubs: {', '.join(sorted(ids))}", hint="Give the id of the one meant."
        )
    return next(iter(found), None)


def _make_id(fleet: Fleet, school: str) -> str:
    if school.startswith("h-"):
        raise UsageError(
            f"no hub {school[:40]!r} is enrolled, and no card was made for it",
            hint="`central hubs` lists them; for a new school give its name, and if you like --hub-id.",
        )
    taken = {card.hub_id for card in fleet.list_cards()} | {hub.hub_id for hub in fleet.list_hubs()}
    return new_hub_id(school, taken)


def find_id(fleet: Fleet, code: str, school: str) -> str:
    """Return the id of the hub of the school with this code: two schools may well have the same name.

    Raises:
        UsageError: a hub of another school has the id that the code gives.
    """
    same = (each.hub_id for each in _list_known(fleet) if each.school_code.lower() == code.lower())
    found = next(same, plain_id(code))
    for hub in fleet.list_hubs():
        if hub.hub_id == found and hub.school != school and hub.revoked_at is None:
            raise UsageError(
                f"school {code}: the hub {found} stands in {hub.school!r}, not in {school!r}",
                hint="Add a column hub_id: this one if the school has a new name, another if it is new.",
            )
    return found


def find_place_of(fleet: Fleet, card: Card) -> Place:
    """Return whose place a card takes that is not saved yet."""
    others = {each.hub_id for each in _list_known(fleet) if each.school == card.school} - {card.hub_id}
    waiting = next((each for each in fleet.list_cards() if each.hub_id == card.hub_id), None)
    hub = next((each for each in fleet.list_hubs() if each.hub_id == card.hub_id), None)
    state, since, school = _look_up(waiting, hub)
    return Place(state, since, school, tuple(sorted(others)))


def _look_up(waiting: Card | None, hub: Hub | None) -> tuple[HubState, str, str]:
    if hub is not None and hub.revoked_at is None:
        return "enrolled", hub.enrolled_at, hub.school
    if waiting is not None:
        return "waiting", waiting.made_at, waiting.school
    return ("new", "", "") if hub is None else ("revoked", hub.revoked_at or "", hub.school)


def _require(key: str, value: str, option: str) -> None:
    field = BY_KEY[key]
    if not value or check_value(field, value) is not None:
        raise UsageError(f"{option} {value[:40]!r}: cannot be used", hint=f"Give {field.expects['en']}.")


def central_part(office: Office, card: Card, depot: Depot, token: str) -> CentralConfig:
    """Return `[central]` of a hub's school config.

    Raises:
        LocalError: hub-root.json cannot be read.
    """
    try:
        root = office.root.read_bytes()
    except OSError as error:
        raise local_error(error, f"reading {office.root}") from error
    is_bare = depot.url.startswith(_SFTP) and "@" not in depot.url
    address = _with_account(depot.url, account_of(card.hub_id)) if is_bare else depot.url
    is_sftp = address.startswith(_SFTP)  # who has no account on a web server cannot write there either
    keys = depot.host_keys if is_sftp else ()
    return CentralConfig(address, keys, pack_root(root), card.hub_id, token if is_sftp else "")


def _with_account(url: str, account: str) -> str:
    return f"{_SFTP}{account}@{url.removeprefix(_SFTP)}"


def merge(config: SchoolConfig, card: Card, central: CentralConfig) -> SchoolConfig:
    """Return a school's own config with the office's part."""
    return dataclasses.replace(config, school_code=card.school_code, school_name=card.school, central=central)
