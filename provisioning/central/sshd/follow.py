"""Accounts follow enrolment: at once where `central` runs as root, else by `hub-accounts.path`."""

import os
from collections.abc import Callable
from pathlib import Path

from content_packs.durable import locked
from content_packs.errors import local_error
from provisioning.central.sshd import accounts, quotas
from provisioning.central.sshd.accounts import Allowed
from provisioning.central.sshd.machine import Phase, mend_all
from provisioning.central.sshd.names import CONFIG_DIR
from provisioning.central.sshd.setup import Setup, read_setup


def hub_phases(setup: Callable[[], Setup]) -> list[Phase]:
    """Return what to look at for accounts, their keys, their inboxes, and how much these may hold."""

    def read() -> list[Allowed]:
        return accounts.read_allowed(Path(setup().office))

    return [
        lambda: accounts.find_account_faults(read()),
        lambda: accounts.find_key_faults(read()),
        lambda: accounts.find_inbox_faults(setup(), read()),
        lambda: quotas.find_limit_faults(setup(), read()),
    ]


def follow(office: Path) -> None:
    """Let the accounts follow a change of who is let in, where this machine serves this office's depot.

    Raises:
        LocalError: an account cannot be made.
    """
    if os.geteuid() != 0:
        return
    setup = read_setup()
    if setup is None or setup.office != str(office):
        return
    try:
        with locked(CONFIG_DIR / ".lock", doing="accounts", wait=True):
            mend_all(hub_phases(lambda: setup))
    except OSError as error:
        raise local_error(error, "making accounts follow the office") from error
