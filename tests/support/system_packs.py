"""Pack sources for the hub itself, as a build of the card writes them, but small."""

import io
import json
import platform
import sys
import zipfile
from collections.abc import Mapping
from pathlib import Path

from support.sources import write_source

BUILT_AT = 2_000_000_000  # of what the packs hold
PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"
SOFTWARE = {
    "software": "v2",
    "built_at": BUILT_AT,
    "needs_image": 0,
    "python": PYTHON,
    "machine": platform.machine(),
}
IMAGE = {"image": "hub-v2", "built_at": BUILT_AT, "machine": platform.machine()}
BOARD = "raspberrypi,4-model-b"
SLOT_FILES = {
    "vmlinuz": b"kernel" * 100,
    "initrd.img": b"initrd",
    "cmdline.txt": b"console=tty0 hub.slot=a hub.disk=48554231 panic=10 quiet\n",
    "bcm2711-rpi-4-b.dtb": b"\xd0\x0d\xfe\xed" + BOARD.encode() + b"\0brcm,bcm2711\0",
    "bcm2837-rpi-3-b.dtb": b"\xd0\x0d\xfe\xedraspberrypi,3-model-b\0brcm,bcm2837\0",
}
ROOT = b"hsqs" + bytes(range(256)) * 12_000  # 3 MB


def wheel(says: str, *, extra: Mapping[str, str | bytes] | None = None) -> bytes:
    """Return a wheel whose command `hub` prints `says` and its arguments."""
    files = {
        "hub/__init__.py": "",
        "hub/serve.py": "",
        "hub/cli/__init__.py": f"import sys\n\n\ndef main():\n    print({says!r}, *sys.argv[1:])\n",
        "hub/cli/card_update.py": "",
        "classroom_hub-2.dist-info/METADATA": "Metadata-Version: 2.1\nName: classroom-hub\nVersion: 2\n",
        "classroom_hub-2.data/scripts/packs": "#!python\n",
        **(extra or {}),
    }
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return data.getvalue()


def software_source(
    folder: Path, version: int, *, wheel_bytes: bytes | None = None, **manifest: object
) -> Path:
    """Write the source of a software pack."""
    files = {
        "classroom_hub-2-py3-none-any.whl": wheel_bytes or wheel(f"software {version}"),
        "manifest.json": json.dumps(SOFTWARE | manifest).encode(),
    }
    return write_source(folder, files, id="hub-software", version=version, kind="software", entry=None)


def image_source(
    folder: Path, version: int, *, root: bytes = ROOT, without: str = "", **manifest: object
) -> Path:
    """Write the source of an image pack."""
    files = {**SLOT_FILES, "root.squashfs": root, "manifest.json": json.dumps(IMAGE | manifest).encode()}
    files.pop(without, None)
    return write_source(folder, files, id="hub-image", version=version, kind="image", entry=None)
