"""The host keys by which hubs know the depot's SSH server: the present one first, then the next ones.

They stand on every card that is made, and the offline key `targets` signs them for hubs that are out there.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from content_packs.errors import UsageError
from content_packs.transports.host_keys import fingerprint, is_host_key, parse_host_keys
from provisioning.central.fleet import Fleet, Hub, iso

_NOTE, _TOLD = "host_keys", "host_keys_told"
MAX_KEYS = 16  # docs/format/depot-v1.md §4.3
WANTED_KEYS = 2


@dataclass(frozen=True, slots=True)
class KnownKey:
    """One host key of the depot."""

    line: str
    fingerprint: str
    told_at: str | None  # since when it is signed for hubs, ISO 8601; None: it is not yet


def list_host_keys(fleet: Fleet) -> tuple[str, ...]:
    """Return them as OpenSSH lines without comments."""
    return tuple(fleet.note(_NOTE).splitlines())


def save_host_keys(fleet: Fleet, lines: Sequence[str]) -> None:
    """Know the depot by just these from now on."""
    fleet.save_note(_NOTE, "\n".join(lines))


def list_known(fleet: Fleet) -> list[KnownKey]:
    """Return them with since when hubs are told."""
    told = _read_told(fleet)
    return [
        KnownKey(line, found, told.get(found))
        for line in list_host_keys(fleet)
        for found in [_fingerprint_of(line)]
    ]


def add(fleet: Fleet, lines: Sequence[str]) -> list[str]:
    """Tell hubs of more keys, behind those that they know; return the new ones.

    Raises:
        UsageError: a key that a hub cannot check, or too many.
    """
    known = list_host_keys(fleet)
    new = [line for line in dict.fromkeys(lines) if line not in known]
    for line in new:
        if not is_host_key(line):
            raise UsageError(
                f"{line[:40]!r}: hubs cannot check this kind of key", hint="Give an ed25519 key."
            )
    if len(known) + len(new) > MAX_KEYS:
        raise UsageError(
            f"{len(known) + len(new)} host keys: at most {MAX_KEYS} can be told",
            hint="Retire old ones: central host-keys retire FINGERPRINT",
        )
    save_host_keys(fleet, [*known, *new])
    return new


def retire(fleet: Fleet, wanted: str) -> KnownKey:
    """Tell hubs of a key no more; they forget it with the next sync.

    Raises:
        UsageError: no such key, or it is the only one.
    """
    known = list_known(fleet)
    meant = [key for key in known if key.fingerprint.removeprefix("SHA256:").startswith(_bare(wanted))]
    if len(meant) != 1:
        there = ", ".join(key.fingerprint for key in known) or "none"
        raise UsageError(
            f"{wanted}: {len(meant)} host keys begin like this; there is {there}",
            hint="`central host-keys list` shows them.",
        )
    if len(known) == 1:
        raise UsageError(
            f"{meant[0].fingerprint} is the only host key that hubs know",
            hint="Add the next one first, and wait until hubs were told: central host-keys add FILE",
        )
    save_host_keys(fleet, [key.line for key in known if key != meant[0]])
    return meant[0]


def list_untold(hubs: Sequence[Hub], said_at: Mapping[str, str], key: KnownKey) -> list[Hub]:
    """Return the enrolled hubs that may not know a key: since it is signed, they have told nothing.

    `said_at` is when a hub last told something, by its own clock, which is never behind what it verified. A
    hub that was enrolled since got the key with its card.
    """
    enrolled = [hub for hub in hubs if hub.revoked_at is None]
    since = key.told_at
    if since is None:
        return enrolled
    return [hub for hub in enrolled if max(hub.enrolled_at, _utc(said_at.get(hub.hub_id, ""))) < since]


def _utc(time: str) -> str:
    """Return a hub's time as the office writes its own, to be compared with."""
    return iso(datetime.fromisoformat(time).astimezone(UTC)) if time else ""


def note_told(fleet: Fleet, signed: Sequence[str], *, now: datetime) -> None:
    """Note since when the keys are signed that are signed now."""
    told = _read_told(fleet)
    current = {found: told.get(found, iso(now)) for found in map(_fingerprint_of, signed)}
    if current != told:
        fleet.save_note(_TOLD, json.dumps(current))


def _read_told(fleet: Fleet) -> dict[str, str]:
    return dict(json.loads(fleet.note(_TOLD) or "{}"))


def _fingerprint_of(line: str) -> str:
    if not is_host_key(line):
        return line[:40]
    return fingerprint(parse_host_keys([line])[0].blob)


def _bare(text: str) -> str:
    return text.strip().removeprefix("SHA256:")
