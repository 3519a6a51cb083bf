"""A real OpenSSH sshd on loopback, for this demo only: its own keys, one account, SFTP alone."""

import getpass
import os
import pwd
import shutil
import stat
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tools.demo.places import DEPOT, HUB_ID, HUB_KEYS, SSHD, find_program

_OWN_ACCOUNT = "hub-demo"
_INBOX = DEPOT / "inbox" / HUB_ID
# A hub leaves new files in its inbox and gives them names, and nothing else (sftp-server(8), -P).
_DENIED = "remove,rmdir,rename,hardlink,symlink,setstat,fsetstat,lsetstat,copy-data"
_HOST_KEY = SSHD / "host_ed25519"
_CONFIG = SSHD / "sshd_config"


@dataclass(frozen=True, slots=True)
class DepotHost:
    """The machine that a real depot would stand on. `chroot`: the account sees nothing but the depot."""

    account: str
    chroot: bool
    port: int

    @property
    def depot_url(self) -> str:
        """The depot's URL, with the path as the account sees it."""
        return f"sftp://{self.account}@127.0.0.1:{self.port}{'/' if self.chroot else DEPOT}"

    def public_key(self) -> Path:
        """Return the public host key, which the hub pins; made at the first call."""
        public = _HOST_KEY.with_suffix(".pub")
        if not public.exists():
            SSHD.mkdir(parents=True, exist_ok=True)
            command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "demo", "-f", str(_HOST_KEY)]
            subprocess.run(command, check=True)
        return public

    def account_command(self) -> list[str]:
        """Return the command that makes the hub's own account, or nothing where it exists.

        No home, no shell and no password: `*`, unlike `!`, still lets keys in.
        """
        if any(entry.pw_name == self.account for entry in pwd.getpwall()):
            return []
        nothing = ["--no-create-home", "--home-dir", "/", "--shell", "/usr/sbin/nologin", "--password", "*"]
        return ["useradd", "--system", *nothing, self.account]

    def give_inbox(self) -> None:
        """Let the hub's account, and nobody else but root, write where it leaves its reports."""
        if os.geteuid() == 0:
            shutil.chown(_INBOX, user=self.account)

    def command(self) -> list[str]:
        """Write the configuration; return the command that runs this sshd in the foreground."""
        _CONFIG.write_text("\n".join(self._config_lines()) + "\n", encoding="utf-8")
        if os.geteuid() == 0:
            Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)  # where sshd shuts its unprivileged half in
        return [str(find_program("sshd")), "-D", "-e", "-f", str(_CONFIG)]

    def _config_lines(self) -> list[str]:
        lines = [
            "ListenAddress 127.0.0.1",
            f"Port {self.port}",
            f'HostKey "{_HOST_KEY}"',
            "PidFile none",
            f"AllowUsers {self.account}",
            f'AuthorizedKeysFile "{HUB_KEYS}/{HUB_ID}"',  # which `central enrol` wrote
            "AuthenticationMethods publickey",
            "PermitRootLogin prohibit-password",  # used only where root has to stand in for the hub's account
            "StrictModes no",  # the checkout may lie in a folder that others can write
            "UsePAM no",
            "DisableForwarding yes",
            "PermitTTY no",
            "Subsystem sftp internal-sftp",
            f"ForceCommand internal-sftp -u 0077 -P {_DENIED}",
        ]
        return [*lines, f'ChrootDirectory "{DEPOT}"'] if self.chroot else lines


def choose_host(port: int) -> DepotHost | None:
    """Return how sshd can run here; None: there is no sshd.

    Root gives the hub its own account where that may walk the path to the depot; anyone else lends theirs.
    sshd shuts an account into a folder only where root alone may write the whole path (sshd_config(5)).
    """
    if find_program("sshd") is None:
        return None
    SSHD.mkdir(parents=True, exist_ok=True)
    entries = [path.stat() for path in (SSHD, *SSHD.parents)]
    if os.geteuid() != 0 or not all(entry.st_mode & stat.S_IXOTH for entry in entries):
        return DepotHost(getpass.getuser(), chroot=False, port=port)
    sealed = all(entry.st_uid == 0 and not entry.st_mode & (stat.S_IWGRP | stat.S_IWOTH) for entry in entries)
    return DepotHost(_OWN_ACCOUNT, chroot=sealed, port=port)
