"""The smallest card that our kernel and init start: busybox and e2fsprogs for a root, made in seconds.

Kernel and programs are those of the card's Debian, for arm64, fetched once by package name into
build/small-card with a package state of its own: nothing of the host's changes.
`python -m support.small_card` fetches them, so that no test waits for it.
"""

import os
import subprocess
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from image.initramfs import build_initramfs

SUITE = "trixie"
DISK_ID = "c1a55001"
BUILT_AT = 1_790_000_000  # September 2026
MIB = 1024 * 1024
_FOLDER = Path(__file__).parents[2] / "build" / "small-card"
_STARTS_MIB, _SIZES_MIB = (8, 104, 128, 152), (96, 24, 24, 64)
_INIT = """#!/bin/busybox sh
export PATH=/bin:/sbin
/bin/busybox --install -s /run 2>/dev/null; PATH=$PATH:/run
watchdog -t 5 /dev/watchdog
echo "small root is up: $(cat /etc/slot-name)"
exec setsid cttyhack sh -c 'stty -echo; while :; do sh; done' </dev/console >/dev/console 2>&1
"""
_CONFIG = "[all]\narm_64bit=1\nos_prefix=a/\nkernel=vmlinuz\ninitramfs initrd.img followkernel\n"


@dataclass(frozen=True, slots=True)
class Parts:
    """What Debian brings, unpacked."""

    kernel: Path  # the image that the firmware starts
    modules: Path
    busybox: Path
    programs: Path  # a tree with e2fsck, resize2fs and their libraries


@cache
def fetched_parts() -> Parts:
    """Fetch and unpack what the card is made of; where that was done before, only return it."""
    done = _FOLDER / "unpacked"
    if not done.exists():
        _fetch()
        fresh = done.with_suffix(".new")
        subprocess.run(["rm", "-rf", fresh], check=True)
        for package in sorted(_FOLDER.glob("debs/*.deb")):
            tree = fresh / _tree_of(package.name)
            tree.mkdir(parents=True, exist_ok=True)
            subprocess.run(["dpkg-deb", "-x", package, tree], check=True)
        fresh.rename(done)
    kernel = done / "kernel"
    (modules,) = kernel.glob("usr/lib/modules/*")
    (vmlinuz,) = kernel.glob("boot/vmlinuz-*")
    return Parts(vmlinuz, modules, done / "busybox" / "usr/bin/busybox", done / "programs")


def build_small_image(folder: Path, *, roots: str = "a") -> Path:
    """Make the image: boot partition, a root for each of `roots`, data; return its path."""
    parts = fetched_parts()
    image = folder / "small.img"
    initrd = build_initrd(folder)
    with image.open("wb") as file:
        file.truncate((_STARTS_MIB[3] + _SIZES_MIB[3]) * MIB)
    _write_table(image)
    _place(image, 0, _boot_partition(folder, parts, initrd, roots))
    for slot in roots:
        _place(image, "xab".index(slot), build_root(folder, slot))
    _place(image, 3, _data_partition(folder))
    return image


def build_initrd(folder: Path) -> Path:
    """Make what the kernel starts first."""
    parts, initrd = fetched_parts(), folder / "initrd.img"
    initrd.write_bytes(build_initramfs(parts.modules, parts.busybox, built_at=BUILT_AT))
    return initrd


def build_root(folder: Path, slot: str, *, init: str = _INIT) -> Path:
    """Make the root of one slot, whose first program is the script `init`."""
    parts = fetched_parts()
    tree = folder / f"root-{slot}"
    subprocess.run(["cp", "-a", parts.programs, tree], check=True)
    for name in (
        "bin",
        "dev",
        "proc",
        "sys",
        "run",
        "tmp",
        "data",
        "etc",
        "var",
        "boot/firmware",
        "var/lib/systemd",
    ):
        (tree / name).mkdir(parents=True, exist_ok=True)
    for name in ("sbin", "lib"):
        if not (tree / name).exists():
            (tree / name).symlink_to(f"usr/{name}")
    (tree / "bin/busybox").write_bytes(parts.busybox.read_bytes())
    (tree / "bin/busybox").chmod(0o755)
    (tree / "bin/sh").symlink_to("busybox")
    (tree / "sbin/init").write_text(init)
    (tree / "sbin/init").chmod(0o755)
    (tree / "etc/slot-name").write_text(f"{slot}\n")
    (tree / "usr/lib/hub").mkdir(parents=True)
    (tree / "usr/lib/hub/binds").write_text("card/systemd /var/lib/systemd\n")
    root = folder / f"root-{slot}.squashfs"
    command = ["mksquashfs", tree, root, "-quiet", "-no-progress", "-noappend"]
    subprocess.run([*command, "-comp", "zstd", "-Xcompression-level", "1"], check=True)
    return root


