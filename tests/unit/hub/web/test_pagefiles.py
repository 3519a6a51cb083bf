"""Which pages are kept as files, and when they are taken back; flows show it with nginx and real installs."""

import errno
import os
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from content_packs.durable import locked
from hub.clock import BUILT_AT, best_time, raise_floor
from hub.settings import HubPaths
from hub.web import memory_disk, pagefiles
from hub.web.assets import list_assets
from hub.web.pagecache import make_page
from hub.web.pagefiles import Made, PageFiles
from hub.web.shelf import Shelf
from hub.withdrawal import CURRENT, LOCK, withdrawn
from support.shelves import put_lesson
from support.waiting import stay_within_a_day

PLAIN = ("default", "default")
PAGE = make_page("<h1>сторінка</h1>")


@pytest.fixture
def shelf(paths: HubPaths, scratch: Path) -> Shelf:
    put_lesson(paths, scratch)
    return Shelf(paths)


@pytest.fixture
def files(paths: HubPaths, shelf: Shelf):
    files = PageFiles(paths, shelf)
    files.open(list_assets())
    yield files
    files.close()


@pytest.fixture(autouse=True)
def one_day() -> None:
    stay_within_a_day(10)


def today() -> date:
    return best_time(datetime.now(UTC), BUILT_AT).date()


def now(shelf: Shelf) -> Made:
    """Return what a page is made from that is begun now, on a hub without a search.db."""
    return Made(shelf.view().stamp, today(), ())


def kept(paths: HubPaths) -> list[str]:
    current = paths.pages / CURRENT
    return sorted(str(path.relative_to(current)) for path in current.rglob("*.html"))


def test_a_page_and_its_gzip_form_lie_below_what_was_chosen(files, shelf, paths):
    files.offer("/pack/lesson", ("uk", "huge"), PAGE, now(shelf))
    place = paths.pages / CURRENT / "uk" / "huge" / "pack" / "lesson.html"
    assert place.read_bytes() == PAGE.html
    assert place.with_name("lesson.html.gz").read_bytes() == PAGE.gzipped
    assert place.stat().st_mtime == int(PAGE.etag[:8], 16)


@pytest.mark.parametrize(
    "path", ["/../x", "/a/../../x", "//x", "/.x", "/a b", "/ї", "/" + "a" * 200, "/x/", "x"]
)
def test_an_address_that_could_lead_elsewhere_is_not_kept(files, shelf, paths, path):
    files.offer(path, PLAIN, PAGE, now(shelf))
    assert kept(paths) == []


def test_a_page_begun_before_a_change_is_not_kept_after_it(files, shelf, paths, scratch):
    begun = now(shelf)
    put_lesson(paths, scratch, id="next")
    files.offer("/", PLAIN, PAGE, begun)
    assert kept(paths) == []
    files.offer("/", PLAIN, PAGE, now(shelf))
    assert kept(paths) == ["default/default/.html"]


def test_a_change_takes_all_back_before_it_is_made(files, shelf, paths):
    made = now(shelf)
    files.offer("/", PLAIN, PAGE, made)
    with withdrawn(paths):
        assert kept(paths) == []
        files.offer("/", PLAIN, PAGE, made)  # while somebody changes the library, nothing is kept
        assert kept(paths) == []


def test_a_page_of_yesterday_is_neither_kept_nor_stays(shelf, paths):
    days = [datetime(2026, 11, 27, 23, 59, tzinfo=UTC)]
    files = PageFiles(paths, shelf, now=lambda: days[-1])
    files.open(list_assets())
    made = Made(shelf.view().stamp, days[0].date(), ())
    files.offer("/", PLAIN, PAGE, made)
    files.refresh()
    assert kept(paths) == ["default/default/.html"]
    days.append(datetime(2026, 11, 28, tzinfo=UTC))
    files.refresh()
    assert kept(paths) == []
    files.offer("/", PLAIN, PAGE, made)
    assert kept(paths) == []
    files.close()


