"""`hub restore FILE`: unpack beside, check everything, then move it all into place; a cut is gone on from.

staging/            on a card /data/card/restore, which only root reaches; else .restore in the hub's folder
├── new/…           the files, by their names in the backup
└── ready           written when all are there and right: from then on the restore is finished, come what may
"""

import hashlib
import json
import os
import shutil
import sqlite3
import tarfile
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Any, cast

from backports import zstd

from content_packs.durable import fsync_dir, sync_filesystem, write_durably
from content_packs.errors import BadDataError, DiskFullError, UsageError, local_error
from hub.backup.contents import CARD, is_database, may_restore
from hub.backup.make import MANIFEST
from hub.backup.seal import Header, open_content, read_header
from hub.school import CentralConfig, read_config, write_config
from hub.settings import HubPaths

READY, NEW = "ready", "new"
_SCHOOL = f"{CARD}/school.toml"
_MAX_MANIFEST = 4 * 1024 * 1024
_MAX_FILES = 10_000
_SIDECARS = ("-wal", "-shm", "-journal")
_PUBLIC = (".pub", "hub.toml")
_KOLIBRI = "kolibri"
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


@dataclass(frozen=True, slots=True)
class Found:
    """What a backup holds."""

    header: Header
    files: tuple[str, ...]
    left_out: tuple[str, ...]  # what this machine has no place for
    size_bytes: int


def staging_dir(paths: HubPaths, card_dir: Path | None) -> Path:
    """Return the folder of a restore."""
    return card_dir / "restore" if card_dir is not None else paths.dir / ".restore"


def peek(path: Path) -> Header:
    """Return what can be read of a backup without its code.

    Raises:
        UsageError: no such file.
        UnknownFormatError: no backup.
    """
    with _opened(path) as file:
        return read_header(file)[0]


def check_backup(path: Path, paths: HubPaths, *, code: str = "", card_dir: Path | None = None) -> Found:
    """Read a backup whole and check every byte; nothing stays on the disk.

    Raises:
        UsageError, BadDataError, LocalError: as `stage`.
    """
    staging = staging_dir(paths, card_dir).with_name(".restore-check")
    try:
        shutil.rmtree(staging, ignore_errors=True)  # of a check that was cut
        _forget_cached(path)
        return _unpack(path, staging, code, to_card=card_dir is not None)
    except OSError as error:
        raise local_error(error, f"reading {path}") from error
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def _forget_cached(path: Path) -> None:
    """Let the next read come from the disk: a check of what was just written is one of the stick."""
    with _opened(path) as file:
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def stage(path: Path, paths: HubPaths, *, code: str = "", card_dir: Path | None = None) -> Found:
    """Unpack and check a backup; from here on `finish` is all that is left.

    Raises:
        UsageError: the code is missing or another, or there is no such file.
        BadDataError: it was changed, cut, or holds what no backup holds; names it.
        LocalError: the disk refuses.
    """
    staging = staging_dir(paths, card_dir)
    try:
        shutil.rmtree(staging, ignore_errors=True)
        found = _unpack(path, staging, code, to_card=card_dir is not None)
        sync_filesystem(staging)
        write_durably(staging / READY, json.dumps(found.files).encode(), mode=0o600)
        fsync_dir(staging.parent)
    except BaseException as error:
        shutil.rmtree(staging, ignore_errors=True)
        if isinstance(error, OSError):
            raise local_error(error, f"unpacking {path}") from error
        raise
    return found


def finish(paths: HubPaths, *, card_dir: Path | None = None) -> int:
    """Move what was staged into place and return how many files that were; 0: there was nothing to do.

    The hub's services must not run. Cut at any moment, it is gone on with at the next call.

    Raises:
        LocalError: the disk refuses.
    """
    staging = staging_dir(paths, card_dir)
    try:
        if not (staging / READY).is_file():
            shutil.rmtree(staging, ignore_errors=True)  # cut before it was whole: nothing has begun
            return 0
        names = json.loads((staging / READY).read_bytes())
        with suppress(FileNotFoundError):
            (paths.dir / "outbox" / "state").unlink()  # a new stream begins
        count = sum(_move(staging, paths, card_dir, name) for name in names)
        sync_filesystem(paths.dir)
        shutil.rmtree(staging)
    except (OSError, ValueError) as error:
        failure = error if isinstance(error, OSError) else OSError(5, str(error))
        raise local_error(failure, "restoring") from error
    return count


