"""Which road a sync takes. Decided once, here: what it costs, whose metadata it is, where reports arrive."""

from enum import StrEnum

from content_packs.transports.address import scheme_of


class Road(StrEnum):
    """From the depot to this hub; the value is what reports call it."""

    UPLINK = "uplink"  # the depot of hub.toml, over a network
    FOLDER = "folder"  # the same, where it is a folder that this machine sees
    OTHER_DEPOT = "other-depot"  # this once another depot, over a network
    STICK = "stick"  # this once a folder: a stick, a disk

    @property
    def takes_uplink(self) -> bool:
        """Whether its bytes go over the uplink: they count, budgets and quiet hours hold."""
        return self in (Road.UPLINK, Road.OTHER_DEPOT)

    @property
    def is_own(self) -> bool:
        """Whether it is the depot of hub.toml: its metadata grows newer, and reports arrive."""
        return self in (Road.UPLINK, Road.FOLDER)

    @property
    def uses_deltas(self) -> bool:
        """Whether deltas are worth their trouble: on a stick bytes cost nothing, and some may be missing."""
        return self is not Road.STICK


def find_road(source: str, depot_url: str) -> Road:
    """Return the road of a sync that reads from `source`, where hub.toml says `depot_url`."""
    is_folder = scheme_of(source) == "file"
    if source == depot_url:
        return Road.FOLDER if is_folder else Road.UPLINK
    return Road.STICK if is_folder else Road.OTHER_DEPOT
