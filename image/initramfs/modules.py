"""Which kernel modules the initramfs takes, and in which order: read from the modules themselves."""

import lzma
import re
from collections.abc import Iterable
from pathlib import Path

from backports import zstd

# What reaches the card, reads its file systems and feeds its watchdog. Network drivers are not among
# them: nothing here uses the network, and udev loads them from the root a second later.
WANTED = (
    *(
        "bcm2835_wdt",
        "i6300esb",
    ),  # the watchdogs of a Pi and of QEMU, first: from here on nothing hangs for ever
    *("gpio-regulator", "fixed", "sdhci-iproc", "bcm2835"),  # card slots: Pi 4 with its voltages, Pi 3
    *(
        "dwc2",
        "phy-generic",
        "reset-raspberrypi",
        "xhci-pci",
    ),  # USB of Pi 3 and Pi 4, to start from a disk there
    *("usb-storage", "uas", "sd_mod"),
    *("virtio_blk", "virtio_scsi", "virtio_mmio"),  # QEMU, with the very image that schools get
    *("crc32c_generic", "ext4", "vfat", "nls_cp437", "nls_ascii", "nls_utf8", "squashfs", "overlay"),
)
_SUFFIXES = (".ko", ".ko.xz", ".ko.zst")
_DEPENDS = re.compile(rb"\0depends=([^\0]*)\0")


class ModuleMissingError(LookupError):
    """The kernel has a module neither as a file nor built in."""


def read_modules(kernel_dir: Path, wanted: Iterable[str] = WANTED) -> dict[str, bytes]:
    """Return the wanted modules and what they stand on, unpacked: name → bytes, in the order to load them.

    `kernel_dir` is lib/modules/<release> as the kernel's package brings it; no depmod has run there.

    Raises:
        ModuleMissingError: a module, or one that it depends on, is not there.
    """
    files = {_name(path): path for path in kernel_dir.rglob("*.ko*") if path.name.endswith(_SUFFIXES)}
    built_in = {_name(Path(line)) for line in (kernel_dir / "modules.builtin").read_text().splitlines()}
    found: dict[str, bytes] = {}
    for name in wanted:
        _add(_plain(name), files, built_in, found)
    return found


def depends_of(module: bytes) -> list[str]:
    """Return the names that an unpacked module says it needs, by the `depends=` in its .modinfo."""
    match = _DEPENDS.search(module)
    return [_plain(name) for name in match.group(1).decode().split(",") if name] if match else []


def _add(name: str, files: dict[str, Path], built_in: set[str], found: dict[str, bytes]) -> None:
    if name in found or name in built_in:
        return
    if name not in files:
        raise ModuleMissingError(
            f"kernel module {name}: expected a file or a line of modules.builtin, got neither"
        )
    module = _unpacked(files[name])
    for needed in depends_of(module):
        _add(needed, files, built_in, found)
    found[name] = module


def _unpacked(path: Path) -> bytes:
    data = path.read_bytes()
    if path.suffix == ".xz":
        return lzma.decompress(data)
    return zstd.decompress(data) if path.suffix == ".zst" else data


def _name(path: Path) -> str:
    return _plain(path.name.partition(".")[0])


def _plain(name: str) -> str:
    return name.replace("-", "_")
