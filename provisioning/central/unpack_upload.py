"""Unpack a zip that anybody may have made: nothing lands outside, no link, no bomb, no full disk."""

import shutil
import zipfile
from pathlib import Path

from content_packs.channel.archive import check_zip
from content_packs.errors import BadDataError, DiskFullError, local_error
from content_packs.source import PACK_TOML
from content_packs.text.zips import UNREADABLE_ZIP
from provisioning.central.uploads import RESERVE_BYTES

_UTF8 = 0x800  # bit of the general purpose flags: APPNOTE.TXT 4.4.4
_LEFT_OVER = ("__MACOSX", ".DS_Store", "Thumbs.db", "desktop.ini")
_INDEX = "index.zst"
_PIECE = 1024 * 1024


def unpack_upload(archive: Path, into: Path) -> Path:
    """Unpack a zip into a new folder; return the folder in it that holds the pack.

    Raises:
        BadDataError: no zip, a hostile or damaged one, or no pack in it.
        DiskFullError: the disk cannot hold it.
    """
    if faults := check_zip(archive):
        raise BadDataError(f"{faults[0]}", hint="Make the zip anew, of the pack's folder alone.")
    try:
        with zipfile.ZipFile(archive) as opened:
            entries = [(_name(entry), entry) for entry in opened.infolist() if not entry.is_dir()]
            _require_room(into.parent, sum(entry.file_size for _, entry in entries))
            into.mkdir(mode=0o700)
            for name, entry in entries:
                if not set(_LEFT_OVER) & set(name.split("/")):
                    _unpack_one(opened, entry, into, name)
    except UNREADABLE_ZIP as error:
        raise BadDataError(f"the zip cannot be read: {error}", hint="Make it anew.") from error
    except OSError as error:
        raise local_error(error, "unpacking the upload") from error
    return find_pack(into)


def _unpack_one(opened: zipfile.ZipFile, entry: zipfile.ZipInfo, into: Path, name: str) -> None:
    target = into / name
    if not target.resolve().is_relative_to(into.resolve()) or "\0" in name:
        raise BadDataError(f"the zip holds {name!r}, a path that leads out of it", hint="Make the zip anew.")
    if target.exists() or any(parent.is_file() for parent in target.parents if parent != into):
        raise BadDataError(f"the zip holds {name!r} twice", hint="Make the zip anew.")
    target.parent.mkdir(parents=True, exist_ok=True)
    with opened.open(entry) as reading, target.open("xb") as writing:
        shutil.copyfileobj(reading, writing, _PIECE)


def _name(entry: zipfile.ZipInfo) -> str:
    """Return the path of an entry. Windows writes Cyrillic names in the code page of DOS, and is silent."""
    name = entry.filename.replace("\\", "/")
    if entry.flag_bits & _UTF8 or name.isascii():
        return name
    raw = entry.orig_filename.encode("cp437", "replace")
    for encoding in ("utf-8", "cp866"):
        try:
            return raw.decode(encoding).replace("\\", "/")
        except UnicodeDecodeError:
            continue
    return name


def _require_room(folder: Path, needed: int) -> None:
    free = shutil.disk_usage(folder).free - RESERVE_BYTES
    if needed > free:
        raise DiskFullError(
            f"{folder}: {needed} bytes needed to unpack, {max(free, 0)} to spare", hint="Free some space."
        )


def find_pack(folder: Path) -> Path:
    """Return the folder with pack.toml or an index: this one, or the only one in it.

    Raises:
        BadDataError: there is none.
    """
    for _ in range(3):  # a zip of a folder holds that folder, and some programs put it into another one
        if (folder / PACK_TOML).is_file() or (folder / _INDEX).is_file():
            return folder
        inside = [path for path in folder.iterdir() if path.is_dir()]
        if len(inside) != 1:
            break
        folder = inside[0]
    raise BadDataError(
        f"no pack in the zip: expected {PACK_TOML} (a pack source) or {_INDEX} (a built pack) at its top",
        hint=f"Zip the folder that holds {PACK_TOML}.",
    )
