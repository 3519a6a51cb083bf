"""Write a depot, or the part that one hub needs, to a folder or stick. docs/format/depot-v1.md §7."""

import contextlib
import os
import shutil
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from content_packs import depot
from content_packs.built import open_built
from content_packs.durable import forget_cached, sync_filesystem, write_durably
from content_packs.errors import DiskFullError, LocalError, UsageError, local_error
from provisioning.central import metadata
from provisioning.central.fleet import open_fleet
from provisioning.central.heads import list_head_files
from provisioning.central.office import Office, changing, readable_by_hubs
from provisioning.central.publish import copy_whole
from provisioning.central.release import read_wanted
from provisioning.central.wanted import Wanted

Advance = Callable[[int], None]
_PIECE_BYTES = 1024 * 1024
MOUNT_FOLDERS = (Path("/media"), Path("/run/media"), Path("/mnt"), Path("/Volumes"))
_SPARE_BYTES = 16 * 1024 * 1024  # for the file system's own tables


@dataclass(frozen=True, slots=True)
class StickPlan:
    """What a stick shall hold. `data` are files of the depot; `signed` is written after them, in order."""

    packs: tuple[tuple[str, int], ...]
    hubs: tuple[str, ...]
    data: Mapping[str, int]  # path in the depot → size in bytes
    signed: Mapping[str, bytes]  # path → content: versioned metadata, timestamp, heads

    @property
    def total_bytes(self) -> int:
        """The size of everything on the stick."""
        return sum(self.data.values()) + sum(map(len, self.signed.values()))


def require_mounted(destination: Path) -> None:
    """Raise where a stick is meant and none is mounted: this computer's own disk would be filled instead.

    Raises:
        UsageError: the folder lies where sticks are mounted, but on no mounted disk.
    """
    whole = destination.absolute()
    for folder in (whole, *whole.parents):
        if folder in MOUNT_FOLDERS:
            raise UsageError(
                f"{destination}: no stick is mounted there",
                hint="Plug it in and wait until it is mounted; `lsblk` shows where.",
            )
        if folder.is_mount():
            return


def refuse_own_folder(office: Office, destination: Path) -> None:
    """Raise where a stick would be written over the installation that it is made from.

    Raises:
        UsageError: the folder is the installation, lies in it, or holds it.
    """
    stick, own = destination.resolve(), office.dir.resolve()
    if stick.is_relative_to(own) or (own.is_relative_to(stick) and not stick.is_mount()):
        raise UsageError(
            f"{destination}: is the office's own folder {office.dir}, or lies around it",
            hint="Name the folder of a stick, for example /media/USB.",
        )


def plan_stick(office: Office, hub_id: str | None) -> StickPlan:
    """Return what the stick of one hub, or of all enrolled hubs, holds.

    Metadata is read at once, under the lock; data never changes afterwards, so publishing may go on.

    Raises:
        UsageError: no such hub is enrolled.
    """
    with changing(office, "writing a stick"), open_fleet(office.fleet_db) as fleet:
        wanted = read_wanted(fleet)
        hubs = tuple(wanted.by_hub) if hub_id is None else (hub_id,)
        if hub_id is not None and hub_id not in wanted.by_hub:
            raise UsageError(f"no hub {hub_id} is enrolled", hint="`central hubs` lists them.")
        signed = _signed_files(office, wanted, hubs)
    packs = tuple(sorted({pack for hub in hubs for pack in wanted.by_hub[hub].items()}))
    data = {path: size for pack in packs for path, size in _pack_files(office.depot, *pack)}
    return StickPlan(packs, hubs, data, signed)


def _signed_files(office: Office, wanted: Wanted, hubs: Iterable[str]) -> dict[str, bytes]:
    """Return FORMAT, metadata with the timestamp last, heads, acks: the order to write them in."""
    current = metadata.read_current(office.tuf, office.root.read_bytes())
    names = {name for hub in hubs for name in list_head_files(current, hub, wanted.by_hub[hub])}
    names |= set(metadata.list_roots(office.tuf))
    ordered = sorted(names, key=lambda name: (name == "timestamp.json", name))
    files = {depot.FORMAT_PATH: depot.FORMAT_TEXT}
    files |= {depot.metadata_path(name): (office.tuf / name).read_bytes() for name in ordered}
    # As they lie in the depot: a newer one would make the depot's own seem to go back.
    files |= {path: (office.depot / path).read_bytes() for path in map(depot.head_path, hubs)}
    acks = [depot.acks_path(hub) for hub in hubs]  # not signed: a liar only makes a hub forget its reports
    return files | {path: file.read_bytes() for path in acks if (file := office.depot / path).is_file()}