def _fetch() -> None:
    apt, debs = _FOLDER / "apt", _FOLDER / "debs"
    for folder in (apt / "state/lists/partial", apt / "cache/archives/partial", debs):
        folder.mkdir(parents=True, exist_ok=True)
    (apt / "status").touch()
    (apt / "sources.list").write_text(f"deb {_mirror()} {SUITE} main\n")
    (apt / "apt.conf").write_text(
        f'Dir::State "{apt}/state";\nDir::State::status "{apt}/status";\nDir::Cache "{apt}/cache";\n'
        f'Dir::Etc::sourcelist "{apt}/sources.list";\nDir::Etc::sourceparts "-";\n'
        'APT::Architecture "arm64";\nAPT::Architectures { "arm64"; };\n'
        'APT::Sandbox::User "root";\nAcquire::Languages "none";\n'
    )
    names = ["e2fsprogs"]
    _apt(apt, "apt-get", "--quiet=2", "update")
    shown = _apt(apt, "apt-cache", "depends", "--important", "linux-image-arm64")
    kernel = next(line.split()[1] for line in shown.splitlines() if "Depends:" in line)
    archives = f"Dir::Cache::archives={debs}"
    (debs / "partial").mkdir(exist_ok=True)
    _apt(
        apt,
        "apt-get",
        "--quiet=2",
        "--yes",
        "--download-only",
        "--no-install-recommends",
        "-o",
        archives,
        "install",
        *names,
    )
    subprocess.run(
        ["apt-get", "--quiet=2", "download", kernel, "busybox-static"],
        check=True,
        cwd=debs,
        env=_apt_env(apt),
    )


def _mirror() -> str:
    """Return where this host's own Debian packages come from."""
    told = subprocess.run(
        ["apt-get", "indextargets", "--format", "$(REPO_URI) $(ORIGIN) $(LABEL)", "Created-By: Packages"],
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    for line in told.stdout.splitlines():
        uri, _, label = line.partition(" ")
        if label == "Debian Debian":
            return uri
    raise LookupError(f"no Debian mirror in this host's package sources: {told.stdout!r}")


def _apt(apt: Path, *words: str) -> str:
    return subprocess.run(words, check=True, env=_apt_env(apt), stdout=subprocess.PIPE, text=True).stdout


def _apt_env(apt: Path) -> dict[str, str]:
    return {**os.environ, "APT_CONFIG": str(apt / "apt.conf")}


def _tree_of(package: str) -> str:
    if package.startswith("linux-image"):
        return "kernel"
    return "busybox" if package.startswith("busybox") else "programs"


def _write_table(image: Path) -> None:
    kinds = ("c,*", "83", "83", "83")
    lines = [f"label: dos\nlabel-id: 0x{DISK_ID}"]
    for start, size, kind in zip(_STARTS_MIB, _SIZES_MIB, kinds, strict=True):
        lines.append(f"{start}MiB,{size}MiB,{kind}")
    subprocess.run(
        ["sfdisk", "--quiet", image], input="\n".join(lines).encode(), check=True, capture_output=True
    )


def _place(image: Path, number: int, part: Path) -> None:
    assert part.stat().st_size <= _SIZES_MIB[number] * MIB, f"{part.name} has {part.stat().st_size} bytes"
    with image.open("r+b") as file:
        file.seek(_STARTS_MIB[number] * MIB)
        file.write(part.read_bytes())


def _boot_partition(folder: Path, parts: Parts, initrd: Path, roots: str) -> Path:
    fat = folder / "boot.fat"
    subprocess.run(["mkfs.vfat", "-C", fat, str(_SIZES_MIB[0] * 1024)], check=True, capture_output=True)
    config, line = folder / "config.txt", folder / "cmdline.txt"
    config.write_text(_CONFIG)
    _mcopy(fat, config, "config.txt")
    for slot in roots:
        line.write_text(f"hub.slot={slot} hub.disk={DISK_ID} panic=2\n")
        subprocess.run(["mmd", "-i", fat, f"::{slot}"], check=True)
        _mcopy(fat, parts.kernel, f"{slot}/vmlinuz")
        _mcopy(fat, initrd, f"{slot}/initrd.img")
        _mcopy(fat, line, f"{slot}/cmdline.txt")
    return fat


def _mcopy(fat: Path, source: Path, name: str) -> None:
    subprocess.run(["mcopy", "-i", fat, source, f"::{name}"], check=True)


def _data_partition(folder: Path) -> Path:
    data = folder / "data.ext4"
    subprocess.run(
        ["mke2fs", "-q", "-F", "-t", "ext4", "-b", "4096", "-i", "32768", data, f"{_SIZES_MIB[3]}M"],
        check=True,
    )
    return data


if __name__ == "__main__":
    print(f"small card: {fetched_parts().kernel}")
