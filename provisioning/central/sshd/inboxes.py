"""The disk of the inboxes: a file of a fixed size, so that no hub fills the disk of the depot or the host."""

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

from content_packs.depot import MIB
from content_packs.durable import fsync_dir, sync_filesystem, write_durably
from content_packs.errors import LocalError, UsageError
from provisioning.central.sshd.machine import Fault, run
from provisioning.central.sshd.names import INBOX, INBOX_IMAGE, SETUP, STATE_DIR
from provisioning.central.sshd.render import inbox_options
from provisioning.central.sshd.setup import Setup, encode_setup, read_setup

_BYTES_PER_INODE = 8192  # a report has some kB
_LEFT_FREE_MIB = 256  # of the disk on which the image is made


def find_disk_faults(setup: Setup, *, changed: Callable[[Setup], None]) -> Iterator[Fault]:
    """Yield what lacks of the disk; `changed` hears of what was found out about it."""
    inbox = setup.depot / INBOX
    if not setup.inbox_mib:
        return

    def make() -> None:
        nonlocal setup  # what is found out counts for the mount below
        setup = _make(setup)
        changed(setup)

    saved = read_setup()
    if not INBOX_IMAGE.is_file():
        size = f"{setup.inbox_mib} MiB in {INBOX_IMAGE}"
        yield Fault("the inboxes have no disk of their own", f"makes one of {size}", make)
    if not os.path.ismount(inbox):
        yield Fault(f"the disk of the inboxes is not mounted on {inbox}", "mounts it", lambda: _mount(setup))
    if saved is not None and 0 < saved.inbox_mib < setup.inbox_mib:
        yield Fault(
            f"the disk of the inboxes has {saved.inbox_mib} MiB, not {setup.inbox_mib}",
            "grows it; hubs do not notice",
            lambda: _grow(setup),
        )


def require_room_for(saved: Setup | None, setup: Setup) -> None:
    """Refuse a smaller disk than there is: what is on it might not fit.

    Raises:
        UsageError: with both sizes.
    """
    if saved is not None and setup.inbox_mib < saved.inbox_mib and INBOX_IMAGE.is_file():
        raise UsageError(
            f"--inbox-mib {setup.inbox_mib}: the disk of the inboxes has {saved.inbox_mib} MiB, "
            "and can only grow",
            hint=f"Say {saved.inbox_mib} or more, or leave the option out.",
        )


def _require_free(mib: int) -> None:
    free = shutil.disk_usage(STATE_DIR).free // MIB
    if free < mib + _LEFT_FREE_MIB:
        raise LocalError(
            f"{STATE_DIR}: a disk for inboxes needs {mib + _LEFT_FREE_MIB} MiB more, {free} MiB are free",
            hint="Make room, or a smaller one: --inbox-mib 256; or, before there is one, none: --inbox-mib 0",
        )


def _make(setup: Setup) -> Setup:
    """Make the image with what is in the inboxes now; return the set-up with what this kernel can count."""
    STATE_DIR.mkdir(mode=0o755, parents=True, exist_ok=True)
    unfinished = INBOX_IMAGE.with_name(".inboxes.tmp")
    unfinished.unlink(missing_ok=True)
    _require_free(setup.inbox_mib)
    with unfinished.open("wb") as file:
        # What it may hold is there: not only promised.
        os.posix_fallocate(file.fileno(), 0, setup.inbox_mib * MIB)
    has_quota = any(_try_disk(setup, unfinished, quota=quota) and quota for quota in (True, False))
    made = replace(setup, has_quota=has_quota)
    # Before the disk has its name: one that is there after a power cut is mounted as it was made.
    write_durably(SETUP, encode_setup(made))
    sync_filesystem(STATE_DIR)
    unfinished.replace(INBOX_IMAGE)
    fsync_dir(STATE_DIR)
    return made


def _grow(setup: Setup) -> None:
    """Make the mounted disk larger; after a power cut anywhere in it the same can be asked again."""
    with INBOX_IMAGE.open("r+b") as file:
        missing = setup.inbox_mib * MIB - os.fstat(file.fileno()).st_size
        if missing > 0:
            _require_free(missing // MIB)
            os.posix_fallocate(file.fileno(), 0, setup.inbox_mib * MIB)
    inbox = setup.depot / INBOX
    device = run("findmnt", "--noheadings", "--output", "SOURCE", "--mountpoint", inbox).strip()
    run("losetup", "--set-capacity", device)
    run("resize2fs", device)
    write_durably(SETUP, encode_setup(setup))


def _try_disk(setup: Setup, image: Path, *, quota: bool) -> bool:
    """Make a file system with what is in the inboxes now; False where this kernel cannot mount it."""
    features = ("-O", "quota", "-E", "quotatype=usrquota") if quota else ()
    run("mkfs.ext4", "-q", "-F", "-m", "0", "-i", str(_BYTES_PER_INODE), *features, image)
    with tempfile.TemporaryDirectory(prefix="hub-inboxes-") as name:
        try:
            run("mount", "-o", inbox_options(quota=quota), image, name)
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
    run("mount", "-o", inbox_options(quota=setup.has_quota), INBOX_IMAGE, setup.depot / INBOX)
