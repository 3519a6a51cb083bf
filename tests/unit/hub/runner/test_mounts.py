"""Sticks: what a stranger's label and UUID may become, how it is mounted, what is found on it."""

import json
import os
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from content_packs.errors import UsageError
from hub.backup.make import make_backup
from hub.jobvalues import check_job, check_stick
from hub.runner import looking, mounts
from hub.runner.task import Machine
from hub.settings import HubPaths, read_settings
from hub.sticks import FILE, Stick, to_text

NOT_HERE = Machine(is_card=True, hub_command=("hub",))


@pytest.mark.parametrize(
    ("uuid", "name"),
    [
        ("1A2B-3C4D", "1A2B-3C4D"),
        ("0f9a1c62-77aa-4a7c-9d15-1d1f2f3a4b5c", "0f9a1c62-77aa-4a7c-9d15-1d1f2f3a4b5c"),
        ("../../etc", "etc"),
        ("a/b;$(reboot)\n", "a-b-reboot"),
        ("--", "stick"),
        ("", "stick"),
        ("x" * 300, "x" * 64),
        ("Школа", "stick"),
    ],
)
def test_a_folder_has_a_name_of_plain_letters(uuid, name):
    assert mounts.name_of(uuid) == name
    assert check_stick(name) == ""


@pytest.mark.parametrize("filesystem", ["vfat", "exfat", "ntfs", "ext2", "ext3", "ext4"])
def test_nothing_on_a_stick_can_be_run_or_written(filesystem):
    options = mounts.mount_options(filesystem, uid=810, gid=810).split(",")

    assert {"ro", "nosuid", "nodev", "noexec", "nosymfollow"} <= {*options}
    if filesystem.startswith(("ext", "vfat")):  # whose own word may be that a fault on it stops the machine
        assert "errors=remount-ro" in options
    assert ("uid=810" in options) == (filesystem in ("vfat", "exfat", "ntfs"))


@pytest.mark.parametrize("name", ["../sda1", "sda1 -o exec", "", "-o", "sda1/x", "loop0;reboot"])
def test_no_name_of_a_device(name, tmp_path):
    with pytest.raises(UsageError, match="no name of a device"):
        mounts.read_device(NOT_HERE, name)


@pytest.fixture
def stick(tmp_path) -> Stick:
    place = tmp_path / "stick"
    place.mkdir()
    return Stick("s", "S", str(place), "vfat", 0, 0, is_writable=True, has_depot=False)


@pytest.fixture
def paths(tmp_path) -> HubPaths:
    (tmp_path / "hub").mkdir()
    (tmp_path / "hub/hub.toml").write_text('hub_id = "h-test"\ndepot_url = "/depot"\n')
    return HubPaths(tmp_path / "hub")


def saying(tmp_path: Path, *, text: str = "", code: int = 0, errors: str = "") -> Machine:
    """Return a machine whose `hub` says just this."""
    script = tmp_path / "said.py"
    script.write_text(f"import sys\nprint({text!r})\nprint({errors!r}, file=sys.stderr)\nsys.exit({code})\n")
    return Machine(is_card=False, hub_command=(sys.executable, str(script)))


def test_an_empty_stick_is_ready_and_has_room(paths, stick, tmp_path):
    seen = looking.look(paths, saying(tmp_path, code=1), stick)

    assert (seen.state, seen.has_depot, seen.packs, seen.backups) == ("ready", False, (), ())
    assert seen.free_bytes > 0


def test_offers_what_the_sync_would_take(paths, stick, tmp_path):
    (Path(stick.mount) / "FORMAT").write_bytes(b"classroom-hub depot 1\n")
    action = {"pack": "maths", "version": 3, "from_version": 2, "download_bytes": 1000}
    plan = [
        action | {"action": "install"},
        action | {"action": "up-to-date", "pack": "old"},
        action | {"action": "install", "pack": "new", "from_version": None},
    ]

    seen = looking.look(paths, saying(tmp_path, text=json.dumps({"plan": plan})), stick)

    assert [(pack.id, pack.version, pack.installed) for pack in seen.packs] == [
        ("maths", 3, 2),
        ("new", 3, 0),
    ]