def _opened(path: Path) -> IO[bytes]:
    try:
        return path.open("rb")
    except (FileNotFoundError, IsADirectoryError, NotADirectoryError) as error:
        raise UsageError(f"{path}: no such file", hint="Give a file that `hub backup` made.") from error
    except OSError as error:
        raise local_error(error, f"reading {path}") from error


def _unpack(path: Path, staging: Path, code: str, *, to_card: bool) -> Found:
    staging.mkdir(mode=0o700)
    with _opened(path) as file:
        header, line = read_header(file)
        stream = _Stream(open_content(file, header, line, code))
        try:
            with tarfile.open(fileobj=cast(IO[bytes], stream), mode="r|") as tar:
                members = iter(tar)
                listed = _read_manifest(tar, next(members, None))
                taken = {name for name in listed if may_restore(name, to_card=to_card)}
                _require_room(staging, sum(listed[name]["size"] for name in taken))
                seen = set()
                for member in members:
                    _take(tar, member, listed, taken, staging / NEW)
                    seen.add(member.name)
            stream.drain()
        except (tarfile.TarError, zstd.ZstdError, EOFError) as error:
            raise BadDataError(f"{path.name} is damaged: {error}", hint="Use another backup.") from error
    if missing := sorted(listed.keys() - seen):
        raise BadDataError(f"{path.name} lacks {missing[0]}, which it lists", hint="Use another backup.")
    for name in sorted(taken):
        if is_database(name):
            _check_database(staging / NEW / name, name)
    size = sum(entry["size"] for entry in listed.values())
    return Found(header, tuple(sorted(taken)), tuple(sorted(listed.keys() - taken)), size)


def _read_manifest(tar: tarfile.TarFile, member: tarfile.TarInfo | None) -> dict[str, dict[str, Any]]:
    file = tar.extractfile(member) if member is not None and member.name == MANIFEST else None
    if file is None:
        raise BadDataError(f"the backup does not begin with {MANIFEST}", hint="Use another backup.")
    try:
        values = json.loads(file.read(_MAX_MANIFEST))
        files = {str(name): dict(entry) for name, entry in values["files"].items()}
        if values["format"] != 1 or len(files) > _MAX_FILES:
            raise ValueError(f"format {values['format']}, {len(files)} files")
        if not all(isinstance(e["size"], int) and isinstance(e["sha256"], str) for e in files.values()):
            raise ValueError("a file without size and sha256")
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise BadDataError(f"{MANIFEST} of the backup cannot be used: {error}") from error
    return files


def _take(
    tar: tarfile.TarFile,
    member: tarfile.TarInfo,
    listed: dict[str, dict[str, Any]],
    taken: set[str],
    target: Path,
) -> None:
    entry = listed.get(member.name)
    if entry is None or not member.isreg():
        raise BadDataError(f"the backup holds {member.name[:100]!r}, which it does not list as a file")
    file = tar.extractfile(member)
    if member.size != entry["size"] or file is None:
        raise BadDataError(f"{member.name}: expected {entry['size']} bytes, got {member.size}")
    if member.name not in taken:
        return
    place = target / member.name
    place.parent.mkdir(parents=True, exist_ok=True)
    digest = hashlib.sha256()
    with place.open("xb") as out:
        while piece := file.read(1024 * 1024):
            digest.update(piece)
            out.write(piece)
    if digest.hexdigest() != entry["sha256"]:
        raise BadDataError(f"{member.name}: expected sha256 {entry['sha256']}, got {digest.hexdigest()}")


