from contextlib import closing

from content_packs.transports.local import open_local
from hub.db import open_db
from hub.library import installed
from hub.library.install import install
from hub.library.store import open_store
from hub.sync.fetch import fetch_parcels
from hub.web.pagecache import PageCache
from hub.web.shelf import Shelf
from support.built import build, put_in_depot
from support.shelves import put_lesson


def test_reads_again_only_when_something_changed(paths, scratch):
    shelf = Shelf(paths)
    put_lesson(paths, scratch)
    first = shelf.view()
    assert shelf.view() is first
    with closing(open_db(paths.db)) as db:
        installed.forget(db, "lesson")
    assert shelf.view().packs == ()


def test_notices_a_database_put_in_place_of_the_old_one(paths, scratch):
    put_lesson(paths, scratch)
    shelf = Shelf(paths)
    assert len(shelf.view().packs) == 1
    for path in paths.dir.glob("hub.db*"):
        path.rename(path.with_name("old-" + path.name))
    put_lesson(paths, scratch, id="other", title="Інший")
    assert [pack.pack.id for pack in shelf.view().packs] == ["other"]


def test_a_lost_database_is_made_again_from_what_is_on_the_disk(paths, scratch):
    built = build(scratch)
    put_in_depot(built, scratch / "depot")
    store = open_store(paths.store)
    paths.packs.mkdir(parents=True)
    with open_local(scratch / "depot") as transport:
        fetch_parcels(built.index, transport, store, lambda _: None)
    install(paths, store, built.index, built.index_bytes)
    shelf = Shelf(paths)
    assert len(shelf.view().packs) == 1
    for path in paths.dir.glob("hub.db*"):
        path.unlink()
    assert [pack.pack.id for pack in shelf.view().packs] == ["lesson"]


def test_the_page_cache_forgets_what_was_asked_for_longest_ago():
    cache = PageCache()
    for number in range(200):
        cache.put(number, "x")
        cache.get(0)
    assert cache.get(0) is not None
    assert cache.get(1) is None
    assert cache.get(199) is not None
