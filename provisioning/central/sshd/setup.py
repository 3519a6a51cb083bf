"""How the depot's host is to be set up; kept on it as a file, so that nobody needs to say it twice."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from content_packs.errors import BadDataError, local_error
from provisioning.central.sshd.names import SETUP

DEFAULT_PORT = 2222  # 22 is where the host's own administrator signs in
DEFAULT_INBOX_MIB = 1024
_TYPES = {"office": str, "port": int, "inbox_mib": int, "hub_mib": int, "hub_files": int, "has_quota": bool}


@dataclass(frozen=True, slots=True)
class Setup:
    """What an administrator may choose."""

    office: str  # the folder of the installation whose depot is served
    port: int = DEFAULT_PORT
    inbox_mib: int = DEFAULT_INBOX_MIB  # the disk of all inboxes; 0: the depot's own disk
    hub_mib: int = 64  # what one hub may leave there until it is taken in, where the kernel counts it
    hub_files: int = 2000
    has_quota: bool = False  # found out when that disk was made

    @property
    def depot(self) -> Path:
        """The depot that is served."""
        return Path(self.office) / "depot"


def encode_setup(setup: Setup) -> bytes:
    """Return what the file holds."""
    return json.dumps({"format": 1, **asdict(setup)}, indent=2).encode() + b"\n"


def read_setup() -> Setup | None:
    """Return how this machine was set up; None where it was not.

    Raises:
        BadDataError: the file is not as it was written.
    """
    try:
        values = json.loads(SETUP.read_bytes())
        return Setup(**{name: kind(values[name]) for name, kind in _TYPES.items()})
    except FileNotFoundError:
        return None
    except OSError as error:
        raise local_error(error, f"reading {SETUP}") from error
    except (ValueError, KeyError, TypeError) as error:
        raise BadDataError(
            f"{SETUP}: {error!r:.80}", hint="Remove it, and run `central sshd-config --apply` again."
        ) from error
