"""Let the depot's SSH server show its next host key, of which hubs were told before, and make one more."""

from dataclasses import dataclass
from datetime import datetime

from content_packs.errors import LocalError, UsageError
from content_packs.owner import as_owner
from content_packs.transports.host_keys import fingerprint, parse_host_keys
from provisioning.central import host_keys
from provisioning.central.fleet import Fleet, Hub, open_fleet
from provisioning.central.host_keys import KnownKey
from provisioning.central.office import Office, changing
from provisioning.central.release import change
from provisioning.central.reports import open_reports
from provisioning.central.sshd import render, server
from provisioning.central.sshd.apply import require_root
from provisioning.central.sshd.setup import Setup
from provisioning.central.sshd.version import find_sshd, read_version

TARGETS = "targets"  # the offline key that signs for hubs by what they know the depot


@dataclass(frozen=True, slots=True)
class Rotation:
    """What a rotation does, or would do."""

    former: str  # fingerprints
    shown: str
    untold: tuple[Hub, ...]  # who may not know the key that is shown from now on


def find_untold(office: Office, key: KnownKey) -> list[Hub]:
    """Return the hubs that may not know a host key yet."""
    with as_owner(office.dir):
        with open_fleet(office.fleet_db) as fleet:
            hubs = fleet.list_hubs()
        with open_reports(office.reports_db) as reports:
            newest = {hub.hub_id: reports.read_newest(hub.hub_id).values() for hub in hubs}
    said = {hub_id: max((heard.event.at for heard in each), default="") for hub_id, each in newest.items()}
    return host_keys.list_untold(hubs, said, key)


def rotate(office: Office, setup: Setup, *, force: bool, dry_run: bool, now: datetime) -> Rotation:
    """Show the next key instead of the present one, which is thrown away; tell hubs of one more.

    Raises:
        UsageError: hubs may not know the next key yet, and `force` is not said.
        LocalError: not root, no next key, or the offline key `targets` is not here.
        BusyError: another command is changing the office: nothing was done, unless it says otherwise.
    """
    require_root()
    office.open_keys().require(TARGETS)
    private = server.list_private_keys()
    if len(private) < server.MIN_HOST_KEYS:
        raise LocalError("there is no next host key", hint="Run: central sshd-config --apply")
    former, following = (server.read_public_key(path) for path in private[:2])
    # The server's key cannot be taken back: so look first whether the office can be told of it.
    with as_owner(office.dir), changing(office, "host-keys rotate"), open_fleet(office.fleet_db) as fleet:
        known = {key.line: key for key in host_keys.list_known(fleet)}
    untold = find_untold(office, known.get(following, KnownKey(following, "", None)))
    if untold and not force:
        names = ", ".join(hub.hub_id for hub in untold)
        raise UsageError(
            f"these hubs may not know the next host key yet, and would find the depot changed: {names}",
            hint="Wait until they have synced, or take them a stick, which tells them; or say --yes.",
        )
    done = Rotation(_short(former), _short(following), tuple(untold))
    if not dry_run:
        config = render.render_config(setup, (str(private[1]),), read_version(find_sshd()))
        server.install_config(config, find_sshd())
        server.drop_host_key(private[0])
        server.make_host_key()
        try:
            _tell(office, former, now)
        except LocalError as error:
            raise type(error)(
                f"the server shows {done.shown} now, but the office was not told: {error.message}",
                hint="Do not rotate again: central sshd-config --apply tells it.",
            ) from error
    return done


def _tell(office: Office, former: str, now: datetime) -> None:
    """Let cards and signed metadata say what the server shows now, and what follows."""
    ours = [server.read_public_key(path) for path in server.list_private_keys()]

    def edit(fleet: Fleet) -> None:
        others = [line for line in host_keys.list_host_keys(fleet) if line not in (*ours, former)]
        host_keys.save_host_keys(fleet, [*ours, *others])

    with as_owner(office.dir):
        change(office, edit, doing="host-keys", now=now)


def _short(line: str) -> str:
    return fingerprint(parse_host_keys([line])[0].blob)
