"""kill -9 at any moment of a sync: the old or the new version is whole, and nothing is fetched twice."""

import random
import signal
import subprocess
import time

import pytest

from support.built import MIB, random_bytes
from support.road import BIN, Road, must
from support.sources import PAGE, read_tree, write_source

ROUNDS = 8
KILLS_A_ROUND = 3


def lesson(folder, version):
    files = {
        f"p{n:03}.html": PAGE.format(f"{n} v{version}", random_bytes(400, n * version).hex()).encode()
        for n in range(60)
    }
    files |= {f"photo{n}.jpg": random_bytes(200_000, 1000 * version + n) for n in range(60)}
    files |= {
        "index.html": PAGE.format(f"v{version}", "зміст").encode(),
        "film.mp4": random_bytes(6 * MIB, version),
    }
    return write_source(folder / f"lesson-{version}", files, id="lesson", version=version), files


@pytest.fixture
def road(tmp_path):
    road = Road(tmp_path)
    yield road
    road.stop()


def start_sync(road):
    command = [str(BIN / "hub"), "--dir", str(road.hub), "sync", "--no-neighbours"]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def sync_killed_after(road, delay_s):
    """Start a sync and kill it `delay_s` later; return whether it was still at it."""
    with start_sync(road) as process:
        time.sleep(delay_s)
        alive = process.poll() is None
        process.send_signal(signal.SIGKILL)
    return alive


@pytest.mark.timeout(400)
def test_kill_9_at_random_moments_leaves_the_old_or_the_new_version(road):
    trees = {}
    for version in (1, 2, 3):  # in turn, so that the version to come is never one that the hub keeps
        source, trees[version] = lesson(road.folder, version)
        road.publish(source)
    road.assign("lesson@1")
    assert road.sync().code == 0
    road.assign("lesson@2")
    started = time.monotonic()
    assert road.sync().code == 0
    whole_s = time.monotonic() - started
    chance = random.Random(11)
    killed = 0
    for number in range(1, ROUNDS + 1):
        old, new = number % 3 + 1, (number + 1) % 3 + 1
        road.assign(f"lesson@{new}")
        for _ in range(KILLS_A_ROUND):  # from the start of Python to the indexing for the search
            killed += sync_killed_after(road, chance.uniform(0.1, whole_s))
            shown = read_tree(road.hub / "packs/lesson/current/files")
            assert shown in (trees[old], trees[new]), f"round {number}: neither the old nor the new tree"
        after = road.sync("--json")
        assert after.code == 0, after.err
        assert read_tree(road.hub / "packs/lesson/current/files") == trees[new]
    assert killed >= ROUNDS, "the kills came too late to mean anything"


def used_bytes(folder):
    """Return what a folder holds while another process changes it."""
    done = subprocess.run(["du", "-sb", str(folder)], capture_output=True, text=True)
    return int(done.stdout.split()[0]) if done.stdout else 0


def test_what_was_fetched_before_the_kill_is_not_fetched_again(road):
    source, files = lesson(road.folder, 1)
    road.publish(source)
    road.assign("lesson")
    part_dir = road.hub / "store" / ".part"
    process = start_sync(road)
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        if used_bytes(part_dir) > 2 * MIB:
            break
    process.send_signal(signal.SIGKILL)
    process.wait()
    had = sum(p.stat().st_size for p in part_dir.rglob("*.part"))
    had += sum(
        p.stat().st_size
        for p in part_dir.rglob("*")
        if p.is_file() and p.suffix == "" and p.stat().st_size > 100_000
    )
    assert had > MIB
    report = road.sync("--json").json
    whole = must("packs", "show", road.folder / "built" / source.name, "--json").json["download_bytes"]
    assert report["plan"][0]["download_bytes"] == report["received_bytes"] <= whole - had + 64 * 1024
    assert read_tree(road.hub / "packs/lesson/current/files") == files
