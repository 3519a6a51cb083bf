"""Updates as deltas over a real sshd: what they, cuts and wrong bytes cost. FAULTS 1, 2, 15, 17 and 19."""

import os
import time

import pytest

from content_packs.depot import MIB
from content_packs.transports.window import MAX_WINDOW_BYTES
from hub import clock
from hub.settings import HubPaths, read_settings
from hub.sync.report import Progress
from hub.sync.session import sync
from support.built import random_bytes
from support.road import must
from support.sources import PAGE, write_source
from support.updates import Update, new_object, relayed, shown, spoil, sync_here

LINK_BITS_S = 4_000_000  # a good village link
UNREAD_BYTES = 300_000  # what may be on its way on it, and unread, when it is cut
SESSION_BYTES = 5600  # of a sync that finds nothing new, with what the head is larger


def lesson(folder, version, film_bytes=3 * MIB):
    """A pack of which a page and a place in its film change with each version."""
    film = bytearray(random_bytes(film_bytes, 5))
    film[version * MIB : version * MIB] = random_bytes(80, version)
    pages = {f"p{n}.html": PAGE.format(n, random_bytes(700, n).hex()).encode() for n in range(30)}
    pages[f"p{version}.html"] += f"<p>edited in {version}".encode()
    files = pages | {"index.html": PAGE.format("i", "i").encode(), "film.mp4": bytes(film)}
    return write_source(folder / f"lesson-{version}", files, id="lesson", version=version), files


@pytest.fixture(scope="module")
def update(tmp_path_factory):
    made = Update(tmp_path_factory.mktemp("road"), lesson)
    yield made
    made.road.stop()


@pytest.fixture
def road(update):
    """Version 1 on the hub and version 2 in the depot, fresh for each test."""
    return update.renew()


def wanted(road):
    return lesson(road.folder / "again", 2)[1]


def test_an_update_moves_the_delta_and_hardly_more(road):
    delta = (road.depot / "packs/lesson/2/delta.1").stat().st_size
    with relayed(road) as relay:
        assert road.sync().code == 0
        assert relay.total_bytes < delta + 2 * SESSION_BYTES
    assert delta < 20_000
    assert shown(road) == wanted(road)


def test_cuts_after_every_few_bytes_cost_little_and_end(road):
    (road.depot / "packs/lesson/2/delta.1").unlink()  # so that there is something to move
    with relayed(road, bits_per_s=LINK_BITS_S) as relay:
        relay.cut_after(1_000_000)
        cuts = 0
        while (ran := road.sync("--json")).code == 75:
            cuts += 1
            assert cuts < 20, "a sync that is cut goes on"
        assert ran.code == 0
        assert cuts > 2
        size = sum(p.stat().st_size for p in (road.depot / "packs/lesson/2").iterdir()) + 3 * MIB
        assert relay.down_bytes <= size + cuts * (UNREAD_BYTES + 2 * SESSION_BYTES)
    assert shown(road) == wanted(road)


def test_depot_bytes_that_changed_between_cut_and_resume_are_not_mixed_in(road):
    (road.depot / "packs/lesson/2/delta.1").unlink()
    with relayed(road) as relay:
        relay.cut_after(500_000)
        assert road.sync().code == 75
        film = new_object(road)
        right = film.read_bytes()
        spoil(film, at=0, length=len(right))
        relay.cut_after(None)
        assert road.sync().code == 65
        assert shown(road) == lesson(road.folder / "again", 1)[1]
        film.write_bytes(right)
        assert road.sync().code == 0
    assert shown(road) == wanted(road)


def test_what_came_before_a_cut_and_was_damaged_here_is_fetched_again(road):
    (road.depot / "packs/lesson/2/delta.1").unlink()
    with relayed(road) as relay:
        relay.cut_after(2_500_000)
        assert road.sync().code == 75
        parts = list((road.hub / "store/.part").rglob("*.part"))
        assert parts
        for part in parts:
            spoil(part, at=10, length=100)
        relay.cut_after(None)
        assert road.sync().code == 0
    assert shown(road) == wanted(road)


