"""Searching: what is found, in which order, with which snippet, and that no input breaks it."""

import sqlite3
import threading
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from content_packs.errors import LocalError
from hub.library.indexer import index_pending, pending
from hub.library.search import Filters, Page, SearchResult, search
from hub.settings import HubPaths
from support.libraries import NOW, page, put_pack, remove_pack

PAGES = {
    "school.html": page("Школа", "Учні прийшли до школи. На ґанку стояв п’ятий учень."),
    "castle.html": page("За\u0301мок", "Старий за\u0301мок над рікою; учителі водять туди дітей."),
    "sums.html": page("Дроби", "Завдання: додайте дроби. Завдання легкі. Програмування не потрібне."),
    "script.html": page("Мова HTML", "Тег &lt;script&gt;alert(1)&lt;/script&gt; виконує програму."),
    "lists.html": page("Lists", "A list holds many values. Lists are ordered.", language="en"),
}


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> HubPaths:
    paths = HubPaths(tmp_path_factory.mktemp("hub"))
    put_pack(paths, PAGES)
    index_pending(paths, now=NOW)
    return paths


def find(paths: HubPaths, query: str, **options: Any) -> SearchResult:
    by_class = {
        cls: {f.name: options.pop(f.name) for f in fields(cls) if f.name in options}
        for cls in (Filters, Page)
    }
    asked = {"ui_language": "uk", "filters": Filters(**by_class[Filters]), "page": Page(**by_class[Page])}
    return search(paths, query, **asked | options)


def found_paths(paths: HubPaths, query: str) -> list[str]:
    return [hit.path for hit in find(paths, query).hits]


@pytest.mark.parametrize(
    ("query", "path"),
    [
        ("учнями", "school.html"),
        ("ЗАМКУ", "castle.html"),
        ("завданням", "sums.html"),
        ("ганок", "school.html"),
        ("п'ятий учень", "school.html"),
        ("список lists", "lists.html"),
    ],
)
def test_finds_the_page_by_an_inflected_word(library: HubPaths, query: str, path: str) -> None:
    assert found_paths(library, query)[0] == path


@pytest.mark.parametrize(
    ("written", "asked"),
    [("Чисельник", "чисельниками"), ("Чисельників", "чисельник"), ("Дроби", "дріб"), ("Дріб", "дробами")],
)
def test_finds_inflected_ukrainian_words(tmp_path: Path, written: str, asked: str) -> None:
    paths = HubPaths(tmp_path)
    put_pack(paths, {"here.html": page("Урок", f"{written} тут."), "other.html": page("Інше", "Частка там.")})
    index_pending(paths, now=NOW)
    (hit,) = find(paths, asked).hits
    assert (hit.path, hit.snippet_html) == ("here.html", f"<mark>{written}</mark> тут.")


def test_the_word_as_typed_comes_before_its_lemma_and_that_before_its_stem(tmp_path: Path) -> None:
    # simplemma knows that `дробу` is of `дріб`, but takes `дроби` for a form of `дробити`.
    paths = HubPaths(tmp_path)
    filler = {f"f{n}.html": page(f"Аркуш {n}", "Порожній аркуш паперу.") for n in range(9)}
    forms = {"a.html": "дроби", "b.html": "дробу", "c.html": "дробами"}
    put_pack(paths, {path: page("Сторінка", f"Слово {form} тут.") for path, form in forms.items()} | filler)
    index_pending(paths, now=NOW)
    assert found_paths(paths, "дробами") == ["c.html", "b.html", "a.html"]


def test_names_where_a_hit_comes_from(library: HubPaths) -> None:
    (hit,) = find(library, "рікою").hits
    assert (hit.title, hit.pack_id, hit.pack_title, hit.kind) == ("За\u0301мок", "lesson", "Зошит", "web")
    assert (hit.path, hit.language) == ("castle.html", "uk")


def test_finds_a_pack_by_its_title(library: HubPaths) -> None:
    assert found_paths(library, "зошити") == [""]


def test_title_outweighs_text(tmp_path: Path) -> None:
    paths = HubPaths(tmp_path)
    filler = {f"f{n}.html": page(f"Аркуш {n}", "Порожній аркуш паперу.") for n in range(6)}
    body = page("Інше", "Вулкан вулкан вулкан.")
    put_pack(paths, {"a.html": body, "b.html": page("Вулкан", "Гора.")} | filler)
    index_pending(paths, now=NOW)
    assert found_paths(paths, "вулкан") == ["b.html", "a.html"]


def test_all_words_are_tried_first_then_a_beginning_then_any(library: HubPaths) -> None:
    strict = find(library, "старий замок")
    assert (strict.mode, [hit.path for hit in strict.hits]) == ("all", ["castle.html"])
    begun = find(library, "завдання програму")
    assert (begun.mode, [hit.path for hit in begun.hits]) == ("prefix", ["sums.html"])
    some = find(library, "замок дроби")
    assert (some.mode, {hit.path for hit in some.hits}) == ("any", {"castle.html", "sums.html"})


