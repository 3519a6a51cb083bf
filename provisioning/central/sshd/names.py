"""Names of accounts and places on the depot's host. No I/O."""

from hashlib import sha256
from pathlib import Path

GROUP = "hubs"
# Hubs that are none: `central doctor` signs in as the first and tries to reach what is the second's.
PROBES = ("doctor-1", "doctor-2")
CONFIG_DIR = Path("/etc/hub-sshd")
STATE_DIR = Path("/var/lib/hub-sshd")
CHROOT = STATE_DIR / "depot"
INBOX_IMAGE = STATE_DIR / "inboxes.img"
KEYS = CONFIG_DIR / "keys"  # what each hub signs in with, by account
PROBE_KEYS = CONFIG_DIR / "probe-keys"  # the same, for the minutes that a `central doctor` takes
SETUP = CONFIG_DIR / "setup.json"
CONFIG = CONFIG_DIR / "sshd_config"
START = CONFIG_DIR / "start"
PID = Path("/run/hub-sshd.pid")
READ_ONLY = ("tuf", "heads", "news", "packs", "objects", "acks")  # folders of a depot
INBOX = "inbox"
# Of Debian's range for people, so that neither packages (below 1000) nor containers meet them.
UIDS = (20_000, 29_999)

_MAX_ACCOUNT = 32  # useradd and utmp allow no more
_PREFIX = "hub-"
_KEPT = 14


def account_of(hub_id: str) -> str:
    """Return the account of a hub.

    A long id is cut, and a hash of it added behind a sign that no id has.
    """
    plain = f"{_PREFIX}{hub_id}"
    if len(plain) <= _MAX_ACCOUNT:
        return plain
    return f"{_PREFIX}{hub_id[:_KEPT]}_{sha256(hub_id.encode()).hexdigest()[:12]}"
