"""`hub backup FILE`: copy every database as SQLite does, list all with their hashes, write one file."""

import hashlib
import io
import json
import os
import shutil
import sqlite3
import tarfile
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import IO, cast

from backports import zstd

from content_packs.durable import fsync_dir
from content_packs.errors import DiskFullError, UsageError, local_error
from hub.backup.contents import Item, list_items
from hub.backup.seal import Header, Sealing, new_salt
from hub.db import to_local_error
from hub.school.codes import plain_code
from hub.settings import HubPaths, HubSettings

SUFFIX = ".hubbackup"
MANIFEST = "MANIFEST.json"
MIN_CODE = 8  # signs of a code
_MODE = 0o600
_DISTRIBUTION = "classroom-hub"
_PAGES = 2000  # of a database between two words of progress

Advance = Callable[[float], None]


@dataclass(frozen=True, slots=True)
class Made:
    """What was written."""

    path: Path
    files: int
    size_bytes: int
    is_sealed: bool


def make_backup(
    paths: HubPaths,
    settings: HubSettings,
    target: Path,
    *,
    now: datetime,
    code: str = "",
    card_dir: Path | None = None,
    advance: Advance = lambda _share: None,
) -> Made:
    """Write a backup; the file appears only whole, and what is there under that name stays until then.

    Raises:
        UsageError: the code is too short, or the folder is missing.
        LocalError: the disk or the stick refuses, or a database cannot be read.
    """
    if code and len(plain_code(code)) < MIN_CODE:
        raise UsageError(f"the code has {len(plain_code(code))} letters and digits, expected {MIN_CODE}")
    if not target.parent.is_dir():
        raise UsageError(f"{target.parent}: no such folder", hint="Plug the stick in, or correct the path.")
    salt = new_salt() if code else ""
    taken = now.isoformat(timespec="seconds")
    header = Header(settings.hub_id, settings.portal.name, taken, version(_DISTRIBUTION), salt)
    try:
        with _copies(paths, card_dir, advance) as copies:
            _require_room(target.parent, copies)
            size = _write(target, header, code, copies)
    except sqlite3.Error as error:
        raise to_local_error(error, "copying a database") from error
    except OSError as error:
        raise local_error(error, f"writing {target}") from error
    advance(1.0)
    return Made(target, len(copies), size, header.is_sealed)


@contextmanager
def _copies(paths: HubPaths, card_dir: Path | None, advance: Advance) -> Iterator[list[Item]]:
    """Give a copy of every database, and all else as it lies there."""
    items = list(list_items(paths.dir, card_dir))
    with tempfile.TemporaryDirectory(prefix=".backup-", dir=card_dir or paths.dir) as folder:
        copied: list[Item] = []
        for number, item in enumerate(items):
            if item.is_database:
                item.open().close()
                copy = Path(folder).resolve() / f"{number}.db"
                copy_database(item.path, copy)
                item = Item(item.name, copy)
            copied.append(item)
            advance(0.8 * (number + 1) / len(items))
        yield copied


def copy_database(source: Path, target: Path) -> None:
    """Copy a database that others are using, whole and at one moment.

    Raises:
        sqlite3.Error: it is damaged, or busy for too long.
    """
    with (
        closing(sqlite3.connect(f"{source.absolute().as_uri()}?mode=ro", uri=True, timeout=30)) as old,
        closing(sqlite3.connect(target)) as new,
    ):
        old.backup(new, pages=_PAGES)
        new.execute("pragma journal_mode=delete")  # one file, without sidecars


def _require_room(folder: Path, items: list[Item]) -> None:
    needed = sum(item.path.stat().st_size for item in items)
    free = shutil.disk_usage(folder).free
    if needed > free:  # packed it is less, by how much nobody knows
        raise DiskFullError(
            f"{folder}: the backup takes up to {needed} bytes, and {free} are free",
            hint="Delete something on the stick, or take another.",
        )


def _write(target: Path, header: Header, code: str, items: list[Item]) -> int:
    temporary = target.with_name(f".{target.name}.tmp")
    try:
        temporary.unlink(missing_ok=True)
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, _MODE)
        with os.fdopen(descriptor, "wb") as file:
            sealing = Sealing(file, header, code)
            _write_tar(sealing, items)
            sealing.close()
            file.flush()
            os.fsync(descriptor)
            size = file.tell()
        temporary.replace(target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    fsync_dir(target.parent)
    return size


def _write_tar(out: Sealing, items: list[Item]) -> None:
    listed = {item.name: _describe(item) for item in items}
    manifest = json.dumps({"format": 1, "files": listed}, indent=1).encode()
    level, checksum = zstd.CompressionParameter.compression_level, zstd.CompressionParameter.checksum_flag
    options: dict[int, int] = {level: 9, checksum: 1}
    compressor = zstd.ZstdCompressor(options=options)
    packed = _Packed(out, compressor)
    with tarfile.open(fileobj=cast(IO[bytes], packed), mode="w|", format=tarfile.PAX_FORMAT) as tar:
        _add(tar, MANIFEST, io.BytesIO(manifest), len(manifest))
        for item in items:
            with item.open() as file:
                _add(tar, item.name, file, int(listed[item.name]["size"]))
    out.write(compressor.flush())


def _add(tar: tarfile.TarFile, name: str, file: IO[bytes], size: int) -> None:
    info = tarfile.TarInfo(name)
    info.size, info.mode = size, _MODE
    tar.addfile(info, file)


class _Packed:
    """What tarfile writes to: the compressor, then the seal."""

    def __init__(self, out: Sealing, compressor: "zstd.ZstdCompressor") -> None:
        self._out, self._compressor = out, compressor

    def write(self, data: bytes) -> int:
        self._out.write(self._compressor.compress(data))
        return len(data)


def _describe(item: Item) -> dict[str, str | int]:
    with item.open() as file:
        return {
            "sha256": hashlib.file_digest(file, "sha256").hexdigest(),
            "size": os.fstat(file.fileno()).st_size,
        }
