"""A rollout with the real commands: three hubs, a real sshd; one fails, it stops, a new version mends it.

What the office does runs in this process: thirty starts of a program would take longer than all else.
"""

import json

import pytest
from click.testing import CliRunner

from content_packs.cli import cli as packs_cli
from hub.cli import cli as hub_cli
from provisioning.central.cli import cli as central_cli
from support.road import Road, run
from support.sources import PAGE, write_source


def called(command, *words):
    done = CliRunner().invoke(command, list(map(str, words)), catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.stdout


class Fleet(Road):
    """A road with more hubs than one, each in a ring."""

    def add(self, hub_id, ring):
        folder, key = self.folder / hub_id, self.folder / "host_key.pub"
        depot = ("--depot", self.sshd.url(str(self.depot)), "--host-key", key)
        root = ("--root", self.central / "hub-root.json")
        made = called(hub_cli, "init", folder, *root, *depot, "--hub-id", hub_id, "--json")
        self.sshd.authorize(json.loads(made)["public_key"])
        key = folder / "keys" / "id_ed25519.pub"
        self.office("enrol", hub_id, key, "--school", f"Школа {hub_id}", "--ring", ring)

    def office(self, *words):
        return called(central_cli, "--dir", self.central, *words)

    def build(self, source):
        out = self.folder / "built" / source.name
        called(packs_cli, "build", source, "-o", out)
        return out

    def lesson(self, version):
        files = {"index.html": PAGE.format("v", f"Видання {version}").encode()}
        return self.build(
            write_source(self.folder / f"lesson-{version}", files, id="lesson", version=version)
        )

    def sync_hub(self, hub_id):
        folder = self.hub if hub_id == self.hub_id else self.folder / hub_id
        return run("hub", "--dir", folder, "sync", "--no-neighbours", "--json")

    def has(self, hub_id):
        folder = self.hub if hub_id == self.hub_id else self.folder / hub_id
        current = folder / "packs" / "lesson" / "current"
        return int(current.readlink().name) if current.is_symlink() else None

    def status(self, number):
        return json.loads(self.office("rollout", "status", number, "--json"))


@pytest.fixture
def fleet(tmp_path):
    fleet = Fleet(tmp_path, hub_id="h-1")
    fleet.office("rings", "move", "h-1", "pilot")
    fleet.add("h-2", "pilot")
    fleet.add("h-3", "wave-1")
    yield fleet
    fleet.stop()


def test_one_school_fails_it_stops_and_a_mended_version_reaches_all(fleet):
    hubs = ("h-1", "h-2", "h-3")
    fleet.office("publish", fleet.lesson(1))
    fleet.office("assign", "lesson", "--ring", "all")
    assert [fleet.sync_hub(hub).code for hub in hubs] == [0, 0, 0]

    published = fleet.office("publish", fleet.lesson(2), "--stages", "pilot,all", "--no-deltas")
    assert "h-1: lesson v1 → v2" in published
    assert "h-3" not in published
    assert "rollout 1 of lesson@2: started" in published
    assert fleet.sync_hub("h-1").json["done"] == ["install lesson@2"]
    [blocks] = (fleet.depot / "packs" / "lesson" / "2").glob("blocks.*")
    blocks.write_bytes(bytes(len(blocks.read_bytes())))  # the office's disk has a bad day
    assert fleet.sync_hub("h-2").code == 65
    assert fleet.sync_hub("h-3").json["done"] == []

    assert "paused at stage pilot: it failed at h-2" in fleet.office("ingest")
    stopped = fleet.status(1)
    assert stopped["rollout"]["state"] == "paused"
    assert {hub["hub_id"]: (hub["state"], hub["reason"]) for hub in stopped["hubs"]} == {
        "h-1": ("ok", ""),
        "h-2": ("failed", "hash-mismatch"),
        "h-3": ("pending", ""),
    }
    fleet.office("rollout", "abort", "1")
    assert [fleet.sync_hub(hub).json["done"] for hub in ("h-1", "h-2")] == [[], []]  # nobody fetches it now
    assert [fleet.has(hub) for hub in ("h-1", "h-2")] == [2, 1]
    fleet.office("publish", fleet.lesson(3), "--stages", "pilot,all")
    assert [fleet.sync_hub(hub).code for hub in hubs[:2]] == [0, 0]
    assert "stage all begins: 1 hub" in fleet.office("ingest")
    assert fleet.sync_hub("h-3").code == 0
    assert "finished" in fleet.office("ingest")
    assert [fleet.has(hub) for hub in hubs] == [3, 3, 3]

    fleet.office("rollout", "roll-back", "2")
    assert [fleet.sync_hub(hub).code for hub in ("h-1", "h-3")] == [0, 0]
    assert [fleet.has(hub) for hub in ("h-1", "h-3")] == [2, 1]  # each has what it had, from its own disk
    fleet.office("ingest")
    told = fleet.office("rollout", "status", "2")
    assert "Rolled back: 2 of 3 schools" in told
