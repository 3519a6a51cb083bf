"""Zip files from outside, HTML5 lessons and EPUBs: what is wrong with them, in words."""

import stat
import zipfile
from collections.abc import Iterator
from pathlib import Path

from content_packs.depot import MIB
from content_packs.text.zips import UNREADABLE_ZIP

MAX_ENTRIES = 20_000
MAX_UNPACKED_BYTES = 2048 * MIB
MAX_RATIO = 200  # of unpacked to packed; text reaches 20, a bomb 1000
INDEX_PAGE = "index.html"
_RATIO_FROM_BYTES = 50 * MIB  # below this even a bomb harms nobody
_MAX_PAGE_BYTES = 8 * MIB
_READ_BYTES = MIB
_ENCRYPTED = 1  # bit of the general purpose flags: APPNOTE.TXT 4.4.4


def check_zip(path: Path) -> list[str]:
    """Return what is wrong with any zip: unreadable, damaged, hostile."""
    try:
        with zipfile.ZipFile(path) as archive:
            return list(_check_entries(archive.infolist())) or list(_check_bytes(archive))
    except UNREADABLE_ZIP as error:
        return [f"not a zip file that can be read: {error}"]


def check_html5(path: Path) -> list[str]:
    """Return what is wrong with an HTML5 lesson: a zip with index.html at its top."""
    if faults := check_zip(path):
        return faults
    with zipfile.ZipFile(path) as archive:
        names = archive.namelist()
    if INDEX_PAGE in names:
        return []
    inside = sorted(name for name in names if name.endswith("/" + INDEX_PAGE))
    where = f" (there is {inside[0]!r}: zip what is in that folder, not the folder)" if inside else ""
    return [f"no {INDEX_PAGE} at the top of the zip{where}"]


def read_member(path: Path, name: str) -> bytes:
    """Return one file of a zip without faults, cut at 8 MiB."""
    with zipfile.ZipFile(path) as archive, archive.open(name) as file:
        return file.read(_MAX_PAGE_BYTES)


def _check_entries(entries: list[zipfile.ZipInfo]) -> Iterator[str]:
    if len(entries) > MAX_ENTRIES:
        yield f"expected at most {MAX_ENTRIES} files in the zip, got {len(entries)}"
        return
    for entry in entries:
        name = entry.orig_filename
        if name.startswith(("/", "\\")) or ".." in name.replace("\\", "/").split("/") or ":" in name[:2]:
            yield f"the zip holds {name!r}, a path that leads out of it"
        elif stat.S_ISLNK(entry.external_attr >> 16):
            yield f"the zip holds a link, {name!r}"
        elif entry.flag_bits & _ENCRYPTED:
            yield f"the zip holds {name!r} under a password"
    unpacked = sum(entry.file_size for entry in entries)
    packed = sum(entry.compress_size for entry in entries)
    if unpacked > MAX_UNPACKED_BYTES or (unpacked > _RATIO_FROM_BYTES and unpacked > MAX_RATIO * packed):
        yield f"the zip unpacks from {packed} to {unpacked} bytes: a zip bomb, or not a lesson"


def _check_bytes(archive: zipfile.ZipFile) -> Iterator[str]:
    """Read every entry, so that a wrong checksum or a lie about a size shows here and not in class."""
    for entry in archive.infolist():
        try:
            with archive.open(entry) as file:
                while file.read(_READ_BYTES):
                    pass
        except UNREADABLE_ZIP as error:
            yield f"the zip's file {entry.filename!r} is damaged: {error}"