def test_only_so_many_are_kept(files, shelf, paths, monkeypatch):
    monkeypatch.setattr(pagefiles, "_MAX_PAGES", 3)
    for number in range(6):
        files.offer(f"/pack/p{number}", PLAIN, PAGE, now(shelf))
    assert len(kept(paths)) == 3


@pytest.mark.parametrize(
    ("path", "query", "is_kept"),
    [
        ("/search", "q=%D0%B4%D1%80%D1%96%D0%B1+a.b~c-d_e", True),
        ("/search", "q=" + "a" * 201, False),
        ("/search", "q=a/../../x", False),
        ("/search", "q=", False),
        ("/search", "q=a&kind=web", False),
        ("/search", "typed=&q=a", False),
        ("/", "q=a", False),
        ("/library", "q=a", False),
    ],
)
def test_of_queries_only_a_plain_search_is_kept(files, shelf, paths, path, query, is_kept):
    files.offer(path, PLAIN, PAGE, now(shelf), query=query)
    assert kept(paths) == ([f"default/default/search/{query}.html"] if is_kept else [])


def test_searches_leave_room_for_pages(files, shelf, paths, monkeypatch):
    monkeypatch.setattr(pagefiles, "_MAX_SEARCHES", 2)
    for number in range(5):
        files.offer("/search", PLAIN, PAGE, now(shelf), query=f"q={number}")
    files.offer("/", PLAIN, PAGE, now(shelf))
    assert len(kept(paths)) == 3


def test_another_index_takes_all_back(files, shelf, paths):
    begun = now(shelf)
    files.offer("/search", PLAIN, PAGE, begun, query="q=a")
    paths.search_db.write_bytes(b"another index")
    files.refresh()
    assert kept(paths) == []
    files.offer("/search", PLAIN, PAGE, begun, query="q=a")
    assert kept(paths) == []


def test_who_holds_the_lock_keeps_no_reader_waiting(files, shelf, paths):
    with locked(paths.lock(LOCK), doing="a test"):
        files.offer("/", PLAIN, PAGE, now(shelf))
    assert kept(paths) == []


def test_a_portal_begins_with_no_pages_and_leaves_nothing(paths, shelf):
    first = PageFiles(paths, shelf)
    first.open(list_assets())
    first.offer("/", PLAIN, PAGE, now(shelf))
    before = paths.pages.readlink()
    second = PageFiles(paths, shelf)  # the first was killed
    second.open(list_assets())
    assert kept(paths) == [] and not before.exists()
    second.close()
    assert not os.path.lexists(paths.pages)


def test_a_portal_that_ends_leaves_the_pages_of_one_that_has_begun(paths, shelf):
    first, second = PageFiles(paths, shelf), PageFiles(paths, shelf)
    first.open(list_assets())
    second.open(list_assets())
    second.offer("/", PLAIN, PAGE, now(shelf))
    first.close()
    assert kept(paths) == ["default/default/.html"]
    second.close()


def test_without_a_door_nothing_is_made(paths, shelf):
    PageFiles(paths, shelf).offer("/", PLAIN, PAGE, now(shelf))
    assert not os.path.lexists(paths.pages)


def test_a_full_memory_leaves_no_pages_that_nobody_takes_back(paths, shelf, tmp_path, monkeypatch):
    memory = tmp_path / "memory"
    memory.mkdir()
    monkeypatch.setattr(memory_disk, "DISK", memory)
    killed = PageFiles(paths, shelf)
    killed.open(list_assets())
    killed.offer("/library", PLAIN, PAGE, now(shelf))
    assert kept(paths)

    def refuse(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(pagefiles, "_write", refuse)
    with pytest.raises(OSError, match="No space"):
        PageFiles(paths, shelf).open(list_assets())
    assert not paths.pages.is_symlink()
    assert not list(memory.iterdir())


def test_the_day_is_that_of_the_hub_s_clock(files, paths):
    signed_at = best_time(datetime.now(UTC), BUILT_AT) + timedelta(days=400)
    raise_floor(paths.trust, signed_at)  # the office has signed since: the system's clock is late
    assert files.today() == signed_at.date()
