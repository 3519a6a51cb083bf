import hashlib

from hub.library.store import Store, open_store


def sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def test_a_file_is_found_before_and_after_it_is_kept(tmp_path):
    store = open_store(tmp_path)
    store.add(sha(b"x"), b"x")
    assert store.find(sha(b"x"), len(b"x")) == store.incoming / sha(b"x")
    store.keep(sha(b"x"))
    assert store.find(sha(b"x"), len(b"x")) == store.path(sha(b"x"))
    assert store.path(sha(b"x")).stat().st_mode & 0o777 == 0o444
    assert store.find(sha(b"y"), len(b"y")) is None


def test_after_a_power_cut_only_right_bytes_are_taken_over(tmp_path):
    before = Store(tmp_path, "boot-1")
    before.add(sha(b"good"), b"good")
    before.add(sha(b"zeroed"), b"\0" * 6)
    before.part_path("ab" * 32).write_bytes(b"half")
    after = Store(tmp_path, "boot-2")
    assert list(after.adopt_earlier_boots()) == [sha(b"zeroed")]
    assert after.find(sha(b"good"), len(b"good")).read_bytes() == b"good"
    assert after.find(sha(b"zeroed"), len(b"zeroed")) is None
    assert after.unsure_path("ab" * 32).read_bytes() == b"half"
    assert not before.incoming.exists()


def test_sweep_keeps_what_a_tree_links_to(tmp_path):
    store = open_store(tmp_path / "store")
    for data in (b"used", b"orphan"):
        store.add(sha(data), data)
        store.keep(sha(data))
    (tmp_path / "tree").mkdir()
    (tmp_path / "tree" / "page").hardlink_to(store.path(sha(b"used")))
    assert store.sweep(keep=()) == len(b"orphan")
    assert [p.name for p in store.list_files()] == [sha(b"used")]


def test_sweep_keeps_what_is_still_wanted(tmp_path):
    store = open_store(tmp_path)
    store.add(sha(b"wanted"), b"wanted")
    store.keep(sha(b"wanted"))
    assert store.sweep(keep={sha(b"wanted")}) == 0
    assert store.find(sha(b"wanted"), len(b"wanted"))


def test_a_part_outlives_any_number_of_power_cuts(tmp_path):
    first = Store(tmp_path, "boot-1")
    first.incoming.mkdir(parents=True)
    first.part_path("ab" * 32).write_bytes(b"half of a film")
    for boot in ("boot-2", "boot-3", "boot-4"):
        store = Store(tmp_path, boot)
        assert list(store.adopt_earlier_boots()) == []
        assert store.part_size("ab" * 32) == len(b"half of a film")


def test_clearing_for_space_keeps_the_parts_that_are_wanted(tmp_path):
    store = open_store(tmp_path)
    store.incoming.mkdir(parents=True)
    store.part_path("ab" * 32).write_bytes(b"wanted")
    store.part_path("cd" * 32).write_bytes(b"nobody asks for it")
    store.clear_incoming(keep={"ab" * 32})
    assert [p.name for p in store.incoming.iterdir()] == ["ab" * 32 + ".part"]


def test_a_file_that_was_cut_since_is_not_taken(tmp_path):
    store = open_store(tmp_path)
    store.add(sha(b"page"), b"page")
    store.keep(sha(b"page"))
    store.path(sha(b"page")).chmod(0o644)
    store.path(sha(b"page")).write_bytes(b"")
    assert store.find(sha(b"page"), 4) is None