def test_suggests_the_word_that_was_meant(library: HubPaths) -> None:
    assert find(library, "програмованя").suggestion == "програмування"
    assert find(library, "легкі завдяння").suggestion == "легкі завдання"
    assert find(library, "пʼятйи").suggestion == "п’ятий"
    assert find(library, "щщщщщщщ").suggestion is None


def test_suggests_nothing_where_something_was_found(library: HubPaths) -> None:
    assert find(library, "завдання").suggestion is None


def test_suggests_no_word_of_a_pack_that_is_gone(tmp_path: Path) -> None:
    paths = HubPaths(tmp_path)
    put_pack(paths, {"a.html": page("Вулкани", "Вулкани Ісландії.")}, id="gone")
    put_pack(paths, PAGES)
    index_pending(paths, now=NOW)
    assert find(paths, "вулкахи").suggestion == "вулкани"
    remove_pack(paths, "gone")
    assert find(paths, "вулкахи").suggestion is None


def test_snippet_shows_the_place_and_escapes_the_rest(library: HubPaths) -> None:
    (hit,) = find(library, "програму тег").hits
    assert "<script>" in hit.snippet_text
    assert (
        "<mark>Тег</mark> &lt;script&gt;alert(1)&lt;/script&gt; виконує <mark>програму</mark>"
        in hit.snippet_html
    )
    assert "<script" not in hit.snippet_html


def test_filters_by_kind_and_pack(library: HubPaths) -> None:
    assert find(library, "школа", kind="web").total == find(library, "школа", pack_id="lesson").total == 1
    assert find(library, "школа", kind="zim").total == find(library, "школа", pack_id="other").total == 0


def test_pages_of_results_follow_each_other(library: HubPaths) -> None:
    whole = find(library, "учень замок дроби")
    pages = [find(library, "учень замок дроби", limit=1, offset=n).hits for n in range(whole.total)]
    assert tuple(hit for hits in pages for hit in hits) == whole.hits


@pytest.mark.parametrize(
    "query", ['"школа', "школа*", "-школа", "{школа}", "^школа", "(школа", "школа\0", "школа' --", "школа ."]
)
def test_signs_in_a_query_are_not_syntax(library: HubPaths, query: str) -> None:
    assert found_paths(library, query) == ["school.html"]


@pytest.mark.parametrize("query", ["дроби NOT школа", "title:школа", "NEAR(школа дроби)"])
def test_words_in_a_query_are_not_syntax(library: HubPaths, query: str) -> None:
    result = find(library, query)
    assert result.mode == "any"
    assert "school.html" in {hit.path for hit in result.hits}


@given(st.text())
@settings(max_examples=300)
def test_any_text_is_a_query(library: HubPaths, query: str) -> None:
    result = find(library, query)
    assert 0 <= len(result.hits) <= result.total


def test_long_query_is_cut(library: HubPaths) -> None:
    assert find(library, "школа " * 100_000).total == 1


def test_empty_query_and_missing_index_find_nothing(library: HubPaths, tmp_path: Path) -> None:
    assert find(library, "  ?!  ").total == 0
    assert find(HubPaths(tmp_path), "школа") == SearchResult((), 0, None, "all", complete=False)


def test_hits_of_another_version_than_the_installed_one_are_left_out(tmp_path: Path) -> None:
    paths = HubPaths(tmp_path)
    put_pack(paths, PAGES)
    index_pending(paths, now=NOW)
    assert find(paths, "школа").complete
    put_pack(paths, PAGES, version=2)
    result = find(paths, "школа")
    assert (result.total, result.complete) == (0, False)


def test_damaged_index_finds_nothing_and_is_made_again(tmp_path: Path) -> None:
    paths = HubPaths(tmp_path)
    put_pack(paths, PAGES)
    index_pending(paths, now=NOW)
    data = bytearray(paths.search_db.read_bytes())
    data[4096:] = b"\xa5" * (len(data) - 4096)
    paths.search_db.write_bytes(data)
    assert find(paths, "школа").total == 0
    assert pending(paths)
    index_pending(paths, now=NOW)
    assert find(paths, "школа").total == 1
    assert not pending(paths)


def test_damage_that_only_a_learner_meets_is_repaired(tmp_path: Path) -> None:
    paths = HubPaths(tmp_path)
    put_pack(paths, PAGES)
    index_pending(paths, now=NOW)
    with sqlite3.connect(paths.search_db) as db:
        db.execute("update texts set text = x'a5a5'")
    db.close()
    assert not pending(paths)
    assert find(paths, "школа").total == 0
    assert pending(paths)
    index_pending(paths, now=NOW)
    assert find(paths, "школа").total == 1


