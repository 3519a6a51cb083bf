"""`make bench` measures a small book as it does the textbook, with bytes that were really counted."""

import json
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bench import fleet_office
from bench.fleet_day import PICTURE_BYTES
from bench.links import Link
from bench.profile import profile, summarise
from bench.stories import Case, Story
from provisioning.central.ingest import ingest
from support.built import random_bytes
from support.sources import PAGE, write_source

ROOT = Path(__file__).parents[2]
NEW_BYTES = 20_000  # that do not compress, in each version after the first


@pytest.fixture(scope="module")
def book(tmp_path_factory):
    """A book of two to four files, in three versions."""
    folder = tmp_path_factory.mktemp("book")
    for version in (1, 2, 3):
        pages = {"index.html": PAGE.format("Дроби", f"Видання {version}.").encode()}
        pictures = {f"{number}.jpg": random_bytes(NEW_BYTES, seed=number) for number in range(1, version + 1)}
        write_source(folder / f"v{version}", pages | pictures)
        (folder / f"v{version}" / "pack.toml").unlink()
    return folder


@pytest.fixture(scope="module")
def measured(book, tmp_path_factory):
    """What `--quick --only sync-pack` says of the book: its text and its JSON."""
    return measure(tmp_path_factory.mktemp("bench"), "sync-pack", "--textbook", book)


def measure(folder, table, *options):
    command = [sys.executable, "-m", "bench", "--quick", "--only", table, *options]
    ran = subprocess.run(
        [*command, "--output", folder / "results"],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": "tests"},
    )
    assert ran.returncode == 0, ran.stderr
    (result,) = (folder / "results").iterdir()
    return ran.stdout, json.loads(result.read_text())["tables"][table]


def test_every_byte_of_both_ways_is_counted(measured):
    _, table = measured
    bytes_of = {(s["case"], s["who"]): s["total_bytes"] for s in table["samples"]}
    assert {who for _, who in bytes_of} == {"hub sync", "rsync -az", "zsync", "casync"}
    for who in ("hub sync", "rsync -az", "zsync", "casync"):
        nothing = bytes_of["nothing new", who]
        assert nothing > 300, "each has something to ask and to be told"
        assert bytes_of["v3, first install", who] > 3 * NEW_BYTES + nothing
        assert bytes_of["v1 → v2", who] > NEW_BYTES + nothing
    assert all(s["up_bytes"] and s["down_bytes"] and s["connected_s"] > 0 for s in table["samples"])
    by_ssh = [s for s in table["samples"] if s["who"] in ("hub sync", "rsync -az")]
    assert all(s["up_bytes"] > 500 and s["down_bytes"] > 1_000 for s in by_ssh), "a session has a handshake"


def test_the_table_holds_the_peer_the_floor_and_the_goal(measured):
    text, table = measured
    rows = [row for row in table["rows"] if row["measure"] == "bytes both ways"]
    assert {row["peer"] for row in rows} == {"rsync -az", "zsync", "casync", "zstd floor"}
    (nothing,) = (row for row in rows if row["case"] == "nothing new" and row["goal"])
    assert nothing["goal"]["limit"] == 8 * 1024
    assert nothing["goal_met"] == (nothing["ours"] <= 8 * 1024)
    assert f"{nothing['ours']:,} B" in text
    assert "rsync  version" in text and "zsync v" in text and "casync 2" in text


def test_the_memory_of_a_sync_is_seen(measured):
    _, table = measured
    (memory,) = (row for row in table["rows"] if row["measure"] == "peak memory, hub sync")
    assert 20_000_000 < memory["ours"] < 200_000_000


def test_the_profile_accounts_for_every_byte(book, tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(ROOT / "tests"))
    trees = [book / "v1", book / "v2"]
    story = Story("textbook", "web", "index.html", trees, (Case("v1 → v2", 1, 2),))
    (made,) = profile(tmp_path, story, Link("short", round_trip_s=0.02))
    names = {phase.name for phase in made.phases}
    assert {"sign-in", "SFTP start", "acks"} <= names
    assert "other files" not in names, "every file has a phase"
    assert round(sum(phase.total_bytes for phase in made.phases)) == made.total_bytes, "as the relay counts"
    assert any(line.startswith("| v1 → v2 |") and " | 14 | " in line for line in summarise([made]))


def test_a_day_of_a_fleet_is_counted_and_every_hub_is_served(tmp_path):
    _, table = measure(tmp_path, "fleet-day")
    took = {row["measure"]: row["ours"] for row in table["rows"] if row["case"] == "a day of 2 hubs"}
    assert took["connections a hub"] == 6, "each checks every four hours"
    assert took["bytes to a hub"] > PICTURE_BYTES + 6 * 1_000
    assert took["bytes from a hub"] > 6 * 1_000
    assert took["CPU of sshd and its sessions"] > 0.02, "that of the sessions is in it"
    assert took["heads written by the update"] == 2
    assert 2 <= took["rows in reports.db that the day added, a hub"] < 10, "the update, and how it came"
    ends = {s["what"]: s["value"] for s in table["samples"] if s["of"] == "2 hubs"}
    assert ends == {"syncs that ended with ok": 11, "syncs that ended with link-down": 1}


def test_what_simulated_hubs_report_is_taken_in(tmp_path):
    office = fleet_office.fill(tmp_path / "fleet", hubs=3, packs=2)
    fleet_office.leave_reports(office, 3)
    taken = ingest(office, source=None, now=datetime.now(UTC))
    assert [(hub.hub_id, hub.events, hub.refused) for hub in taken] == [
        (f"h-000{n}", 3, []) for n in range(3)
    ]
