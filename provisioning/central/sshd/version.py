"""Which OpenSSH is here: its releases know different settings."""

import os
import re
import shutil
import subprocess

from content_packs.errors import BadDataError, LocalError

PENALTIES = (9, 8)  # PerSourcePenalties: sshd_config(5) of that release
OLDEST = (9, 2)  # Debian 12
_VERSION = re.compile(r"OpenSSH_(\d+)\.(\d+)")

Version = tuple[int, int]


def parse_version(text: str) -> Version:
    """Return the release that `OpenSSH_9.2p1 Debian-2, …` names.

    Raises:
        BadDataError: it names none.
    """
    found = _VERSION.search(text)
    if not found:
        raise BadDataError(f"{text[:60]!r}: not a version of OpenSSH", hint="Say for example OpenSSH_9.2.")
    return int(found[1]), int(found[2])


def find_sshd() -> str:
    """Return the path of sshd.

    Raises:
        LocalError: it is not installed.
    """
    path = shutil.which("sshd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
    if path is None:
        raise LocalError("OpenSSH's server is not installed", hint="Run: apt install openssh-server")
    return path


def read_version(sshd: str) -> Version:
    """Ask sshd which release it is."""
    said = subprocess.run([sshd, "-V"], capture_output=True, text=True, check=False)
    return parse_version(said.stderr or said.stdout)
