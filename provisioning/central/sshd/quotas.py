"""How much each hub may leave in its inbox, where the kernel counts it; who has no room left."""

import csv
import os
from collections.abc import Iterator
from dataclasses import dataclass

from content_packs.segment import MAX_SEGMENT_BYTES
from provisioning.central.sshd.accounts import Allowed, without_strangers
from provisioning.central.sshd.machine import Fault, list_some, run
from provisioning.central.sshd.names import INBOX
from provisioning.central.sshd.setup import Setup

_FULL_PARTS = 20  # a disk of which less than such a part is free will be full soon


@dataclass(frozen=True, slots=True)
class Usage:
    """What one account has left there, and how much it may."""

    kib: int
    files: int
    max_kib: int
    max_files: int

    @property
    def is_full(self) -> bool:
        """Whether one more report of the largest size finds no room."""
        return self.kib + MAX_SEGMENT_BYTES // 1024 > self.max_kib or self.files >= self.max_files


def parse_report(text: str) -> dict[str, Usage]:
    """Return usage by account of what `repquota --output=csv` prints; accounts without limits too."""
    return {
        row["User"]: Usage(
            int(row["BlockUsed"]), int(row["FileUsed"]), int(row["BlockHardLimit"]), int(row["FileHardLimit"])
        )
        for row in csv.DictReader(text.splitlines())
    }


def read_usage(setup: Setup) -> dict[str, Usage]:
    """Return usage by account; of none where the kernel does not count, or the disk is not mounted."""
    inbox = setup.depot / INBOX
    if not setup.has_quota or not os.path.ismount(inbox):
        return {}
    return parse_report(run("repquota", "--user", "--verbose", "--output=csv", inbox, package="quota"))


def find_limit_faults(setup: Setup, allowed: list[Allowed]) -> Iterator[Fault]:
    """Yield which hubs may leave more or less than they should."""
    if not setup.has_quota or not os.path.ismount(setup.depot / INBOX):
        return
    usage = read_usage(setup)
    wanted = (setup.hub_mib * 1024, setup.hub_files)
    wrong = []
    for each in without_strangers(allowed):
        found = usage.get(each.account)
        if found is None or (found.max_kib, found.max_files) != wanted:
            wrong.append(each)
    if wrong:
        yield Fault(
            f"the kernel does not hold to {setup.hub_mib} MiB and {setup.hub_files} files: "
            f"{list_some([each.hub_id for each in wrong])}",
            "tells it",
            lambda: _limit(setup, wrong),
        )


def _limit(setup: Setup, hubs: list[Allowed]) -> None:
    lines = "".join(f"{each.account} 0 {setup.hub_mib * 1024} 0 {setup.hub_files}\n" for each in hubs)
    run("setquota", "--user", "--batch", setup.depot / INBOX, text=lines, package="quota")


def find_room_faults(setup: Setup, allowed: list[Allowed]) -> Iterator[Fault]:
    """Yield whose reports find no room, and whether those of all soon will not."""
    usage = read_usage(setup)
    for each in allowed:
        found = usage.get(each.account)
        if found is not None and found.max_kib and found.is_full:
            mib = -(-found.kib // 1024)
            yield Fault(
                f"the inbox of {each.hub_id} is full: {mib} of {found.max_kib // 1024} MiB, "
                f"{found.files} of {found.max_files} files",
                "take the reports in: central ingest; a hub that reports never fills it in a month, "
                "so look whether its key was stolen",
            )
    inbox = setup.depot / INBOX
    if not setup.inbox_mib or not os.path.ismount(inbox):
        return
    disk = os.statvfs(inbox)
    if disk.f_bavail * _FULL_PARTS < disk.f_blocks:
        free, size = (blocks * disk.f_frsize // 2**20 for blocks in (disk.f_bavail, disk.f_blocks))
        yield Fault(
            f"the disk of the inboxes is full: {free} of {size} MiB are free",
            "take the reports in: central ingest; then, if it happens again, a larger one: --inbox-mib N",
        )
