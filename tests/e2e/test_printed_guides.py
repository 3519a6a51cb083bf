"""The how-tos that hang on the wall of a classroom: each is one sheet of A4."""

import re
from pathlib import Path

import pytest
from markdown_it import MarkdownIt

HOWTO = Path(__file__).parents[2] / "docs" / "howto"
SHEETS = [f"{who}.{language}.md" for who in ("learner", "teacher") for language in ("uk", "en")]
# As the web pages that show such files print them: 11 pt, no larger than they can be read from a wall nearby.
PAGE = """<!doctype html><meta charset="utf-8"><style>
body{font:11pt/1.35 "DejaVu Sans",sans-serif} h1{font-size:17pt;margin:0 0 8pt} p{margin:0 0 6pt}
table{border-collapse:collapse} td,th{padding:2pt 8pt 2pt 0;text-align:left;vertical-align:top}
</style>"""


@pytest.mark.parametrize("name", SHEETS)
@pytest.mark.parametrize("engine", ["chromium"], indirect=True)
def test_a_how_to_for_the_wall_is_one_sheet(tab, tmp_path, name):
    text = (HOWTO / name).read_text(encoding="utf-8")
    page = tmp_path / "sheet.html"
    page.write_text(PAGE + MarkdownIt().enable("table").render(text), encoding="utf-8")
    tab.open(page.as_uri())
    assert tab.text("h1")
    assert len(re.findall(rb"/Type\s*/Page\b", tab.print_to_pdf())) == 1
