"""The depot's host as a whole machine: Debian's kernel and systemd, and `central` in it. Needs root.

Debian is fetched once by package names into build/depot-host; the program is put in anew for each session.
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from image.config import SUITE
from image.debian import read_mirrors
from image.steps.software import make_environment
from image.steps.wheels import choose, download_words
from support.machine import Machine

ROOT = Path(__file__).parents[2]
WORK = ROOT / "build" / "depot-host"
OFFICE = "/srv/central"
DISK_GIB = 4
# A plain server: what Debian's installer leaves, what docs/howto/admin says to install, and Python.
_PACKAGES = (
    *("systemd-sysv", "dbus", "udev", "kmod", "linux-image-amd64", "initramfs-tools", "zstd", "iproute2"),
    *("python3", "cron", "e2fsprogs", "openssh-client", "openssh-server", "quota"),
)
_MODULES = "virtio_pci\\nvirtio_blk\\next4\\n"  # of its initramfs: all drivers would take 40 s to unpack
_PREFIX = Path("/opt/central")
# What is slow to find, and not used, is not looked for.
_QUIET = "quiet systemd.show_status=no TERM=dumb module_blacklist=libata,floppy,psmouse,parport,cfg80211"


@dataclass(slots=True)
class DepotMachine(Machine):
    """A PC with a disk of Debian; a restart goes on in the same process, as that of a real machine."""

    def central(self, *words: object, code: int = 0, timeout_s: float = 300) -> Any:
        """Run `central` there as root and return its JSON; where it prints none, what it says."""
        command = " ".join(map(str, words))
        said = self.ask(
            f"central --dir {OFFICE} {command} --json >/run/out 2>/run/err; echo $? $(stat -c %s /run/out);"
            " cat /run/out /run/err",
            timeout_s=timeout_s,
        )
        head, _, rest = said.partition("\n")
        found, size = map(int, head.split())
        assert found == code, f"central {command}: expected exit {code}, got {said}"
        return json.loads(rest[: rest.rindex("}") + 1]) if size else rest

    def _kernel_files(self) -> None:
        pass  # beside the disk already

    def _command(self) -> list[str]:
        line = f"console=ttyS0 root=/dev/vda rw panic=-1 {_QUIET} {self.arguments}"
        files = ("-kernel", str(WORK / "vmlinuz"), "-initrd", str(WORK / "initrd.img"))
        return [
            *("nice", "-n", "5", "qemu-system-x86_64", "-M", "pc,usb=off", "-cpu", "Nehalem", "-smp", "1"),
            *("-m", str(self.memory_mib), *files, "-append", line),
            *("-nodefaults", "-serial", "stdio", "-display", "none"),
            # What the guest wrote and flushed is there after it is killed; what it kept in memory is not.
            *("-drive", f"file={self.card.path},format=qcow2,cache=writeback,if=none,id=disk"),
            *("-device", "virtio-blk-pci,drive=disk", "-device", "virtio-rng-pci"),
            *self._network(),
            *self.extra,
        ]


def make_disk() -> Path:
    """Return an image of the machine's disk, made of Debian's packages and of this working tree."""
    WORK.mkdir(parents=True, exist_ok=True)
    tree = _fetched_debian()
    wheels = [*_fetched_wheels().glob("*.whl"), _own_wheel()]
    image = WORK / "disk.img"
    with _writable(tree) as root:
        make_environment(_PREFIX, root, wheels, {"central", "hub", "packs"})
        for program in ("central", "hub", "packs"):
            (root / "usr/local/bin" / program).symlink_to(_PREFIX / "bin" / program)
        (root / "etc/fstab").write_text("/dev/vda / ext4 defaults 0 1\n")
        (root / "etc/hostname").write_text("depot\n")
        (root / "etc/hosts").write_text("127.0.0.1 localhost depot\n")
        network = root / "etc/systemd/network/10-wired.network"
        network.write_text("[Match]\nName=en*\n[Network]\nDHCP=ipv4\n")
        _run("systemctl", f"--root={root}", "--quiet", "enable", "systemd-networkd.service")
        _run("chroot", root, "python3", "-m", "compileall", "-q", "-s", "/", _PREFIX / "lib")
        image.unlink(missing_ok=True)
        _run("mke2fs", "-q", "-F", "-t", "ext4", "-d", root, image, f"{DISK_GIB}G")
    return image


def _fetched_debian() -> Path:
    """Fetch and install Debian; where that was done before, only return it."""
    tree = WORK / SUITE
    if tree.exists():
        return tree
    fresh = tree.with_suffix(".new")
    _run("rm", "-rf", fresh)
    conf = '"$1/etc/initramfs-tools'
    _run(
        *("mmdebstrap", "--quiet", "--architectures=amd64", "--variant=minbase"),
        *(f"--include={','.join(_PACKAGES)}", '--aptopt=APT::Install-Recommends "false"'),
        *(f"--dpkgopt=path-exclude=/usr/share/{part}/*" for part in ("man", "doc", "locale")),
        f'--essential-hook=mkdir -p {conf}/conf.d" && echo MODULES=list > {conf}/conf.d/small"',
        f'--essential-hook=printf "{_MODULES}" > {conf}/modules"',
        *(SUITE, fresh, *read_mirrors()),
    )
    for name in ("vmlinuz", "initrd.img"):
        (found,) = (fresh / "boot").glob(f"{name}-*")
        _run("cp", found, WORK / name)
    fresh.rename(tree)
    return tree


def _fetched_wheels() -> Path:
    folder = WORK / "wheels"
    wanted = folder / "wanted.txt"
    text = choose((ROOT / "requirements" / "hub.txt").read_text(encoding="utf-8"))
    if not wanted.exists() or wanted.read_text(encoding="utf-8") != text:
        _run("rm", "-rf", folder)
        folder.mkdir()
        new = folder / "wanted.new"
        new.write_text(text, encoding="utf-8")
        _run(*download_words("x86_64"), f"--dest={folder}", f"--requirement={new}")
        new.rename(wanted)
    return folder


def _own_wheel() -> Path:
    folder = WORK / "wheel"
    _run("rm", "-rf", folder)
    quiet = ("--quiet", "--disable-pip-version-check", "--no-deps", "--no-build-isolation")
    _run(sys.executable, "-m", "pip", "wheel", *quiet, f"--wheel-dir={folder}", ROOT)
    (wheel,) = folder.glob("*.whl")
    return wheel


@contextmanager
def _writable(tree: Path) -> Iterator[Path]:
    """Give a view of the tree in which to write; the tree stays as it is."""
    base = WORK / "view"
    _run("rm", "-rf", base)
    for name in ("upper", "work", "root"):
        (base / name).mkdir(parents=True)
    layers = f"lowerdir={tree},upperdir={base}/upper,workdir={base}/work"
    _run("mount", "-t", "overlay", "overlay", "-o", layers, base / "root")
    try:
        yield base / "root"
    finally:
        _run("umount", base / "root")
        _run("rm", "-rf", base)


def _run(*words: str | Path) -> None:
    done = subprocess.run(list(map(str, words)), capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{words}: {done.stdout}{done.stderr}"
