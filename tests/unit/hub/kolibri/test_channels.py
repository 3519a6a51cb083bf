"""What has to happen to Kolibri's channels follows from what is installed, known and noted."""

import json
from pathlib import Path

import pytest

from content_packs.meta import PackMeta
from hub.kolibri.channels import (
    Channels,
    Failure,
    InstalledChannel,
    KnownChannel,
    Verb,
    channels_of,
    faults_of,
    plan_channels,
)
from hub.library.installed import InstalledPack


def installed(
    pack_version: int = 1, version: int = 1, identity: str = "c1", pack: str = "maths"
) -> InstalledChannel:
    return InstalledChannel(identity, "Математика", version, pack, pack_version, None)


def known(version: int = 1, identity: str = "c1", *, is_own: bool = False) -> dict[str, KnownChannel]:
    return {identity: KnownChannel(identity, "Математика", version, 5, is_own)}


@pytest.mark.parametrize(
    ("situation", "wanted", "has", "stamps", "expected"),
    [
        ("first install", [installed()], {}, {}, [Verb.ADD]),
        ("nothing new", [installed()], known(), {"c1": "maths@1"}, []),
        ("newer version", [installed(2, 2)], known(), {"c1": "maths@1"}, [Verb.UPGRADE]),
        ("other bytes, same channel version", [installed(2, 1)], known(), {"c1": "maths@1"}, [Verb.REPLACE]),
        ("rollback", [installed(1, 1)], known(2), {"c1": "maths@2"}, [Verb.REPLACE]),
        ("cut off before it was noted", [installed()], known(), {}, [Verb.REPLACE]),
        ("imported by a teacher, pack is newer", [installed(2, 2)], known(is_own=True), {}, [Verb.REPLACE]),
        ("updated by a teacher", [installed()], known(7, is_own=True), {"c1": "maths@1"}, []),
        ("shadowed", [installed(2, 2)], known(1, is_own=True), {"c1": "maths@1"}, [Verb.REPLACE]),
        ("cut off between delete and add", [installed(1)], {}, {"c1": "maths@2"}, [Verb.ADD]),
        ("unassigned", [], known(), {"c1": "maths@1"}, [Verb.REMOVE]),
        ("unassigned and cut off", [], {}, {"c1": "maths@1"}, [Verb.REMOVE]),
        ("a teacher's own channel", [], known(is_own=True), {}, []),
    ],
)
def test_plan(situation, wanted, has, stamps, expected):
    assert [action.verb for action in plan_channels(wanted, has, stamps)] == expected, situation


def test_damaged_tree_is_repaired_and_nothing_else_touched():
    actions = plan_channels([installed()], known(), {"c1": "maths@1"}, damaged=frozenset({"c1"}))
    assert [action.verb for action in actions] == [Verb.REPAIR]


def test_channel_in_two_packs_is_taken_from_the_first():
    actions = plan_channels([installed(), installed(9, 9, pack="twin")], {}, {})
    assert [(action.verb, action.channel.pack_id) for action in actions] == [(Verb.ADD, "maths")]


def test_channel_that_moves_to_another_pack_is_not_removed():
    actions = plan_channels([installed(1, 1, pack="twin")], known(), {"c1": "maths@1"})
    assert [action.verb for action in actions] == [Verb.REPLACE]


def test_new_channels_come_before_old_ones_go():
    actions = plan_channels([installed(identity="c2")], known(), {"c1": "maths@1"})
    assert [(action.verb, action.channel_id) for action in actions] == [(Verb.ADD, "c2"), (Verb.REMOVE, "c1")]


GOOD = {"id": "ab" * 16, "title": "Математика", "version": 3, "language": "uk", "resources": 5}


def pack_with(
    details: object, folder: Path, *, pack_id: str = "maths", databases: bool = True
) -> InstalledPack:
    if databases:
        (folder / pack_id / "files" / "databases").mkdir(parents=True)
    meta = PackMeta(pack_id, 1, "kolibri", "Математика", "uk", "CC-BY-4.0")
    return InstalledPack(meta, details, folder / pack_id, 1, 1, "2026-01-01T00:00:00+00:00")


@pytest.mark.parametrize(
    "details",
    [
        {},
        {"channels": None},
        {"channels": [7]},
        {"channels": [{}]},
        {"channels": [GOOD | {"id": "../../pwned"}]},
        {"channels": [GOOD | {"version": "3"}]},
    ],
)
def test_pack_with_odd_details_is_named_and_keeps_no_other_from_its_own(tmp_path, details):
    packs = [pack_with(details, tmp_path, pack_id="odd"), pack_with({"channels": [GOOD]}, tmp_path)]
    assert [(channel.id, channel.version) for channel in channels_of(packs)] == [("ab" * 16, 3)]
    assert [failure.id for failure in faults_of(packs)] == ["odd"]


def test_pack_without_databases_is_named(tmp_path):
    packs = [pack_with({"channels": [GOOD]}, tmp_path, databases=False)]
    assert channels_of(packs) == []
    assert faults_of(packs) == [Failure("maths", "it has no folder databases/")]


def test_stamps_that_are_no_ids_are_forgotten(tmp_path):
    path = tmp_path / "channels.json"
    path.write_text(json.dumps({"format": 1, "channels": {"../../pwned": "a@1", "ab" * 16: "b@2"}}))
    assert Channels(None, None, path).stamps == {"ab" * 16: "b@2"}
