"""`make bench` measures a small book as it does the textbook, with bytes that were really counted."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from support.built import random_bytes
from support.sources import PAGE, write_source

ROOT = Path(__file__).parents[2]
NEW_BYTES = 20_000  # that do not compress, in each version after the first


@pytest.fixture(scope="module")
def measured(tmp_path_factory):
    """What `--quick --only sync` says of a book of two to four files: its text and its JSON."""
    folder = tmp_path_factory.mktemp("bench")
    for version in (1, 2, 3):
        pages = {"index.html": PAGE.format("Дроби", f"Видання {version}.").encode()}
        pictures = {f"{number}.jpg": random_bytes(NEW_BYTES, seed=number) for number in range(1, version + 1)}
        write_source(folder / "book" / f"v{version}", pages | pictures)
        (folder / "book" / f"v{version}" / "pack.toml").unlink()
    command = [sys.executable, "-m", "bench", "--quick", "--only", "sync"]
    ran = subprocess.run(
        [*command, "--textbook", folder / "book", "--output", folder / "results"],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": "tests"},
    )
    assert ran.returncode == 0, ran.stderr
    (result,) = (folder / "results").iterdir()
    return ran.stdout, json.loads(result.read_text())["tables"]["sync"]


def test_every_byte_of_both_ways_is_counted(measured):
    _, table = measured
    bytes_of = {(s["case"], s["who"]): s["total_bytes"] for s in table["samples"]}
    assert {who for _, who in bytes_of} == {"hub sync", "rsync -az"}
    for who in ("hub sync", "rsync -az"):
        nothing = bytes_of["nothing new", who]
        assert nothing > 1_000, "a session has a handshake"
        assert bytes_of["v3, first install", who] > 3 * NEW_BYTES + nothing
        assert bytes_of["v1 → v2", who] > NEW_BYTES + nothing
    assert all(
        s["up_bytes"] > 500 and s["down_bytes"] > 500 and s["connected_s"] > 0 for s in table["samples"]
    )


def test_the_table_holds_the_peer_the_floor_and_the_goal(measured):
    text, table = measured
    rows = [row for row in table["rows"] if row["measure"] == "bytes both ways"]
    assert {row["peer"] for row in rows} == {"rsync -az", "zstd floor"}
    (nothing,) = (row for row in rows if row["case"] == "nothing new")
    assert nothing["goal"]["limit"] == 8 * 1024
    assert nothing["goal_met"] == (nothing["ours"] <= 8 * 1024)
    assert f"{nothing['ours']:,} B" in text
    assert "rsync  version" in text


def test_the_memory_of_a_sync_is_seen(measured):
    _, table = measured
    (memory,) = (row for row in table["rows"] if row["measure"] == "peak memory")
    assert 20_000_000 < memory["ours"] < 200_000_000
