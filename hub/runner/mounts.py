"""Sticks as root handles them: mount, look, let go. What is on them is as hostile as anything.

Read-only, and no program, device or set-user-id file on a stick counts; writable only while a backup or
reports are written. Mounted below /run/hub/sticks by a name of plain letters, never by the stick's own words.
"""

import json
import os
import re
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from content_packs.console import note
from content_packs.durable import locked, sync_filesystem, write_durably
from content_packs.errors import BusyError, Error, LocalError, UsageError, local_error
from hub import sticks
from hub.card.places import CardPlaces
from hub.runner import looking
from hub.runner.task import Machine
from hub.settings import HubPaths
from hub.sticks import Stick
from hub.wording import later

FOLDER = Path("/run/hub/sticks")
_LOCK = Path("/run/hub/sticks.lock")
_DEVICE = re.compile(r"[a-z][a-z0-9]{1,30}")
_NAME = re.compile(r"[^A-Za-z0-9_-]+")
_OURS = "uid=%(uid)d,gid=%(gid)d,fmask=0137,dmask=0027"  # for file systems that know no owners
_OPTIONS = {
    "vfat": f"{_OURS},utf8,flush,errors=remount-ro",
    "exfat": _OURS,
    "ntfs": _OURS,
    **dict.fromkeys(("ext2", "ext3", "ext4"), "errors=remount-ro"),  # not what the stick asks for: a panic
}
_DRIVERS = {"ntfs": "ntfs3"}
_COLUMNS = "NAME,FSTYPE,UUID,LABEL,SIZE,RO"  # of lsblk
_READ_ONLY = ("ntfs",)  # a driver that has lost files
_ALWAYS = "nosuid,nodev,noexec,noatime,nosymfollow"  # no link on a stick leads into the hub
_CARD = CardPlaces()
_OWN = tuple(map(str, (_CARD.root, _CARD.data, _CARD.boot)))  # the hub's disk may hang on USB as well


@dataclass(frozen=True, slots=True)
class Device:
    """A partition, as lsblk knows it."""

    path: str
    name: str  # of its folder
    label: str
    filesystem: str
    size_bytes: int
    is_read_only: bool


def add(paths: HubPaths, machine: Machine, device_name: str) -> None:
    """Mount a device that was plugged in, and say what is on it.

    Raises:
        UsageError: no name of a device.
        NotACardError: this is no card.
        LocalError: it cannot be read; the pages say so as well.
    """
    machine.require_card("mounting a stick")
    device = read_device(machine, device_name)
    if _is_system(machine, device.path):
        note(f"{device.path} is on the hub's own disk; it is left alone")
        return
    mount = FOLDER / device.name
    stick = Stick(
        *(device.name, device.label, str(mount), device.filesystem, device.size_bytes, 0),
        is_writable=device.filesystem not in _READ_ONLY and not device.is_read_only,
        has_depot=False,
    )
    change(paths, device.name, lambda _before: stick)
    try:
        _mount(paths, machine, device, mount)
    except LocalError as error:
        failed = replace(
            stick,
            mount="",
            state=sticks.FAILED,
            message=later("This stick cannot be read: %(error)s."),
            hint=later("Look at it with a computer; format it as FAT32 or exFAT if nothing on it is needed."),
            values={"error": error.message},
        )
        change(paths, device.name, lambda _before: failed)
        raise
    look_again(paths, machine, device.name)


def remove(paths: HubPaths, machine: Machine, device_name: str) -> None:
    """Forget a device that was pulled out, in use or not.

    Raises:
        UsageError: no name of a device.
    """
    machine.require_card("letting a stick go")
    if not _DEVICE.fullmatch(device_name):
        raise UsageError(f"{device_name[:40]!r}: no name of a device", hint="Such as sda1.")
    device = f"/dev/{device_name}"
    for source, target in list_mounts():
        if source == device and target.startswith(f"{FOLDER}/"):
            _let_go(machine, Path(target))
    present = {Path(target).name for _, target in list_mounts() if target.startswith(f"{FOLDER}/")}
    with _sticks_lock():
        left = [s for s in sticks.list_sticks(paths) if s.name in present or _has_device(machine, s, device)]
        _write(paths, left)


