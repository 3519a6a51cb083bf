"""The entry by which Raspberry Pi Imager offers the image: os_list.json, as its doc/json-schema has it."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from image.hashes import hash_file

# By the names that Imager gives the boards. Only those whose Wi-Fi and card slot Debian's kernel drives:
# no Pi 5 and no Zero 2 W (field-notes/image.md §1.2).
DEVICES = ("pi3-64bit", "pi4-64bit")
_ICON = (
    "data:image/svg+xml;base64,PHN2ZyB4bWxucz0iaHR0cDovL3d3dy53My5vcmcvMjAwMC9zdmciIHdpZHRoPSI0MCIgaGVpZ2h0PSI0MCI+"
    "PHJlY3Qgd2lkdGg9IjQwIiBoZWlnaHQ9IjQwIiByeD0iOCIgZmlsbD0iIzFhNWZiNCIvPjxwYXRoIGQ9Ik0xMCAxOGwxMC04IDEwIDh2MTJIMTB6"
    "IiBmaWxsPSIjZmZmIi8+PC9zdmc+"
)
REQUIRED = (
    "name",
    "description",
    "icon",
    "url",
    "extract_size",
    "extract_sha256",
    "image_download_size",
    "release_date",
    "devices",
)


def make_os_list(image: Path, packed: Path, *, version: str, epoch: int, url: str = "") -> str:
    """Return os_list.json for one image.

    Args:
        image: as it is written to a card; Imager refuses to finish where its hash differs.
        packed: what is downloaded.
        version: shown to the person.
        epoch: when it was made, in seconds since 1970.
        url: where `packed` will be; without one, beside this file.
    """
    entry = {
        "name": f"Classroom hub {version}",
        "description": "Lessons for a school without Internet. Then put hub-config.txt on the card.",
        "icon": _ICON,
        "url": url or packed.name,
        "extract_size": image.stat().st_size,
        "extract_sha256": hash_file(image),
        "image_download_size": packed.stat().st_size,
        "image_download_sha256": hash_file(packed),
        "release_date": datetime.fromtimestamp(epoch, UTC).date().isoformat(),
        "devices": list(DEVICES),
        "architecture": "armv8",
        "init_format": "none",  # Imager's own settings are not for this system: one file has all of that
    }
    return json.dumps({"os_list": [entry]}, ensure_ascii=False, indent=2) + "\n"


def find_faults(document: Mapping[str, Any]) -> list[str]:
    """Return what in an os_list Imager would refuse."""
    faults = []
    for number, entry in enumerate(document.get("os_list", [])):
        where = f"entry {number}"
        faults += [f"{where}: no {key}" for key in REQUIRED if not entry.get(key)]
        if len(str(entry.get("extract_sha256", ""))) != 64:
            faults.append(f"{where}: extract_sha256 is no SHA-256")
        if entry.get("extract_size", 0) % 512:
            faults.append(f"{where}: extract_size is no multiple of 512")
        if entry.get("init_format") not in ("none", "systemd", "cloudinit", "cloudinit-rpi", "rpi-preseed"):
            faults.append(f"{where}: init_format is {entry.get('init_format')!r}")
    return faults or ([] if document.get("os_list") else ["no os_list"])