def download_bytes(road):
    """How much the next sync would fetch."""
    return road.sync("--dry-run", "--json").json["plan"][0]["download_bytes"]


def test_what_has_come_of_a_film_never_expires(road):
    (road.depot / "packs/lesson/2/delta.1").unlink()
    whole = download_bytes(road)
    with relayed(road) as relay:
        relay.cut_after(2_500_000)
        assert road.sync().code == 75
        years_ago = time.time() - 3 * 365 * 86400
        for path in (road.hub / "store/.part").rglob("*"):
            os.utime(path, (years_ago, years_ago))
        left = download_bytes(road)
        assert left < whole - 2_500_000 + MAX_WINDOW_BYTES
        relay.cut_after(None)
        relay.reset_counts()
        assert road.sync().code == 0
        assert relay.down_bytes < left + 2 * SESSION_BYTES
    assert shown(road) == wanted(road)


def test_a_damaged_delta_is_replaced_by_blocks_by_itself_and_said(road):
    spoil(road.depot / "packs/lesson/2/delta.1")
    ran = road.sync("--json")
    assert ran.code == 0
    assert any("blocks are fetched instead" in note for note in ran.json["notes"])
    assert shown(road) == wanted(road)


def test_a_delta_that_the_office_has_mended_is_used_again(road):
    delta = road.depot / "packs/lesson/2/delta.1"
    right = delta.read_bytes()
    whole = [*(road.depot / "packs/lesson/2").glob("blocks.*"), *(road.depot / "objects").rglob("000")]
    with relayed(road) as relay:
        spoil(delta)
        aside = [path.rename(path.with_suffix(".away")) for path in whole]
        assert road.sync().code == 65  # neither the delta nor what else there is
        for path, away in zip(whole, aside, strict=True):
            away.rename(path)
        delta.write_bytes(right)
        assign = ("assign", "lesson", "--hub", road.hub_id, "--priority", "3")
        must("central", "--dir", road.central, *assign)  # signs anew
        relay.reset_counts()
        assert road.sync().code == 0
        assert relay.total_bytes < len(right) + 2 * SESSION_BYTES
    assert shown(road) == wanted(road)


def test_a_dry_run_after_a_power_cut_changes_no_pack(road, monkeypatch):
    boot = road.folder / "boot_id"
    boot.write_text("after the cut\n")
    monkeypatch.setattr(clock, "_BOOT_ID", boot)
    page = road.hub / "packs/lesson/1/files/p7.html"
    page.chmod(0o644)
    with page.open("r+b") as file:  # in place: every name of the file shows it
        file.write(bytes(100))
    before = {path: path.lstat().st_mtime_ns for path in (road.hub / "packs").rglob("*")}
    paths = HubPaths(road.hub)
    report = sync(paths, read_settings(paths), source=None, dry_run=True, progress=Progress())
    assert any("a sync fetches it again" in note for note in report.notes)
    assert {path: path.lstat().st_mtime_ns for path in (road.hub / "packs").rglob("*")} == before
    assert sync_here(road).done
    assert shown(road) == wanted(road)


def test_a_damaged_base_is_replaced_by_blocks_by_itself(road):
    for name in ("film.mp4", "p2.html"):
        path = road.hub / "packs/lesson/1/files" / name
        path.chmod(0o644)
        with path.open("r+b") as file:
            file.seek(100)
            file.write(bytes(200))
    assert road.sync().code == 0
    assert shown(road) == wanted(road)


def test_a_depot_that_stays_damaged_costs_a_bounded_number_of_bytes(road):
    (road.depot / "packs/lesson/2/delta.1").unlink()
    film = new_object(road)
    spoil(film, at=100)
    with relayed(road) as relay:
        costs = []
        for _ in range(6):
            relay.reset_counts()
            ran = road.sync()
            assert ran.code == 65
            costs.append(relay.down_bytes)
        assert max(costs[1:3]) < MIB + 2 * SESSION_BYTES, "only the wrong slice is asked for again"
        assert max(costs[3:]) < 3 * SESSION_BYTES, "after three tries not even that"
        assert "asked for again after" in ran.err
    assert shown(road) == lesson(road.folder / "again", 1)[1]