def _has_device(machine: Machine, stick: Stick, gone: str) -> bool:
    """Whether the device of a stick that is not mounted is still there, and is not the one that went."""
    return any(d.name == stick.name and d.path != gone for d in _list_devices(machine))


def _list_devices(machine: Machine) -> list[Device]:
    try:
        text = machine.run("lsblk", "--json", "--bytes", "--list", "--output", _COLUMNS)
        return [_device(row) for row in json.loads(text)["blockdevices"] if row.get("fstype")]
    except (LocalError, ValueError, KeyError):
        return []


def read_device(machine: Machine, device_name: str) -> Device:
    """Return what is known of a partition.

    Raises:
        UsageError: no name of a device, or a file system that no stick has.
        LocalError: there is none.
    """
    if not _DEVICE.fullmatch(device_name):
        raise UsageError(f"{device_name[:40]!r}: no name of a device", hint="Such as sda1.")
    path = f"/dev/{device_name}"
    text = machine.run("lsblk", "--json", "--bytes", "--nodeps", "--output", _COLUMNS, path)
    try:
        device = _device(json.loads(text)["blockdevices"][0])
    except (ValueError, KeyError, IndexError) as error:
        raise LocalError(f"{path}: lsblk does not know it") from error
    if device.filesystem not in _OPTIONS:
        raise UsageError(
            f"{path}: has {device.filesystem or 'no file system'}, expected one of {', '.join(_OPTIONS)}",
            hint="Format the stick as FAT32 or exFAT.",
        )
    return device


def _device(row: dict[str, Any]) -> Device:
    filesystem = {"ntfs3": "ntfs"}.get(row["fstype"] or "", row["fstype"] or "")
    label = "".join(filter(str.isprintable, row["label"] or ""))[:40]
    size, is_read_only = int(row["size"] or 0), bool(row["ro"])
    name = name_of(row["uuid"] or row["name"])
    return Device(f"/dev/{row['name']}", name, label or name, filesystem, size, is_read_only)


def name_of(text: str) -> str:
    """Return a name of plain letters for a stick, from its UUID or its device's name."""
    return _NAME.sub("-", text).strip("-_")[:64] or "stick"


def mount_options(filesystem: str, *, uid: int, gid: int) -> str:
    """Return the options of `mount` for a stick of the hub's account; later it may be remounted writable."""
    own = _OPTIONS[filesystem] % {"uid": uid, "gid": gid}
    return ",".join(filter(None, ("ro", _ALWAYS, own)))


def _mount(paths: HubPaths, machine: Machine, device: Device, mount: Path) -> None:
    _let_go(machine, mount)
    mount.mkdir(parents=True, exist_ok=True)
    driver = _DRIVERS.get(device.filesystem, device.filesystem)
    owner = paths.dir.stat()
    options = mount_options(device.filesystem, uid=owner.st_uid, gid=owner.st_gid)
    machine.run("mount", "-t", driver, "-o", options, "--", device.path, str(mount))


def _let_go(machine: Machine, mount: Path) -> None:
    """Unmount a folder whatever uses it: the stick is gone, or another comes in its place."""
    while any(target == str(mount) for _, target in list_mounts()):
        machine.run("umount", "--lazy", "--", str(mount))
    with suppress(OSError):
        mount.rmdir()


def list_mounts() -> list[tuple[str, str]]:
    """Return (device, folder) of everything that is mounted: proc(5)."""
    lines = Path("/proc/self/mounts").read_text(errors="replace").splitlines()
    return [(_plain(words[0]), _plain(words[1])) for line in lines if len(words := line.split()) > 1]


def _plain(text: str) -> str:
    return re.sub(r"\\([0-7]{3})", lambda octal: chr(int(octal[1], 8)), text)


def _is_system(machine: Machine, device: str) -> bool:
    """Whether a partition is on a disk that the hub itself is on."""
    own = {source for source, target in list_mounts() if target in _OWN and source.startswith("/dev/")}
    disks = {_disk(machine, source) for source in own}
    return _disk(machine, device) in disks


def _disk(machine: Machine, device: str) -> str:
    try:
        return (
            machine.run("lsblk", "--nodeps", "--noheadings", "--output", "PKNAME", device).strip() or device
        )
    except LocalError:
        return device


