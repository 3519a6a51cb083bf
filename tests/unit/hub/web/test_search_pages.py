from datetime import UTC, datetime

import pytest

from hub.library.indexer import index_pending
from hub.library.query import MAX_QUERY_CHARS
from hub.settings import HubPaths
from hub.web import search
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


def suggestions(client, begun):
    answer = client.get("/search/suggest", query_string={"q": begun})
    assert answer.status_code == 200
    return answer.json["suggestions"]


def test_suggests_words_and_pages_while_one_types(stocked):
    found = suggestions(stocked, "дро")
    assert {"text": "Дроби", "url": "/view/maths-shelf/1%20Вступ"} not in found
    words = [offer for offer in found if not offer["url"]]
    assert "дроби" in [offer["text"].lower() for offer in found]
    assert all(stocked.get(offer["url"]).status_code == 200 for offer in found if offer["url"])
    assert words


@pytest.mark.parametrize("begun", ["", "д", "<script>", "a" * 5000, "\0"])
def test_suggests_for_any_text_and_never_markup(stocked, begun):
    assert len(suggestions(stocked, begun)) <= 8


def test_what_is_typed_beyond_a_question_s_length_takes_no_memory(stocked):
    search._completions.cache_clear()
    for number in range(3):
        suggestions(stocked, "дроби" * MAX_QUERY_CHARS + str(number))
    assert search._completions.cache_info().currsize == 1


def test_suggestions_are_kept_by_the_browser_that_asked(stocked):
    assert "private" in stocked.get("/search/suggest?q=дро").headers["Cache-Control"]


def test_shows_at_once_what_was_typed_in_the_other_layout(stocked):
    page = stocked.get("/search?q=lhj,b").text
    assert "<b>дроби</b>" in page
    assert "<mark>Дріб</mark>" in page
    assert "typed=1" in page
    as_typed = stocked.get("/search?q=lhj,b&typed=1").text
    assert "<mark>Дріб</mark>" not in as_typed
    assert 'href="/search?q=%D0%B4%D1%80%D0%BE%D0%B1%D0%B8"' in as_typed


def test_is_narrowed_by_subject_grade_and_language_together(stocked):
    assert (
        "/view/python-basics/" in stocked.get("/search?q=python&subject=informatics&grade=9&language=en").text
    )
    for other in ("subject=mathematics", "grade=5", "language=uk"):
        page = stocked.get(f"/search?q=python&{other}").text
        assert "/view/python-basics/" not in page
        assert 'href="/search?q=python"' in page


def test_offers_only_choices_that_leave_something(portal, paths, scratch):
    put_lesson(paths, scratch, id="one", title="Вулкани", subject="geography", grades=[6])
    put_lesson(paths, scratch, id="two", title="Вулкан удома", subject="chemistry", grades=[8])
    put_lesson(paths, scratch, id="three", title="Інше", subject="music", grades=[1])
    index_pending(paths, now=NOW)
    page = portal.get("/search?q=вулкан").text
    assert "Географія (1)" in page
    assert "Хімія (1)" in page
    assert "Музика" not in page
    narrowed = portal.get("/search?q=вулкан&grade=6").text
    assert 'value="6" selected' in narrowed
    assert "Хімія" not in narrowed


def test_more_than_one_kind_comes_in_groups_that_lead_to_the_rest(portal, paths, scratch):
    pages = {f"p{n}.html": PAGE.format(f"Дроби {n}", "Дроби і частини.").encode() for n in range(30)}
    put_lesson(paths, scratch, {"index.html": PAGE.format("Зміст", "Про що це.").encode(), **pages})
    index_pending(paths, now=NOW)
    alone = portal.get("/search?q=дроби").text
    assert "Найкращі результати" not in alone
    assert 'rel="next"' in alone
    put_files_pack(paths, scratch)
    index_pending(paths, now=NOW)
    grouped = portal.get("/search?q=дроби").text
    assert "Найкращі результати" in grouped
    assert "kind=web" in grouped
    assert 'rel="next"' not in grouped
    assert 'rel="next"' in portal.get("/search?q=дроби&kind=web").text
