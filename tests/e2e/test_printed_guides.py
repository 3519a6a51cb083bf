"""How-tos for paper: one sheet for a classroom's wall, two pages for who makes a hub ready. `make print`."""

import re

import pytest

from support.paper import to_html
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
    assert len(re.findall(rb"/Type\s*/Page\b", pdf)) == count
