"""kill -9 at any moment of fetch and install, many times: `current` always shows one whole version."""

import multiprocessing
import os
import random
import signal
import time

import pytest

from content_packs.transports.local import open_local
from hub.library.install import clear_staging, install
from hub.library.installed import current_version, list_versions
from hub.library.store import open_store
from hub.sync.fetch import fetch_parcels
from support.built import build, make_paths, put_in_depot, random_bytes
from support.sources import PAGE, read_tree

ROUNDS = 60


def files_of(version):
    pages = {f"p{n}.html": PAGE.format(n, f"{version} {n}").encode() for n in range(40)}
    return pages | {
        "index.html": b"<title>i</title>",
        "same.jpg": random_bytes(50_000),
        "film.mp4": random_bytes(1_300_000, version),
    }


def bring(paths, depot, built):
    """What a sync does for one pack."""
    store = open_store(paths.store)
    clear_staging(paths)
    with open_local(depot) as transport:
        fetch_parcels(built.index, transport, store, lambda _: None)
    install(paths, store, built.index, built.index_bytes)


@pytest.mark.timeout(300)
def test_one_version_is_always_whole(tmp_path):
    paths, depot = make_paths(tmp_path / "hub"), tmp_path / "depot"
    packs = {version: build(tmp_path, files_of(version), version=version) for version in (1, 2, 3)}
    for built in packs.values():
        put_in_depot(built, depot)
    started = time.monotonic()
    bring(paths, depot, packs[1])
    usual_s = time.monotonic() - started
    chance = random.Random(5)
    outcomes = set()
    for number in range(ROUNDS):
        old, new = number % 3 + 1, (number + 1) % 3 + 1
        child = multiprocessing.get_context("fork").Process(target=bring, args=(paths, depot, packs[new]))
        child.start()
        time.sleep(chance.uniform(0, 1.2 * usual_s))
        os.kill(child.pid, signal.SIGKILL)
        child.join(30)
        shown = current_version(paths, "lesson")
        assert shown in (old, new), f"round {number}"
        assert read_tree(paths.packs / "lesson/current/files") == files_of(shown), f"round {number}"
        outcomes.add((shown == new, child.exitcode == 0))
        bring(paths, depot, packs[new])
        assert current_version(paths, "lesson") == new
        assert len(list_versions(paths, "lesson")) <= 3
        open_store(paths.store).sweep(keep=())
    assert (False, False) in outcomes, "no kill came before the new version was shown"
