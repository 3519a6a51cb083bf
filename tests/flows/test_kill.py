"""kill -9 at any moment of a sync: the old or the new version is whole, and nothing is fetched twice."""

import random
import signal
import subprocess
import time
from contextlib import suppress

import pytest

from support.built import MIB, random_bytes
from support.relay import Relay
from support.road import BIN, Road, must
from support.sources import PAGE, read_tree, write_source
from support.waiting import wait_for

ROUNDS = 8
KILLS_A_ROUND = 3
LINK_BITS_S = 40_000_000  # 18 MB take 4 s: long enough to look how far a sync is, and to end it


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
            in_time = sync_killed_after(road, chance.uniform(0.1, whole_s))
            killed += in_time
            whole_s *= 1 if in_time else 0.8  # other work that slowed the first one down has ended
            shown = read_tree(road.hub / "packs/lesson/current/files")
            assert shown in (trees[old], trees[new]), f"round {number}: neither the old nor the new tree"
        after = road.sync("--json")
        assert after.code == 0, after.err
        assert read_tree(road.hub / "packs/lesson/current/files") == trees[new]
    assert killed >= ROUNDS, "the kills came too late to mean anything"


def used_bytes(folder):
    """Return what a folder holds while another process changes it."""
    used = 0
    with suppress(FileNotFoundError):
        for path in folder.rglob("*"):
            used += path.stat().st_size
    return used


def test_what_was_fetched_before_the_kill_is_not_fetched_again(road):
    source, files = lesson(road.folder, 1)
    road.publish(source)
    road.assign("lesson")
    part_dir, settings = road.hub / "store" / ".part", road.hub / "hub.toml"
    straight = settings.read_text()
    with Relay(road.sshd.port, bits_per_s=LINK_BITS_S) as relay:
        settings.write_text(straight.replace(f":{road.sshd.port}/", f":{relay.port}/"))
        process = start_sync(road)
        wait_for(lambda: used_bytes(part_dir) > 2 * MIB, timeout_s=120, every_s=0.01)
        process.send_signal(signal.SIGKILL)
        process.wait()
    settings.write_text(straight)
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