@pytest.mark.parametrize(
    ("code", "errors", "said"),
    [
        (65, "error [bad-signature]: offers: not signed\n  next: Ask the office.", "offers: not signed"),
        (74, "error [busy]: sync: another process is at it", "A sync is running"),
    ],
)
def test_says_why_nothing_is_offered(paths, stick, tmp_path, code, errors, said):
    (Path(stick.mount) / "FORMAT").write_bytes(b"classroom-hub depot 1\n")

    seen = looking.look(paths, saying(tmp_path, code=code, errors=errors), stick)

    assert (seen.state, seen.packs) == ("ready", ())
    assert said in seen.message % seen.values


@pytest.mark.timeout(20)
def test_pipes_on_a_stick_keep_nobody_waiting(paths, stick, tmp_path):
    """Else it would be looked at for ever, and no job would begin any more."""
    os.mkfifo(Path(stick.mount) / "FORMAT")
    os.mkfifo(Path(stick.mount) / "a.hubbackup")
    seen = looking.look(paths, saying(tmp_path), stick)
    assert (seen.state, seen.has_depot, seen.backups) == ("ready", False, ())


def test_finds_backups_and_nothing_that_only_looks_like_one(paths, stick, tmp_path):
    folder = Path(stick.mount) / looking.BACKUPS
    folder.mkdir()
    now = datetime(2026, 11, 28, tzinfo=UTC)
    make_backup(paths, read_settings(paths), folder / "a.hubbackup", now=now)
    (folder / "torn.hubbackup").write_bytes(b"classroom-hub backup 1\n{")
    (folder / "link.hubbackup").symlink_to(folder / "a.hubbackup")
    (folder / "folder.hubbackup").mkdir()

    seen = looking.look(paths, saying(tmp_path), stick)

    assert [(backup.file, backup.hub_id, backup.is_sealed) for backup in seen.backups] == [
        ("a.hubbackup", "h-test", False)
    ]
    assert looking.find_backup(Path(stick.mount), "a.hubbackup") == folder / "a.hubbackup"
    assert looking.find_backup(Path(stick.mount), "link.hubbackup") is None


def test_a_backup_that_somebody_named_anew_is_found_and_can_be_asked_for(paths, stick, tmp_path):
    name = "резервна копія (2).hubbackup"
    make_backup(paths, read_settings(paths), Path(stick.mount) / name, now=datetime(2026, 11, 28, tzinfo=UTC))

    assert [b.file for b in looking.look(paths, saying(tmp_path), stick).backups] == [name]
    assert check_job("restore", {"stick": "s", "file": name})["file"] == name


HEADER = {
    "hub_id": "h-1",
    "school": "x",
    "taken_at": "2026-11-28T10:00:00+00:00",
    "software": "1",
    "salt": "",
}


@pytest.mark.parametrize(
    "line",
    [
        b"[" * 4000,
        json.dumps(HEADER | {"school": "\ud800"}).encode(),
        json.dumps(HEADER | {"taken_at": "0001-01-01T00:00:00+14:00"}).encode(),
        json.dumps(HEADER | {"taken_at": "yesterday"}).encode(),
    ],
    ids=["deep", "half-letter", "no-such-year", "no-time"],
)
def test_a_hostile_file_on_a_stick_is_no_backup_and_the_others_are_found(paths, stick, tmp_path, line):
    """Listed, it would end the look at the stick, or every look at the technician's page."""
    make_backup(paths, read_settings(paths), Path(stick.mount) / "a.hubbackup", now=datetime.now(UTC))
    (Path(stick.mount) / "z.hubbackup").write_bytes(b"classroom-hub backup 1\n" + line + b"\n")
    (Path(stick.mount) / "y\n.hubbackup").write_bytes(b"classroom-hub backup 1\n" + line + b"\n")

    assert [b.file for b in looking.look(paths, saying(tmp_path), stick).backups] == ["a.hubbackup"]


@pytest.mark.parametrize("mount", ["/", "/data", "/run/hub/sticks/../../../data/hub/run", "/proc"])
def test_the_portal_does_not_say_where_a_stick_is_mounted(paths, stick, mount):
    """run/sticks.json lies in the portal's folder: with this, root would unmount or write anywhere."""
    paths.run.mkdir()
    (paths.run / FILE).write_bytes(to_text([replace(stick, mount=mount, state="ready")]))

    with pytest.raises(UsageError, match="not mounted"):
        mounts.require_stick(paths, stick.name)
