"""The disk of the inboxes: a file of a fixed size, so that no hub fills the disk of the depot or the host."""

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

from content_packs.depot import MIB
from content_packs.durable import write_durably
from content_packs.errors import LocalError
from provisioning.central.readers import find_account
from provisioning.central.sshd.accounts import Allowed
from provisioning.central.sshd.machine import Fault, run
from provisioning.central.sshd.names import INBOX, INBOX_IMAGE, SETUP, STATE_DIR
from provisioning.central.sshd.setup import Setup, encode_setup

_BYTES_PER_INODE = 8192  # a report has some kB
_LEFT_FREE = 256 * MIB  # of the disk on which the image is made
_OPTIONS = "loop,nosuid,nodev,noexec,noatime"


def find_disk_faults(setup: Setup, *, changed: Callable[[Setup], None]) -> Iterator[Fault]:
    """Yield what lacks of the disk; `changed` hears of what was found out about it."""
    inbox = setup.depot / INBOX
    if not setup.inbox_mib:
        return
    if not INBOX_IMAGE.is_file():
        size = f"{setup.inbox_mib} MiB in {INBOX_IMAGE}"
        yield Fault(
            "the inboxes have no disk of their own", f"makes one of {size}", lambda: changed(_make(setup))
        )
    if not os.path.ismount(inbox):
        yield Fault(f"the disk of the inboxes is not mounted on {inbox}", "mounts it", lambda: _mount(setup))


def _make(setup: Setup) -> Setup:
    """Make the image with what is in the inboxes now; return the set-up with what this kernel can count."""
    size = setup.inbox_mib * MIB
    STATE_DIR.mkdir(mode=0o755, parents=True, exist_ok=True)
    free = shutil.disk_usage(STATE_DIR).free
    if free < size + _LEFT_FREE:
        raise LocalError(
            f"{STATE_DIR}: a disk for inboxes needs {setup.inbox_mib + _LEFT_FREE // MIB} MiB, "
            f"{free // MIB} MiB are free",
            hint="Make room, or a smaller one: --inbox-mib 256; or none: --inbox-mib 0",
        )
    unfinished = INBOX_IMAGE.with_name(".inboxes.tmp")
    unfinished.unlink(missing_ok=True)
    with unfinished.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, size)  # what it may hold is there: not only promised
    has_quota = any(_try_disk(setup, unfinished, quota=quota) and quota for quota in (True, False))
    unfinished.replace(INBOX_IMAGE)
    made = replace(setup, has_quota=has_quota)
    write_durably(SETUP, encode_setup(made))
    return made


def _try_disk(setup: Setup, image: Path, *, quota: bool) -> bool:
    """Make a file system with what is in the inboxes now; False where this kernel cannot mount it."""
    features = ("-O", "quota", "-E", "quotatype=usrquota") if quota else ()
    run("mkfs.ext4", "-q", "-F", "-m", "0", "-i", str(_BYTES_PER_INODE), *features, image)
    with tempfile.TemporaryDirectory(prefix="hub-inboxes-") as name:
        try:
            run("mount", "-o", _OPTIONS + (",usrquota" if quota else ""), image, name)
        except LocalError:
            if not quota:
                raise
            return False
        try:
            shutil.rmtree(Path(name) / "lost+found")
            found = setup.depot.stat()
            os.chown(name, found.st_uid, found.st_gid)
            Path(name).chmod(0o711)
            for entry in (setup.depot / INBOX).iterdir():
                run("cp", "--archive", entry, name)
        finally:
            run("umount", name)
    return True


def _mount(setup: Setup) -> None:
    options = _OPTIONS + (",usrquota" if setup.has_quota else "")
    run("mount", "-o", options, INBOX_IMAGE, setup.depot / INBOX)


def limit_hubs(setup: Setup, allowed: list[Allowed]) -> None:
    """Tell the kernel how much each hub may leave there.

    Raises:
        LocalError: the programs of the Debian package `quota` are missing.
    """
    if not setup.has_quota or not allowed:
        return
    blocks = setup.hub_mib * 1024
    for each in allowed:
        uid = find_account(each.hub_id)
        if uid is not None:
            limits = ("0", str(blocks), "0", str(setup.hub_files))
            run("setquota", "-u", str(uid), *limits, setup.depot / INBOX)
