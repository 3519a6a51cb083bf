"""What a shelf of many files costs: it is read once, for every page that shows some of it."""

import threading
from contextlib import closing

import pytest
from lxml import etree

from content_packs import items
from hub.db import open_db
from hub.web import kept, listing, sitemap
from hub.web.listing import listing as list_pack
from hub.web.shelf import Shelf
from support.shelves import put_lesson

MANY = 3000
SITEMAP = "{http://www.sitemaps.org/schemas/sitemap/0.9}"
HOST = {"Host": "hub.lan:8080"}


@pytest.fixture
def many(paths, scratch):
    """A shelf of some thousand texts, most of them in folders."""
    files = {f"Тека {number % 7}/Книжка {number:04}.txt": b"x" for number in range(MANY - 2)}
    put_lesson(paths, scratch, files | {"я.txt": b"x", "а.md": b"# x"}, id="many", kind="files", entry=None)


@pytest.fixture
def reads(monkeypatch):
    """How often the items of a pack were read."""
    counted = []

    def read_items(details):
        counted.append(1)
        return items.read_items(details)

    monkeypatch.setattr(listing, "read_items", read_items)
    return counted


def pack_of(paths):
    return Shelf(paths).view().packs[0]


def test_loose_items_come_first_then_folder_by_folder(paths, many):
    listed = list_pack(pack_of(paths))
    assert [item.path for item in listed.items[:2]] == ["а.md", "я.txt"]
    folders = [item.path.partition("/")[0] for item in listed.items[2:]]
    assert folders == sorted(folders)
    assert [listed.places[item.path] for item in listed.items] == list(range(MANY))
    assert listed.types == ("markdown", "text")


def test_a_shelf_is_read_once_for_all_pages(portal, many, reads):
    for address in (
        "/view/many/%D1%8F.txt",
        "/view/many/%D0%B0.md",
        "/pack/many",
        "/pack/many?page=2",
        "/library",
        "/library?kind=text",
        "/opds/all",
        "/opds/search?q=0007",
        "/opds/search?q=0008",
        "/sitemap.xml",
        "/sitemap/2.xml",
    ):
        assert portal.get(address, headers=HOST).status_code == 200, address
    assert len(reads) == 1


def test_it_stays_read_when_hub_db_changes_and_the_pack_does_not(paths, many, reads):
    shelf = Shelf(paths)
    before = shelf.view()
    list_pack(before.packs[0])
    with closing(open_db(paths.db)) as db:
        db["note"].insert({"of": "a sync"})
    after = shelf.view()
    assert after is not before
    list_pack(after.packs[0])
    assert len(reads) == 1


def test_another_version_is_read_anew(portal, paths, scratch, many):
    assert portal.get("/view/many/%D1%8F.txt", headers=HOST).status_code == 200
    put_lesson(paths, scratch / "2", {"б.txt": b"x"}, id="many", kind="files", entry=None, version=2)
    assert portal.get("/view/many/%D1%8F.txt", headers=HOST).status_code == 404
    assert portal.get("/view/many/%D0%B1.txt", headers=HOST).status_code == 200


def test_the_search_of_reading_apps_finds_beginnings_of_words(portal, many):
    answer = portal.get("/opds/search?q=кни 0007", headers=HOST)
    assert answer.text.count("<entry>") == 1
    assert portal.get("/opds/search?q=нижка", headers=HOST).text.count("<entry>") == 0


def test_a_long_sitemap_is_an_index_of_parts(portal, paths, scratch, many):
    root = etree.fromstring(portal.get("/sitemap.xml", headers=HOST).data)
    assert root.tag == f"{SITEMAP}sitemapindex"
    parts = [entry.findtext(f"{SITEMAP}loc") for entry in root]
    assert parts == [f"http://hub.lan:8080/sitemap/{number}.xml" for number in (1, 2)]
    found = []
    for address in parts:
        part = etree.fromstring(portal.get(address.removeprefix("http://hub.lan:8080"), headers=HOST).data)
        assert part.tag == f"{SITEMAP}urlset"
        assert len(part) <= sitemap.PART_ADDRESSES
        found += [url.findtext(f"{SITEMAP}loc") for url in part]
    assert len(found) == len(set(found)) > MANY
    assert len([address for address in found if "/view/many/" in address]) == MANY
    for number in (0, 3, 10**9):
        assert portal.get(f"/sitemap/{number}.xml", headers=HOST).status_code == 404


def test_a_sitemap_is_made_once_whatever_stands_behind_it(portal, many, monkeypatch):
    first = portal.get("/sitemap/2.xml", headers=HOST).data
    monkeypatch.setattr(sitemap, "_write_part", None)
    assert portal.get("/sitemap/2.xml?x=1", headers=HOST).data == first


def test_many_who_ask_at_once_have_it_made_once():
    values, made = kept.Kept(2), []
    together = threading.Barrier(8)

    def ask():
        together.wait()
        values.get("key", lambda: made.append(1))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 1


def test_only_so_many_are_kept():
    values = kept.Kept(2)
    for number in range(3):
        values.get(number, lambda number=number: number)
    assert values.get(2, lambda: "again") == 2
    assert values.get(0, lambda: "again") == "again"
