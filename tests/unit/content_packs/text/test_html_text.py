import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from content_packs.text.html import EMPTY, read_html
from content_packs.text.markdown import read_markdown
from support.data import shared_data

PAGE = """<!doctype html><html lang="uk"><head><title> Про
дроби </title><style>p { color: red }</style></head><body>
<nav><a href=x>Зміст</a></nav><h1>Дріб</h1><p>Пів <b>яблу</b>ка</p><p>і чверть<br>піци</p>
<h2>Риска<br>дробу <i>тут</i></h2><script>var x = 1;</script><noscript>увімкни</noscript>
<ul><li>один</li><li>два</li></ul><p hidden>сховано</p><svg><text>рис</text></svg>кінець</body></html>"""


def test_page_becomes_title_headings_and_text():
    page = read_html(PAGE.encode())
    assert page.title == "Про дроби"
    assert page.headings == "Дріб\nРиска дробу тут"
    assert page.text == "Пів яблука і чверть піци один два кінець"
    assert page.language == "uk"


def test_first_heading_is_the_title_where_there_is_none():
    assert read_html("<h2>Жук</h2><h1>Інше</h1>".encode()).title == "Жук"


@pytest.mark.parametrize(
    ("data", "text"),
    [
        ("<p>їжак".encode(), "їжак"),
        ("<meta charset=windows-1251><p>їжак".encode("cp1251"), "їжак"),
        (
            "<meta http-equiv=content-type content='text/html; charset=koi8-u'><p>їжак".encode("koi8-u"),
            "їжак",
        ),
        ("<p>їжак".encode("cp1251"), "їжак"),
        ("<p>їжак".encode("utf-16"), "їжак"),
        ("<p>їжак".encode("utf-8-sig"), "їжак"),
        (b"<meta charset=hex><p>\xbf\xe6\xe0\xea", "їжак"),
        (
            "<?xml version='1.0' encoding='windows-1251'?><html><body>їжак</body></html>".encode("cp1251"),
            "їжак",
        ),
        ("<meta charset=windows-1251><p>їжак".encode(), "їжак"),
    ],
)
def test_letters_survive_every_encoding(data, text):
    assert read_html(data).text == text


@pytest.mark.parametrize("data", [b"", b" \n", b"<!-- x -->", b"<?php ?>", b"<"])
def test_what_is_no_page_is_empty_or_little(data):
    assert len(read_html(data).text) <= 1


def test_a_title_that_is_never_closed_does_not_grow_for_ever():
    assert len(read_html(b"<title>" + b"x " * 100_000).title) <= 300


@pytest.mark.parametrize(
    "data", [b"<div>" * 500_000, b"<p>x" * 500_000, b"<b " * 500_000, b"&amp;" * 500_000]
)
def test_hostile_pages_take_no_time(data):
    start = time.process_time()
    read_html(data)
    assert time.process_time() - start < 10


def test_a_whole_book_is_read_in_half_a_second():
    pages = [path.read_bytes() for path in sorted(shared_data("textbook", "v3").rglob("*.html"))]
    start = time.process_time()
    texts = [read_html(page) for page in pages]
    assert time.process_time() - start < 0.5
    assert sum(len(page.text) for page in texts) > 280_000
    assert sum(not page.text for page in texts) == 128  # drawn by scripts that are not there


@given(st.binary(max_size=500))
def test_no_bytes_crash_the_reader(data):
    read_html(data)
    read_html(b"<h1><title>" + data)


def test_markdown_is_read_with_its_tables():
    page = read_markdown("# Сад\n\nЯблуня **росте**.\n\n| а | б |\n|---|---|\n| в | г |\n".encode())
    assert (page.title, page.headings, page.text) == ("Сад", "Сад", "Яблуня росте. а б в г")
    assert read_markdown(b"") == EMPTY


def test_a_long_markdown_is_read_as_plain_text_for_it_may_be_made_to_be_slow():
    begun = time.monotonic()
    page = read_markdown("# Сад\n".encode() + b"[" * 1_900_000)
    assert page.title == ""
    assert page.text.startswith("# Сад [[[")
    assert time.monotonic() - begun < 5
