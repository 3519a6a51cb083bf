"""The power fails at any system call of an install: the old version or the new one is whole, FAULTS 3.

Each time a process is killed by strace as it enters one system call, on an ext4 file system of its own.
What the kernel shows then is a killed process. What a copy of the disk shows, taken at once, is a power cut:
ext4 has not yet written what nobody asked it to.
"""

import os
import re
import shutil
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self

import pytest

from hub.library.installed import current_version, list_versions
from hub.library.store import Store, hash_file
from hub.settings import HubPaths
from support.built import build, put_in_depot, random_bytes
from support.install_once import install_once
from support.sources import PAGE, read_tree

SUDO = [] if os.geteuid() == 0 else ["sudo"]
CHANGING = (
    *("rename", "renameat", "renameat2", "link", "linkat", "symlink", "symlinkat", "unlink", "unlinkat"),
    *(
        "mkdir",
        "mkdirat",
        "rmdir",
        "fsync",
        "fdatasync",
        "syncfs",
        "ftruncate",
        "chmod",
        "fchmod",
        "fchmodat",
    ),
    *("write", "pwrite64"),
)
IMAGE_MB = 24
BOOTS = ("boot-1", "boot-2")


def files_of(version: int) -> dict[str, bytes]:
    return {
        "index.html": PAGE.format("i", f"v{version}").encode(),
        "page.html": PAGE.format("p", f"v{version}").encode() * 50,
        "same.jpg": random_bytes(20_000),
        "film.mp4": random_bytes(1_200_000, version),
    }


@contextmanager
def mounted(image: Path, place: Path) -> Iterator[Path]:
    """Mount an ext4 image; yield its folder for the hub."""
    place.mkdir(exist_ok=True)
    subprocess.run([*SUDO, "mount", "-o", "loop", str(image), str(place)], check=True)
    try:
        yield place / "hub"
    finally:
        subprocess.run([*SUDO, "umount", str(place)], check=True)


@contextmanager
def memory(place: Path) -> Iterator[Path]:
    """Yield a folder in memory: each unmount of an image would wait for the disk of this machine."""
    place.mkdir()
    subprocess.run([*SUDO, "mount", "-t", "tmpfs", "-o", "mode=777", "images", str(place)], check=True)
    try:
        yield place
    finally:
        subprocess.run([*SUDO, "umount", str(place)], check=True)


class Disk:
    """A disk with version 1 installed, and version 2 in a depot beside it; `images` is a folder in memory."""

    def __init__(self, folder: Path, images: Path) -> None:
        self.folder, self.depot, self.images = folder, folder / "depot", images
        self.built = {version: build(folder, files_of(version), version=version) for version in (1, 2)}
        for built in self.built.values():
            put_in_depot(built, self.depot)
        self.base = self.images / "base.img"
        with self.base.open("wb") as file:
            file.truncate(IMAGE_MB * 1024 * 1024)
        subprocess.run(["mkfs.ext4", "-q", "-F", str(self.base)], check=True)
        (folder / "disk").mkdir()
        subprocess.run([*SUDO, "mount", "-o", "loop", str(self.base), str(folder / "disk")], check=True)
        subprocess.run([*SUDO, "chmod", "0777", str(folder / "disk")], check=True)
        install_once(folder / "disk/hub", self.depot, self.built[1].folder, BOOTS[0])
        subprocess.run([*SUDO, "umount", str(folder / "disk")], check=True)
        command = [sys.executable, "-B", "-m", "support.install_once"]
        command += [str(p) for p in (folder / "disk/hub", self.depot, self.built[2].folder)]
        env = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
        self._installer = subprocess.Popen(
            [*command, BOOTS[0]], env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self._installer.communicate()

    def install_under_strace(self, *options: str) -> int:
        """Install version 2 on a fresh copy that is mounted already; return how the process ended."""
        pid = self._ask_installer()
        command = [*SUDO, "strace", "-f", *options, "-p", str(pid)]
        with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as strace:
            assert strace.stderr is not None
            said = strace.stderr.readline()
            assert said.endswith(" attached\n"), said
            return self._ask_installer()

    def _ask_installer(self) -> int:
        assert self._installer.stdin is not None
        assert self._installer.stdout is not None
        self._installer.stdin.write("\n")
        self._installer.stdin.flush()
        return int(self._installer.stdout.readline())

    def list_calls(self) -> list[tuple[str, int]]:
        """Return each changing system call of an install as (name, which of them)."""
        log = self.folder / "calls"
        with self.fresh():
            assert self.install_under_strace("-e", f"trace={','.join(CHANGING)}", "-o", str(log)) == 0
        counts = Counter(re.findall(r"^\d+ +(\w+)\(", log.read_text(), re.MULTILINE))
        return [(name, number) for name, count in sorted(counts.items()) for number in range(1, count + 1)]

    @contextmanager
    def fresh(self) -> Iterator[Path]:
        """Mount a disk as it was before the install."""
        image = self.images / "work.img"
        shutil.copyfile(self.base, image)
        with mounted(image, self.folder / "disk") as hub:
            yield hub


def check_whole(hub: Path) -> int:
    """Return the version that learners see, after comparing every byte of it."""
    paths = HubPaths(hub)
    shown = current_version(paths, "lesson")
    assert shown in (1, 2)
    assert read_tree(paths.packs / "lesson/current/files") == files_of(shown)
    return shown


def check_mends(disk: Disk, hub: Path, boot_id: str) -> None:
    """The next sync brings version 2, and what the store holds is what its names say."""
    if check_whole(hub) == 1:
        install_once(hub, disk.depot, disk.built[2].folder, boot_id)
    paths = HubPaths(hub)
    assert check_whole(hub) == 2
    assert list_versions(paths, "lesson") == [1, 2]
    for path in Store(paths.store, boot_id).list_files():
        assert hash_file(path) == path.name


@pytest.mark.timeout(600)
def test_power_cut_at_every_system_call_of_an_install(tmp_path):
    shown = Counter()
    with memory(tmp_path / "images") as images, Disk(tmp_path, images) as disk:
        cut_at_every_call(disk, shown)
    assert min(shown.values()) > 0
    assert set(shown) == {("killed", 1), ("killed", 2), ("cut", 1), ("cut", 2)}


def cut_at_every_call(disk: Disk, shown: Counter[tuple[str, int]]) -> None:
    """Count which version was there after each kill and after each cut."""
    calls = disk.list_calls()
    assert len(calls) > 40
    for name, number in calls:
        cut_image = disk.images / "cut.img"
        with disk.fresh() as hub:
            inject = f"inject={name}:signal=SIGKILL:when={number}"
            ended = disk.install_under_strace("-e", f"trace={name}", "-e", inject, "-o", "/dev/null")
            shutil.copyfile(disk.images / "work.img", cut_image)
            assert ended == -signal.SIGKILL, f"{name} {number} was not reached"
            shown["killed", check_whole(hub)] += 1
        with mounted(cut_image, disk.folder / "disk") as hub:
            shown["cut", check_whole(hub)] += 1
            check_mends(disk, hub, BOOTS[1])