def _pack_files(folder: Path, pack_id: str, version: int) -> Iterable[tuple[str, int]]:
    """Yield (path, size) of each file of a published pack."""
    pack_folder = folder / depot.pack_dir(pack_id, version)
    for path, _ in open_built(pack_folder).list_files():
        yield path, (folder / path).stat().st_size


def write_stick(office: Office, plan: StickPlan, destination: Path, *, advance: Advance) -> int:
    """Write what the stick lacks, read it back from the device, then write the metadata.

    What is there already and reads back right is kept, so a cut run goes on where it stopped, and a
    reader sees what the stick held before, or all of the new. Returns the bytes written.

    Raises:
        DiskFullError: it does not fit; nothing was written.
        LocalError: the stick does not give back what was written to it.
    """
    try:
        with readable_by_hubs():
            destination.mkdir(parents=True, exist_ok=True)
            _check_space(plan, destination)
            _make_inboxes(plan, destination)
            written = _write_data(office, plan, destination, advance)
            sync_filesystem(destination)
            written += _write_signed(plan, destination, advance)
            sync_filesystem(destination)
    except OSError as error:
        raise local_error(error, f"writing to {destination}") from error
    return written


def _make_inboxes(plan: StickPlan, destination: Path) -> None:
    """Make room for reports on the way back: any hub's account may leave them, whatever its number is."""
    for hub_id in plan.hubs:
        folder = destination / depot.inbox_dir(hub_id)
        folder.mkdir(parents=True, exist_ok=True)
        with contextlib.suppress(PermissionError):  # FAT keeps no modes
            folder.chmod(0o777)


def _write_data(office: Office, plan: StickPlan, destination: Path, advance: Advance) -> int:
    return sum(
        _write_one(office.depot / path, destination / path, size, advance) for path, size in plan.data.items()
    )


def _write_signed(plan: StickPlan, destination: Path, advance: Advance) -> int:
    written = 0
    for path, content in plan.signed.items():
        if not _holds(destination / path, content):
            write_durably(destination / path, content)
            written += len(content)
            if _read_back(destination / path) != sha256(content).hexdigest():
                raise _unreliable(destination / path)
        advance(len(content))
    return written


def _check_space(plan: StickPlan, destination: Path) -> None:
    present = sum(size for path, size in plan.data.items() if _size(destination / path) == size)
    needed = plan.total_bytes - present + _SPARE_BYTES
    free = shutil.disk_usage(destination).free
    if needed > free:
        raise DiskFullError(
            f"{destination}: {needed} bytes needed, {free} free",
            hint="Take a larger stick, or write it for one school: --hub HUB_ID.",
        )


def _size(path: Path) -> int | None:
    return path.stat().st_size if path.is_file() else None


def _holds(path: Path, content: bytes) -> bool:
    return _size(path) == len(content) and path.read_bytes() == content


def _write_one(source: Path, target: Path, size: int, advance: Advance) -> int:
    """Make sure that the stick has this file; return the bytes written."""
    expected = _hash(source)
    if _size(target) == size and _read_back(target) == expected:
        advance(size)
        return 0
    target.parent.mkdir(parents=True, exist_ok=True)
    copy_whole(source, target, advance)
    _flush(target)
    if _read_back(target) != expected:
        raise _unreliable(target)
    return size


def _unreliable(path: Path) -> LocalError:
    return LocalError(
        f"{path}: the stick gives back other bytes than were written",
        hint="Take another stick: this one is worn out or not as large as it says.",
    )


def _flush(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())


def _read_back(path: Path) -> str:
    """Return the hash of what the device itself holds."""
    forget_cached(path)
    return _hash(path)


def _hash(path: Path) -> str:
    digest = sha256()
    with path.open("rb") as file:
        while piece := file.read(_PIECE_BYTES):
            digest.update(piece)
    return digest.hexdigest()
