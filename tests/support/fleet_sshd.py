"""A real sshd as on the depot's host: an account, a key file and an inbox for each hub. Needs root.

The accounts exist in its own mount namespace only, where the depot is a folder that may be a chroot.
"""

import os
from collections.abc import Sequence
from pathlib import Path

from content_packs import depot
from provisioning.central.office import Office
from support.sshd import DENIED, Sshd

_FIRST_UID, _GROUP = 300_000, 65_534
# Folders of root on every Debian: below /tmp sshd refuses a chroot, and a hub's account may read no key.
_CHROOT, _KEYS = "/mnt", "/srv"
_USER_FIELD = 11  # of what follows the name in /proc/<pid>/stat: own and the children's, user and system
_SURROUNDINGS = f"""\
mount --bind "$1" /etc/passwd
mount --bind "$2" {_CHROOT}
mount --bind "$3" {_KEYS}
shift 3
exec "$@"
"""


class FleetSshd(Sshd):
    """Serves the depot of an office to its hubs: there is an account for each of `hub_ids`.

    It is the first process of a PID namespace: whatever a session leaves behind is its child, so that the
    processor time of all sessions that have ended is in its own count.
    """

    def __init__(
        self, folder: Path, office: Office, hub_ids: Sequence[str], *, options: Sequence[str] = ()
    ) -> None:
        super().__init__(folder, office.depot, options=tuple(options))
        self._hub_keys = office.hub_keys
        self._uids = {hub_id: _FIRST_UID + number for number, hub_id in enumerate(hub_ids)}
        self._passwd = folder.absolute() / "passwd"
        accounts = (f"{hub_id}:*:{uid}:{_GROUP}::/:/usr/sbin/nologin\n" for hub_id, uid in self._uids.items())
        self._passwd.write_text(Path("/etc/passwd").read_text() + "".join(accounts))

    def give_inboxes(self) -> None:
        """Make each hub's account the owner of its inbox."""
        for hub_id, uid in self._uids.items():
            os.chown(self.depot / depot.inbox_dir(hub_id), uid, _GROUP)

    def change_options(self, options: Sequence[str]) -> None:
        """Start anew with other options; open sessions end."""
        self._options = tuple(options)
        self.restart()

    def cpu_s(self) -> float:
        """Return the processor time of sshd and of all sessions that have ended."""
        pid = self._sshd_pid()
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return sum(map(int, fields[_USER_FIELD : _USER_FIELD + 4])) / os.sysconf("SC_CLK_TCK")

    def sessions(self) -> int:
        """Return how many connections it serves now."""
        pid = self._sshd_pid()
        return len(Path(f"/proc/{pid}/task/{pid}/children").read_text().split())

    def _sshd_pid(self) -> int:
        assert self._process is not None
        launcher = self._process.pid
        (pid,) = Path(f"/proc/{launcher}/task/{launcher}/children").read_text().split()
        return int(pid)

    def _config(self) -> list[str]:
        return [
            *super()._config(),
            "Match User h-*",
            f"ForceCommand internal-sftp -P {DENIED},mkdir",
            f"ChrootDirectory {_CHROOT}",
            f"AuthorizedKeysFile {_KEYS}/%u",
        ]

    def _launcher(self) -> list[str]:
        assert os.geteuid() == 0, "accounts of its own need root"
        space = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--"]
        bound = map(str, (self._passwd, self.depot, self._hub_keys))
        return [*space, "sh", "-ec", _SURROUNDINGS, "sh", *bound]
