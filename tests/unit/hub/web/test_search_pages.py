from datetime import UTC, datetime

import pytest

from hub.library.indexer import index_pending
from hub.settings import HubPaths
from hub.web.app import create_portal
from hub.web.origins import Ports
from support.shelves import SETTINGS, put_files_pack, put_lesson, put_textbook
from support.sources import PAGE

NOW = datetime(2026, 11, 22, tzinfo=UTC)


@pytest.fixture(scope="module")
def stocked(tmp_path_factory):
    folder = tmp_path_factory.mktemp("stocked")
    paths = HubPaths(folder / "hub")
    put_textbook(paths, folder)
    put_files_pack(paths, folder)
    index_pending(paths, now=NOW)
    return create_portal(paths, SETTINGS, ports=Ports(8080, 8081)).test_client()


def test_a_result_leads_to_the_very_page_inside_the_view(stocked):
    page = stocked.get("/search?q=while+loop").text
    assert 'href="/view/python-basics/m000' in page
    assert "<mark>loop</mark>" in page
    assert "Вступ до програмування мовою Python" in page


def test_finds_other_forms_of_ukrainian_words(stocked):
    page = stocked.get("/search?q=дробами").text
    assert "<mark>Дріб</mark>" in page
    assert 'href="/view/maths-shelf/' in page


def test_can_be_narrowed_to_a_kind(stocked):
    assert "/view/python-basics/" not in stocked.get("/search?q=python&kind=files").text
    assert stocked.get("/search?q=python&kind=nonsense").status_code == 404


def test_says_what_to_do_where_nothing_is_found(stocked):
    page = stocked.get("/search?q=квазіпептид").text
    assert "Нічого не знайдено" in page
    assert 'href="/library"' in page


def test_offers_another_spelling(stocked):
    assert 'href="/search?q=python"' in stocked.get("/search?q=pyhton").text.lower()


def test_says_that_new_lessons_are_still_being_read(portal, paths, scratch):
    put_lesson(paths, scratch)
    assert "ще читає нові уроки" in portal.get("/search?q=урок").text


def test_finds_a_lesson_as_soon_as_it_has_been_read(portal, paths, scratch):
    put_lesson(paths, scratch)
    assert "/view/lesson/" not in portal.get("/search?q=дроби").text
    index_pending(paths, now=NOW)
    assert "/view/lesson/" in portal.get("/search?q=дроби").text


@pytest.mark.parametrize("query", ['"', "' OR 1", "*", "NEAR(", "%", "<script>alert(1)</script>", "a" * 5000])
def test_any_text_is_a_query_and_only_text(stocked, query):
    answer = stocked.get("/search", query_string={"q": query})
    assert answer.status_code == 200
    assert "<script>" not in answer.text


def test_markup_in_a_lesson_is_not_markup_in_its_snippet(portal, paths, scratch):
    page = PAGE.format("Теги", "Пишемо &lt;img src=x onerror=alert(1)&gt; у сторінку").encode()
    put_lesson(paths, scratch, {"index.html": page})
    index_pending(paths, now=NOW)
    found = portal.get("/search?q=сторінку").text
    assert "onerror" in found
    assert "<img src=x" not in found
