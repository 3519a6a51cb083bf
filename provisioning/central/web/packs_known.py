"""What packs are called."""

from provisioning.central.fleet import open_fleet
from provisioning.central.web.dashboard import this_office


def pack_titles() -> dict[str, str]:
    """Return the title of the newest version of each pack."""
    with open_fleet(this_office().fleet_db) as fleet:
        return {pack.pack_id: pack.title for pack in fleet.list_packs()}
