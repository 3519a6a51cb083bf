"""What is known of sticks: only what was seen in this boot, and nothing that cannot be read."""

import json

import pytest

from hub.settings import HubPaths
from hub.sticks import FoundBackup, OfferedPack, Stick, find_stick, list_sticks, to_text

STICK = Stick(
    *("1A2B-3C4D", "ШКОЛА", "/run/hub/sticks/1A2B-3C4D", "vfat", 8_000_000, 5_000_000),
    is_writable=True,
    has_depot=True,
    packs=(OfferedPack("maths", 3, 2, 1_000),),
    backups=(FoundBackup("a.hubbackup", "h-1", "Школа 7", "2026-11-28T10:00:00+00:00", 9_000, True),),
    state="failed",
    message="It cannot be read: %(error)s.",
    values={"error": "torn"},
)


@pytest.fixture
def paths(tmp_path) -> HubPaths:
    (tmp_path / "run").mkdir()
    return HubPaths(tmp_path)


def test_what_was_written_is_read(paths):
    other = Stick("0000", "", "", "ntfs", 0, 0, is_writable=False, has_depot=False)
    (paths.run / "sticks.json").write_bytes(to_text([STICK, other]))

    assert list_sticks(paths) == (other, STICK)
    assert find_stick(paths, STICK.name) == STICK
    assert find_stick(paths, "none") is None


@pytest.mark.parametrize("junk", [None, b"", b"[]", b'{"sticks": [{}]}', b"\xff"])
def test_no_stick_where_nothing_can_be_read(paths, junk):
    if junk is not None:
        (paths.run / "sticks.json").write_bytes(junk)

    assert list_sticks(paths) == ()


def test_a_stick_of_an_earlier_boot_is_gone(paths):
    state = json.loads(to_text([STICK]))
    (paths.run / "sticks.json").write_text(json.dumps(state | {"boot": "another"}))

    assert list_sticks(paths) == ()


def test_a_stick_that_cannot_be_understood_hides_no_other(paths):
    state = json.loads(to_text([STICK]))
    state["sticks"].append({"name": "x"})
    (paths.run / "sticks.json").write_text(json.dumps(state))

    assert list_sticks(paths) == (STICK,)
