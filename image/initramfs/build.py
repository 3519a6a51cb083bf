"""Put the initramfs together: busybox, kernel modules, our init."""

import gzip
from pathlib import Path

from image.initramfs.cpio import Entry, character_device, file, folder, link, write_archive
from image.initramfs.modules import read_modules

_HERE = Path(__file__).parent
_SCRIPTS = ("slots.sh", "growth.sh", "watch.sh", "handover.sh")
_FOLDERS = ("bin", "lib", "lib/modules", "dev", "proc", "sys", "run", "boot", "new")


def build_initramfs(kernel_dir: Path, busybox_path: Path, *, built_at: int) -> bytes:
    """Return initrd.img for one kernel: the same inputs make the same bytes.

    Args:
        kernel_dir: lib/modules/<release> of the unpacked kernel package.
        busybox_path: a static busybox for the hub's processor.
        built_at: when the image is built, in seconds since 1970; no clock of a hub goes behind it.

    Raises:
        ModuleMissingError: this kernel lacks a module that the card needs.
    """
    modules = read_modules(kernel_dir)
    entries = [
        *(folder(path) for path in _FOLDERS),
        character_device("dev/console", 5, 1),
        character_device("dev/null", 1, 3, 0o666),
        file("bin/busybox", busybox_path.read_bytes(), 0o755),
        link("bin/sh", "busybox"),
        file("init", (_HERE / "init").read_bytes(), 0o755),
        *(file(f"lib/{name}", (_HERE / name).read_bytes()) for name in _SCRIPTS),
        file("lib/built-at", f"{built_at}\n".encode()),
        *_module_entries(modules),
    ]
    return gzip.compress(write_archive(entries, modified_at=built_at), compresslevel=6, mtime=0)


def _module_entries(modules: dict[str, bytes]) -> list[Entry]:
    order = "".join(f"{name}\n" for name in modules).encode()
    return [
        file("lib/modules/order", order),
        *(file(f"lib/modules/{name}.ko", module) for name, module in modules.items()),
    ]
