"""Set the depot's host up, or tell what is not as it should be: the same list of faults for both.

Later phases stand on earlier ones, so each is looked at once the ones before are mended.
"""

import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime

from content_packs.durable import locked
from content_packs.errors import Error, LocalError, local_error
from content_packs.owner import as_owner
from content_packs.transports.address import parse_sftp
from provisioning.central import host_keys
from provisioning.central.fleet import Fleet, open_fleet
from provisioning.central.office import Office
from provisioning.central.release import change
from provisioning.central.sshd import inboxes, quotas, server
from provisioning.central.sshd.accounts import read_allowed
from provisioning.central.sshd.follow import hub_phases
from provisioning.central.sshd.machine import Applied, Fault, Phase, mend_all
from provisioning.central.sshd.names import CONFIG_DIR
from provisioning.central.sshd.setup import DEFAULT_PORT, Setup, read_setup

_DEPOT = "depot_url"
_ROUNDS = 20  # of what changes while it is done


def choose_setup(
    office: Office,
    *,
    port: int | None = None,
    inbox_mib: int | None = None,
    hub_mib: int | None = None,
    hub_files: int | None = None,
) -> Setup:
    """Return the set-up of this machine with what is said anew; a new one has the port that cards name.

    Raises:
        UsageError: the disk of the inboxes would have to shrink.
    """
    known = read_setup()
    setup = replace(known, office=str(office.dir)) if known else Setup(str(office.dir), _noted_port(office))
    setup = replace(
        setup,
        port=setup.port if port is None else port,
        inbox_mib=setup.inbox_mib if inbox_mib is None else inbox_mib,
        hub_mib=setup.hub_mib if hub_mib is None else hub_mib,
        hub_files=setup.hub_files if hub_files is None else hub_files,
    )
    inboxes.require_room_for(known, setup)
    return setup


def _noted_port(office: Office) -> int:
    with as_owner(office.dir), open_fleet(office.fleet_db) as fleet:
        url = fleet.note(_DEPOT)
    return _port_of(url) or DEFAULT_PORT


def _port_of(url: str) -> int | None:
    if not url.startswith("sftp://"):
        return None
    with_account = url if "@" in url else url.replace("sftp://", "sftp://h@", 1)
    return parse_sftp(with_account).port


class Work:
    """Looks at one machine for one office."""

    def __init__(self, office: Office, setup: Setup, *, host: str | None, now: datetime) -> None:
        self.office = office
        self.setup = setup
        self._host = host
        self._now = now

    def phases(self, *, accounts_only: bool) -> list[Phase]:
        """Return what to look at on this machine, in its order."""
        of_hubs = hub_phases(lambda: self.setup)
        if accounts_only:
            return of_hubs
        return [
            lambda: server.find_program_faults(self.setup),
            lambda: server.find_folder_faults(self.setup),
            server.find_host_key_faults,
            lambda: inboxes.find_disk_faults(self.setup, changed=self._take),
            lambda: server.find_folder_faults(self.setup),  # now of the inboxes' own disk
            *of_hubs,
            lambda: server.find_file_faults(self.setup),
            lambda: server.find_service_faults(self.setup),
            lambda: quotas.find_room_faults(self.setup, read_allowed(self.office.dir)),
        ]

    def _take(self, setup: Setup) -> None:
        self.setup = setup

    def notes(self) -> Iterator[Fault]:
        """Yield what the office does not know of its depot: the address and the host keys for cards."""
        with as_owner(self.office.dir), open_fleet(self.office.fleet_db) as fleet:
            url, noted = fleet.note(_DEPOT), host_keys.list_host_keys(fleet)
        ours = tuple(server.read_public_key(path) for path in server.list_private_keys())
        wanted = ours + tuple(line for line in noted if line not in ours)
        if noted != wanted:
            what = "the office does not know the server's host keys, or in another order"
            yield Fault(what, "notes them for cards and signs them for hubs", lambda: self._note_keys(wanted))
        address = f"sftp://{self._host}:{self.setup.port}/" if self._host else ""
        if address and url != address:
            yield Fault(
                f"cards name the depot {url or 'not at all'}",
                f"notes {address}",
                lambda: self._note_url(address),
            )
        elif not url:
            yield Fault(
                "cards do not know where the depot is",
                "say by what name hubs reach this machine: central sshd-config --apply --host NAME",
            )
        elif _port_of(url) != self.setup.port:
            yield Fault(
                f"cards name the depot {url}, and the server is at port {self.setup.port}",
                "is there another way in between? Else: central sshd-config --apply --host NAME",
            )

    def _note_keys(self, lines: tuple[str, ...]) -> None:
        self._change(lambda fleet: host_keys.save_host_keys(fleet, lines))

    def _note_url(self, url: str) -> None:
        self._change(lambda fleet: fleet.save_note(_DEPOT, url))

    def _change(self, edit: Callable[[Fleet], None]) -> None:
        with as_owner(self.office.dir):
            change(self.office, edit, doing="sshd-config", now=self._now)


def find_faults(work: Work) -> list[Fault]:
    """Return what `apply` would mend, and what only a person can; changes nothing."""
    found: dict[str, Fault] = {}
    for phase in (*work.phases(accounts_only=False), work.notes):
        try:
            found |= {fault.what: fault for fault in phase()}
        except FileNotFoundError as error:  # of a phase before that is still to be mended
            found.setdefault(str(error.filename), Fault(f"{error.filename} is missing", "makes it"))
        except Error as error:
            found[error.message] = Fault(error.message, error.hint or "")
    return list(found.values())


def apply(work: Work, *, accounts_only: bool = False) -> Applied:
    """Mend what can be mended, as root; again is fine.

    Raises:
        LocalError: not root, or something cannot be mended: what was done until then stays.
        BusyError: another one is at it.
    """
    require_root()
    try:
        CONFIG_DIR.mkdir(mode=0o755, parents=True, exist_ok=True)
        with locked(CONFIG_DIR / ".lock", doing="sshd-config", wait=accounts_only):
            applied = mend_all(work.phases(accounts_only=accounts_only))
            # systemd does not watch hub-keys while the service runs: who was revoked meanwhile is seen here.
            for _ in range(_ROUNDS if accounts_only and applied.done else 0):
                again = mend_all(work.phases(accounts_only=True))
                if not again.done:
                    break
                applied = Applied(applied.done + again.done, again.left)
        if not accounts_only:
            # Without the lock: the accounts follow a change of the office, and take it themselves.
            noted = mend_all([work.notes])
            applied = Applied(applied.done + noted.done, applied.left + noted.left)
    except OSError as error:
        raise local_error(error, "setting up the SSH server of hubs") from error
    return applied


def require_root() -> None:
    """Raise LocalError for anybody else."""
    if os.geteuid() != 0:
        raise LocalError("accounts and services can be set up by root alone", hint="Run it with sudo.")
