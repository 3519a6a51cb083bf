"""How-tos for paper: one sheet for a classroom's wall, two pages for who makes a hub ready. `make print`."""

import pytest

from provisioning.cards.labels import render_labels
from support.paper import count_pages, to_html
from support.school_config import make_school, office_part
from support.visitor import BUILD

PAGES = {"learner": 1, "teacher": 1, "card": 2}
SHEETS = [(f"{who}.{language}.md", count) for who, count in PAGES.items() for language in ("uk", "en")]
BROKEN = "[].filter.call(document.images, function (e) { return !e.naturalWidth }).length"


@pytest.mark.parametrize(("name", "count"), SHEETS, ids=lambda value: str(value).removesuffix(".md"))
@pytest.mark.parametrize("engine", ["chromium"], indirect=True)
def test_a_how_to_for_paper_has_so_many_pages(tab, tmp_path, name, count):
    page = tmp_path / "sheet.html"
    page.write_text(to_html(name), encoding="utf-8")
    tab.open(page.as_uri())
    assert tab.text("h1")
    assert tab.value(BROKEN) == 0
    pdf = tab.print_to_pdf()
    folder = BUILD / "print"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).with_suffix(".pdf").write_bytes(pdf)
    assert count_pages(pdf) == count


@pytest.mark.parametrize("engine", ["chromium"], indirect=True)
def test_two_labels_are_one_page(tab, tmp_path):
    name = "Опорний заклад загальної середньої освіти «Ліцей імені Тараса Шевченка» Вишневецької громади"
    school = make_school(school_name=name[:100], label_code="K7RM-4XQ9", central=office_part("h-1"))
    page = tmp_path / "labels.html"
    page.write_text(render_labels([(school, "h-1"), (school, "h-2")]), encoding="utf-8")
    tab.open(page.as_uri())
    assert count_pages(tab.print_to_pdf()) == 1
