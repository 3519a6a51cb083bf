"""The key that signs packs, for whoever has no terminal to be asked in."""

from dataclasses import replace
from typing import Literal

from provisioning.central.fleet import open_fleet
from provisioning.central.keys import KeyAccess
from provisioning.central.office import Office
from provisioning.central.passphrases import Passphrases
from provisioning.central.publishers import key_of
from provisioning.central.roles import PACKS

KeyState = Literal["ready", "locked", "missing"]


def packs_key_state(office: Office, pack_id: str = "") -> KeyState:
    """Return whether the key that signs a pack is here, and whether it can be used without a passphrase.

    Without a pack it is the office's own; a publisher's packs have the publisher's.
    """
    name = PACKS
    if pack_id:
        with open_fleet(office.fleet_db) as fleet:
            name = key_of(fleet, pack_id)
    keys = office.open_keys()
    if not keys.has(name):
        return "missing"
    return "ready" if keys.is_ready(name) else "locked"


def unlocked(office: Office, passphrase: str) -> Office:
    """Return the same office, whose keys are opened with this passphrase; empty: as they are."""
    if not passphrase:
        return office
    return replace(office, access=KeyAccess(office.access.folders, Passphrases([passphrase])))
