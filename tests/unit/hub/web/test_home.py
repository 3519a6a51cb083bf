from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hub.web.home import find_fresh
from hub.web.shelf import Shelf
from support.shelves import HOSTILE_TITLE, put_lesson, stock


def test_shows_subjects_newest_and_what_is_here(portal, paths, scratch):
    stock(paths, scratch)
    page = portal.get("/").text
    assert 'lang="uk"' in page
    assert "Ліцей села Кваси" in page
    assert "8 пакетів уроків" in page
    assert (
        page.index("Біологія")
        < page.index("Інформатика")
        < page.index("Українська мова")
        < page.index("Хімія")
    )
    assert 'href="/library?subject=mathematics"' in page
    assert 'action="/search"' in page


def test_says_what_to_do_while_there_are_no_lessons(portal):
    page = portal.get("/").text
    assert "Тут ще немає уроків" in page
    assert 'href="/tech/status"' in page


def test_a_pack_installed_while_the_portal_runs_is_there_at_once(portal, paths, scratch):
    assert "Ґава" not in portal.get("/").text
    put_lesson(paths, scratch, id="crow", title="Ґава та її друзі")
    assert "Ґава" in portal.get("/").text


def test_what_came_within_a_week_is_new_and_what_is_older_is_not(paths, scratch):
    put_lesson(paths, scratch, id="old", title="Старий")
    put_lesson(paths, scratch, id="young", title="Новий")
    now = datetime.now(UTC)
    packs = Shelf(paths).view().newest
    old = replace(packs[0], installed_at=(now - timedelta(days=7, minutes=1)).isoformat())
    young = replace(packs[1], installed_at=(now - timedelta(days=6)).isoformat())
    assert find_fresh((young, old), now=now) == (young,)


def test_title_and_subject_of_a_pack_are_only_text(portal, paths, scratch):
    put_lesson(
        paths, scratch, id="bad", title=HOSTILE_TITLE, subject=HOSTILE_TITLE, description=HOSTILE_TITLE
    )
    for address in ("/", "/library", "/pack/bad", "/view/bad/"):
        answer = portal.get(address)
        assert answer.status_code == 200
        assert "<script>" not in answer.text
        assert "&lt;script&gt;" in answer.text


def test_an_unchanged_page_is_not_sent_twice(portal):
    first = portal.get("/", headers={"Accept-Encoding": "gzip"})
    assert first.headers["Content-Encoding"] == "gzip"
    again = portal.get("/", headers={"Accept-Encoding": "gzip", "If-None-Match": first.headers["ETag"]})
    assert again.status_code == 304
    assert again.data == b""


def test_first_view_fits_the_budget(portal, paths, scratch):
    stock(paths, scratch)
    zipped = {"Accept-Encoding": "gzip"}
    page = portal.get("/").text
    parts = {part.split('"')[0].split("#")[0] for part in page.split('"/static/')[1:]}
    weights = [len(portal.get("/", headers=zipped).data)]
    weights += [len(portal.get(f"/static/{name}", headers=zipped).data) for name in parts]
    assert len(weights) <= 8
    assert sum(weights) <= 60_000
    assert weights[0] <= 14_000