def change(paths: HubPaths, name: str, make: Callable[[Stick | None], Stick | None]) -> None:
    """Replace what is known of one stick by what `make` makes of it; None: it is gone."""
    with _sticks_lock():
        found = {stick.name: stick for stick in sticks.list_sticks(paths)}
        made = make(found.pop(name, None))
        _write(paths, [*found.values(), *([made] if made else [])])


def _sticks_lock() -> Any:  # noqa: ANN401 - a context manager
    return locked(_LOCK, doing="noting a stick", wait=True)


def _write(paths: HubPaths, found: list[Stick]) -> None:
    try:
        write_durably(paths.run / sticks.FILE, sticks.to_text(found))
    except OSError as error:
        raise local_error(error, f"writing {paths.run / sticks.FILE}") from error


def require_stick(paths: HubPaths, name: str) -> Stick:
    """Return a stick that can be used now.

    Raises:
        UsageError: it is not plugged in, not mounted, or was let go.
    """
    stick = find_stick(paths, name)
    if stick is None:
        raise UsageError(f"no stick {name} is plugged in", hint="Plug it in, and wait until it is listed.")
    if stick.state == sticks.SAFE or not stick.mount or not os.path.ismount(stick.mount):
        raise UsageError(f"the stick {stick.label} is not mounted", hint="Pull it out and plug it in again.")
    return stick


def find_stick(paths: HubPaths, name: str) -> Stick | None:
    """Return a stick, with its own folder: where the file says another, somebody else wrote it."""
    stick = sticks.find_stick(paths, name)
    if stick is None or not stick.mount:
        return stick
    return replace(stick, mount=str(FOLDER / name_of(name)))


def look_again(paths: HubPaths, machine: Machine, name: str) -> None:
    """Look what is on a mounted stick, and say so."""
    stick = find_stick(paths, name)
    if stick is not None and stick.mount:
        seen = looking.look(paths, machine, stick)
        change(paths, name, lambda before: seen if before is not None else None)


@contextmanager
def in_use(paths: HubPaths, machine: Machine, name: str, *, writable: bool) -> Iterator[Stick]:
    """Give a stick to a job: marked as in use, writable where it is wanted and can be.

    A stick that is pulled out meanwhile is what the job then says, whatever it met.

    Raises:
        UsageError: it is not there.
        LocalError: it cannot be made writable, or was pulled out.
    """
    stick = require_stick(paths, name)
    mount = Path(stick.mount)
    change(paths, name, lambda before: replace(before, state=sticks.IN_USE) if before else None)
    try:
        if writable and stick.is_writable:
            machine.run("mount", "-o", "remount,rw", "--", str(mount))
        yield stick
        sync_filesystem(mount)
    except (Error, OSError) as error:
        if not os.path.ismount(mount) or not _device_is_there(mount):
            raise LocalError(
                f"the stick {stick.label} was pulled out",
                hint="Plug it in again and repeat; nothing is lost.",
            ) from error
        raise
    finally:
        if writable and stick.is_writable:
            with suppress(LocalError):
                machine.run("mount", "-o", "remount,ro", "--", str(mount))
        look_again(paths, machine, name)


def _device_is_there(mount: Path) -> bool:
    return all(Path(source).exists() for source, target in list_mounts() if target == str(mount))


def eject(paths: HubPaths, machine: Machine, name: str) -> str:
    """Write everything to a stick and unmount it; returns its label. Only then may it be pulled out.

    Raises:
        UsageError: it is not there.
        BusyError: something still reads from it.
    """
    stick = require_stick(paths, name)
    try:
        sync_filesystem(Path(stick.mount))
        machine.run("umount", "--", stick.mount)
    except OSError as error:
        raise local_error(error, f"writing to the stick {stick.label}") from error
    except LocalError as error:
        if subprocess.run(["mountpoint", "-q", stick.mount], check=False).returncode == 0:
            raise BusyError(
                f"the stick {stick.label} is in use", hint="Wait until the sync or backup has finished."
            ) from error
    change(
        *(paths, name),
        lambda before: replace(before, state=sticks.SAFE, mount="", packs=(), backups=()) if before else None,
    )
    return stick.label
