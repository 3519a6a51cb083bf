"""A card that lost what it said it had: found at the next boot, and only that comes again."""

import random

import pytest

from content_packs.depot import MIB
from hub.library import recheck as rechecking
from hub.library.installed import list_versions
from hub.library.journal import FILE, Journal, Kept, newest, read_journal, write_journal
from hub.library.recheck import recheck
from hub.library.store import Store
from support.built import random_bytes
from support.sources import PAGE
from support.versions import Depot, Hub, build_version


def files(version: int) -> dict[str, bytes]:
    pages = {f"p{n:02}.html": PAGE.format(n, f"{version} {n}").encode() * 40 for n in range(20)}
    return pages | {
        "index.html": PAGE.format("i", "i").encode(),
        "film.mp4": random_bytes(4 * MIB + 9, version),
    }


@pytest.fixture(scope="module")
def depot(tmp_path_factory):
    folder = tmp_path_factory.mktemp("depot")
    made = Depot(folder / "depot")
    for version in (1, 2):
        made.add(build_version(folder, files(version), version))
    return made


@pytest.fixture
def hub(depot, tmp_path):
    hub = Hub(tmp_path / "hub", depot.folder)
    boot(hub, "boot-1")
    hub.bring(depot.offer(1))
    Store(hub.paths.store, "boot-1").clear_incoming()
    return hub


def boot(hub, boot_id):
    """Do what a sync does first; return what was found damaged."""
    store = Store(hub.paths.store, boot_id)
    list(store.adopt_earlier_boots())
    return recheck(hub.paths, store)


def overwrite(path, at, data):
    path.chmod(0o644)
    with path.open("r+b") as file:
        file.seek(at)
        file.write(data)


def heal(hub, depot, boot_id):
    """Bring again what the hub should have; return how many bytes that took."""
    assert list_versions(hub.paths, "lesson") == [], "a damaged version is not taken for whole"
    road = hub.bring(depot.offer(1), boot_id=boot_id)
    Store(hub.paths.store, boot_id).clear_incoming()
    assert hub.files() == files(1)
    assert list_versions(hub.paths, "lesson") == [1]
    return road.given


def test_a_dry_run_says_what_is_damaged_and_leaves_all_as_it_is(hub):
    page = hub.paths.packs / "lesson/1/files/p03.html"
    overwrite(page, 100, bytes(300))
    before, journal = page.read_bytes(), read_journal(hub.paths.store)
    store = Store(hub.paths.store, "boot-2")
    [said] = recheck(hub.paths, store, dry_run=True)
    assert said.endswith("damaged by a power cut; a sync fetches it again")
    assert list_versions(hub.paths, "lesson") == [1]
    assert (page.read_bytes(), read_journal(hub.paths.store)) == (before, journal)
    assert len(recheck(hub.paths, store)) == 1, "the sync after it finds it as well"
    assert list_versions(hub.paths, "lesson") == []


def test_within_one_boot_nothing_is_read_again(hub):
    assert read_journal(hub.paths.store).boot_id == "boot-1"
    assert len(read_journal(hub.paths.store).kept) == len(files(1)) + 1
    overwrite(hub.paths.packs / "lesson/1/files/p03.html", 3, bytes(10))
    assert boot(hub, "boot-1") == []
    assert len(boot(hub, "boot-2")) == 1


def test_a_file_larger_than_what_a_card_may_lose_is_read_at_one_boot_only(hub, monkeypatch):
    monkeypatch.setattr(rechecking, "RECHECKED_BYTES", MIB)
    assert boot(hub, "boot-2") == []
    assert len(read_journal(hub.paths.store).kept) == len(files(1))


@pytest.mark.parametrize("swap", [False, True])
def test_4_kib_anywhere_of_what_came_last_are_healed_without_a_human(hub, depot, swap):
    tree = hub.paths.packs / "lesson/1"
    places = [tree / "index.zst", *sorted(p for p in (tree / "files").rglob("*") if p.is_file())]
    chance = random.Random(4)
    film = tree / "files/film.mp4"
    for number, path in enumerate([*chance.sample(places, 4), film, tree / "index.zst"]):
        at = chance.randrange(max(1, path.stat().st_size - 4096))
        length = min(4096, path.stat().st_size - at)
        overwrite(path, at, random_bytes(length, number) if swap else bytes(length))
        found = boot(hub, f"boot-{number + 2}")
        assert len(found) == 1, path
        assert "damaged by a power cut" in found[0]
        given = heal(hub, depot, f"boot-{number + 2}")
        if path == film:
            assert given == {"000": given["000"], "index.zst": given["index.zst"]}
            assert given["000"] <= 2 * MIB, "only the slices that the damage touches"
        if path.name == "index.zst":
            assert set(given) == {"index.zst"}


def test_a_file_that_the_cut_left_empty_is_fetched_again(hub, depot):
    path = hub.paths.packs / "lesson/1/files/p03.html"
    path.chmod(0o644)
    path.write_bytes(b"")
    assert len(boot(hub, "boot-2")) == 1
    heal(hub, depot, "boot-2")


def test_a_file_of_both_versions_is_taken_out_of_both(hub, depot):
    hub.bring(depot.offer(2))
    overwrite(hub.paths.packs / "lesson/2/files/index.html", 3, bytes(10))
    assert len(boot(hub, "boot-2")) == 1
    assert list_versions(hub.paths, "lesson") == []
    hub.bring(depot.offer(2), boot_id="boot-2")
    assert hub.files() == files(2)


@pytest.mark.parametrize("content", [None, b"", b"garbage\n" * 50, bytes(4096)])
def test_without_a_journal_the_newest_files_are_read(hub, depot, content):
    if content is None:
        (hub.paths.store / FILE).unlink()
    else:
        (hub.paths.store / FILE).write_bytes(content)
    overwrite(hub.paths.packs / "lesson/1/files/p03.html", 3, bytes(10))
    assert len(boot(hub, "boot-2")) == 1
    heal(hub, depot, "boot-2")


def test_lines_that_are_torn_or_damaged_are_left_out(tmp_path):
    kept = tuple(Kept(f"{n:064}", 10, f"store/aa/file {n}") for n in range(5))
    write_journal(tmp_path, Journal("boot-1", kept))
    data = (tmp_path / FILE).read_bytes()
    (tmp_path / FILE).write_bytes(data[:-20].replace(b"file 2", b"file 9"))
    assert read_journal(tmp_path) == Journal("boot-1", (kept[0], kept[1], kept[3]))


def test_the_journal_goes_back_64_mib_and_the_file_beyond():
    sizes = [50 * MIB, 40 * MIB, 30 * MIB, 20 * MIB, 10 * MIB]  # the last three are not enough
    kept = [Kept(str(n), size, str(n)) for n, size in enumerate(sizes)]
    assert [one.size // MIB for one in newest(kept)] == [40, 30, 20, 10]
    assert newest(kept[:1]) == kept[:1]
