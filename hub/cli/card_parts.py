"""The parts of the hub that `hub card boot` calls, put together here: network, accounts, the label's code."""

from hub.accounts import add_account, find_by_name, has_accounts, set_password
from hub.card.boot import Others
from hub.card.places import CardPlaces
from hub.labelcode import write_label_code
from hub.network.change import prepare_network
from hub.network.paths import NetworkPaths
from hub.school import SchoolConfig
from hub.settings import HubPaths

FIRST_ACCOUNT = "technician"


def card_parts() -> Others:
    """Return what a boot of a real card calls."""
    return Others(
        apply_network=apply_network, set_first_password=set_first_password, set_label_code=write_label_code
    )


def apply_network(places: CardPlaces, config: SchoolConfig) -> list[str]:
    """Write the network's files before anything reads them; return addresses of the portal."""
    return prepare_network(NetworkPaths(), places.hub, config)


def set_first_password(paths: HubPaths, password: str) -> None:
    """Let the technician sign in with the school config's password: the first account, or that one anew."""
    account = find_by_name(paths, FIRST_ACCOUNT) if has_accounts(paths) else None
    if account is None:
        add_account(paths, FIRST_ACCOUNT, password, role="technician")
    else:
        set_password(paths, account, password)
