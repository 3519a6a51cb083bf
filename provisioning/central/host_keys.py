"""The host keys by which hubs know the depot's SSH server: the present one first, then the next ones.

They stand on every card that is made, and the offline key `targets` signs them for hubs that are out there.
"""

from collections.abc import Sequence

from provisioning.central.fleet import Fleet

_NOTE = "host_keys"


def list_host_keys(fleet: Fleet) -> tuple[str, ...]:
    """Return them as OpenSSH lines without comments."""
    return tuple(fleet.note(_NOTE).splitlines())


def save_host_keys(fleet: Fleet, lines: Sequence[str]) -> None:
    """Know the depot by just these from now on."""
    fleet.save_note(_NOTE, "\n".join(lines))
