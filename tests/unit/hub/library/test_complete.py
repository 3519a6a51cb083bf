"""What is offered while somebody types."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.library.complete import MAX_COMPLETIONS, Completion, complete
from hub.library.indexer import index_pending
from hub.settings import HubPaths
from support.libraries import NOW, page, put_pack, remove_pack

PAGES = {
    "a.html": page("Дроби навколо нас", "Дріб, дроби, дробами: дробова частина. Програма і програмування."),
    "b.html": page("Звичайні дроби", "Про дроби і п’ятикутник."),
    "c.html": page("Вода", "Вода у річці, дроби у зошиті."),
}


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> HubPaths:
    paths = HubPaths(tmp_path_factory.mktemp("hub"))
    put_pack(paths, PAGES)
    index_pending(paths, now=NOW)
    return paths


def offers(paths: HubPaths, begun: str) -> list[str]:
    return [offer.text for offer in complete(paths, begun, ui_language="uk")]


def test_offers_words_then_titles_that_lead_to_their_page(library: HubPaths) -> None:
    found = complete(library, "дро", ui_language="uk")
    assert found[0] == Completion("дроби")
    titles = {offer for offer in found if offer.pack_id}
    assert titles == {
        Completion("Дроби навколо нас", "lesson", "a.html"),
        Completion("Звичайні дроби", "lesson", "b.html"),
    }


def test_offers_one_form_of_a_word(library: HubPaths) -> None:
    words = [offer.text for offer in complete(library, "дро", ui_language="uk") if not offer.pack_id]
    assert "дробами" not in words


def test_completes_the_last_word_and_writes_apostrophes_as_books_do(library: HubPaths) -> None:
    assert "звичайний п’ятикутник" in offers(library, "звичайний п'яти")


def test_offers_what_was_meant_in_the_other_layout(library: HubPaths) -> None:
    assert offers(library, "lhj")[0] == "дроби"


def test_offers_no_title_of_a_pack_that_is_gone(tmp_path: Path) -> None:
    paths = HubPaths(tmp_path)
    put_pack(paths, {"a.html": page("Вулкани Ісландії", "Гора.")}, id="gone")
    index_pending(paths, now=NOW)
    assert "Вулкани Ісландії" in offers(paths, "вулк")
    remove_pack(paths, "gone")
    assert "Вулкани Ісландії" not in offers(paths, "вулк")


@pytest.mark.parametrize("begun", ["", " ", "д", "?", "щщщщ"])
def test_offers_nothing_for_too_little_or_for_what_is_not_there(library: HubPaths, begun: str) -> None:
    assert offers(library, begun) == []


def test_offers_no_little_words(tmp_path: Path) -> None:
    paths = HubPaths(tmp_path)
    put_pack(paths, {f"{n}.html": page("Урок", "Вони тут, водойма там.") for n in range(3)})
    index_pending(paths, now=NOW)
    assert offers(paths, "во") == ["водойма"]


def test_offers_nothing_where_there_is_no_index(tmp_path: Path) -> None:
    assert offers(HubPaths(tmp_path), "дро") == []


@given(st.text())
def test_any_text_may_be_typed(library: HubPaths, begun: str) -> None:
    assert len(offers(library, begun)) <= MAX_COMPLETIONS