def test_unreadable_index_is_this_machines_fault(tmp_path: Path) -> None:
    paths = HubPaths(tmp_path)
    put_pack(paths, PAGES)
    index_pending(paths, now=NOW)
    with sqlite3.connect(paths.db) as db:
        db.execute("drop table installed")
    db.close()
    with pytest.raises(LocalError, match=r"search\.db"):
        find(paths, "школа")


def test_learners_search_while_the_index_grows(tmp_path: Path) -> None:
    paths = HubPaths(tmp_path)
    put_pack(paths, PAGES)
    index_pending(paths, now=NOW)
    many = {f"p{n}.html": page(f"Сторінка {n}", "Новий текст про вулкани. " * 50) for n in range(300)}
    put_pack(paths, many, id="volcanoes")
    totals: list[int] = []
    done = threading.Event()

    def learner() -> None:
        while not done.is_set():
            totals.append(find(paths, "школа").total)

    learners = [threading.Thread(target=learner) for _ in range(16)]
    for thread in learners:
        thread.start()
    try:
        index_pending(paths, now=NOW)
    finally:
        done.set()
        for thread in learners:
            thread.join()
    assert set(totals) == {1}
    assert find(paths, "вулкан").total == 300


def test_what_was_typed_in_the_other_layout_is_shown_at_once(library: HubPaths) -> None:
    result = find(library, "pfvjr")
    assert (result.shown, [hit.path for hit in result.hits]) == ("замок", ["castle.html"])
    assert find(library, "дшіеі").shown == "lists"
    assert find(library, "pfvjr", as_typed=True).suggestion == "замок"
    assert find(library, "pfvjr", as_typed=True).hits == ()


def test_another_layout_and_a_wrong_letter_are_a_suggestion(library: HubPaths) -> None:
    assert find(library, "pfdlzyyz").suggestion == "завдання"


def test_what_is_found_as_typed_is_not_read_otherwise(library: HubPaths) -> None:
    assert find(library, "lists").shown is None
    assert find(library, "замок").shown is None


def test_is_narrowed_by_packs_and_language_and_says_what_else_there_is(library: HubPaths) -> None:
    everything = find(library, "lists школа")
    assert everything.total == 2
    narrow = find(library, "lists школа", language="en")
    assert [hit.path for hit in narrow.hits] == ["lists.html"]
    assert {(found.language, found.count) for found in narrow.found} == {("uk", 1), ("en", 1)}
    assert find(library, "школа", pack_ids={"lesson", "other"}).total == 1
    assert (
        find(library, "школа", pack_ids={"other"}).total == find(library, "школа", pack_ids=set()).total == 0
    )


def test_further_hits_come_by_kind_after_the_best(tmp_path: Path) -> None:
    paths = HubPaths(tmp_path)
    put_pack(paths, {f"p{n}.html": page(f"Вулкан {n}", "Гора з вогнем.") for n in range(6)}, id="one")
    put_pack(paths, {}, id="two", kind="files", title="Вулкани світу", entry="")
    index_pending(paths, now=NOW)
    assert find(paths, "вулкан", kind="web", per_kind=2).groups == ()
    result = find(paths, "вулкан", per_kind=2)
    by_kind = {group.kind: group for group in result.groups}
    assert {kind: group.total for kind, group in by_kind.items()} == {"web": 6, "files": 1}
    shown = [*result.hits, *(hit for group in result.groups for hit in group.hits)]
    assert (
        len(shown)
        == len({(hit.pack_id, hit.path) for hit in shown})
        == 2 + len(by_kind["web"].hits) + len(by_kind["files"].hits)
    )


def test_the_nearest_spelling_is_shown_where_nothing_is_there_as_typed(library: HubPaths) -> None:
    result = find(library, "програмованя")
    assert (result.shown, [hit.path for hit in result.hits]) == ("програмування", ["sums.html"])
    as_typed = find(library, "програмованя", as_typed=True)
    assert (as_typed.shown, as_typed.suggestion, as_typed.total) == (None, "програмування", 0)


def test_a_question_is_about_its_telling_words(library: HubPaths) -> None:
    assert found_paths(library, "що таке дроби")[0] == "sums.html"
    assert find(library, "що таке замок").mode == "all"
    assert find(library, "що").total == find(library, "для").total == 0  # alone they are words


def test_words_typed_together_are_found_apart(library: HubPaths) -> None:
    assert find(library, "старийзамок").shown == "старий замок"


def test_relatives_of_an_unknown_word_are_found_by_its_beginning(library: HubPaths) -> None:
    result = find(library, "завданнєвий")
    assert (result.mode, result.shown, [hit.path for hit in result.hits]) == ("prefix", None, ["sums.html"])
    assert find(library, "завданнєвий школа").mode == "any"