def _check_database(path: Path, name: str) -> None:
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro&immutable=1", uri=True)) as db:
            said = str(db.execute("pragma quick_check(1)").fetchone()[0])
    except sqlite3.Error as error:
        said = str(error)
    if said != "ok":
        raise BadDataError(f"{name} of the backup is damaged: {said}", hint="Use another backup.")


def _require_room(folder: Path, size: int) -> None:
    free = shutil.disk_usage(folder).free
    if size > free:
        raise DiskFullError(
            f"the backup takes {size} bytes, and {free} are free", hint="Free some space on this disk first."
        )


class _Stream:
    """What tarfile reads from: the unsealed content, decompressed."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._unpacker = zstd.ZstdDecompressor()
        self._held = bytearray()

    def read(self, size: int) -> bytes:
        while len(self._held) < size and not self._unpacker.eof:
            piece = next(self._pieces, b"") if self._unpacker.needs_input else b""
            if not piece and self._unpacker.needs_input:
                break
            self._held += self._unpacker.decompress(piece, max_length=1024 * 1024)
        data = bytes(self._held[:size])
        del self._held[:size]
        return data

    def drain(self) -> None:
        """Read to the end, where the seal is checked.

        Raises:
            EOFError: the end is missing.
        """
        while self.read(1024 * 1024):
            pass
        if not self._unpacker.eof:
            raise EOFError("its end is missing")
        if self._unpacker.unused_data or next(self._pieces, b""):
            raise EOFError("something follows its end")


def _move(staging: Path, paths: HubPaths, card_dir: Path | None, name: str) -> int:
    """Move one file into place, if it is not there yet; below a folder that is a link, nothing is written."""
    source = staging / NEW / name
    if not source.is_file() or not may_restore(name, to_card=card_dir is not None):
        return 0
    prefix, *parents, last = name.split("/")
    is_card = prefix == CARD and card_dir is not None
    root = card_dir if is_card and card_dir is not None else paths.dir
    if name == _SCHOOL:
        _leave_out_other_office(source, root / last)
    owner = root.stat() if is_card else _owner_of(paths, parents)
    folder = os.open(root, _FOLDER)
    try:
        for part in parents:
            with suppress(FileExistsError):
                os.mkdir(part, 0o750, dir_fd=folder)
                _give(os.open(part, _FOLDER, dir_fd=folder), owner, close=True)
            inner = os.open(part, _FOLDER, dir_fd=folder)
            os.close(folder)
            folder = inner
        if is_database(last):
            for suffix in _SIDECARS:  # of the database that goes; with the new one they would spoil it
                with suppress(FileNotFoundError):
                    os.unlink(last + suffix, dir_fd=folder)
        source.chmod(0o644 if last.endswith(_PUBLIC) else 0o640 if is_database(last) else 0o600)
        if os.geteuid() == 0:
            os.chown(source, owner.st_uid, owner.st_gid, follow_symlinks=False)
        os.rename(source, last, dst_dir_fd=folder)
        os.fsync(folder)
    finally:
        os.close(folder)
    return 1


def _leave_out_other_office(source: Path, own: Path) -> None:
    """Take the office out of the school config that comes, where this card has another, which the next start
    puts there again: root runs what the office signed, and the portal may write a backup and ask for it.
    """
    try:
        now, coming = (read_config(path.read_bytes()).config for path in (own, source))
    except FileNotFoundError:
        return
    if now and now.central.root and coming and coming.central.root != now.central.root:
        left = write_config(replace(coming, central=CentralConfig()), comments=False)
        write_durably(source, left.encode(), mode=0o600)


def _owner_of(paths: HubPaths, parents: list[str]) -> os.stat_result:
    """Return whose a file of the hub is: Kolibri's own account's where there is one, and it is Kolibri's."""
    if parents[:1] == [_KOLIBRI] and paths.kolibri.is_dir():
        return paths.kolibri.stat()
    return paths.dir.stat()


def _give(folder: int, owner: os.stat_result, *, close: bool) -> None:
    if os.geteuid() == 0:
        os.fchown(folder, owner.st_uid, owner.st_gid)
    if close:
        os.close(folder)
