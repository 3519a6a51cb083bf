import re
import shutil

import pytest

from support.books import long_pdf
from support.shelves import put_lesson

URL = "/view/lesson/book.pdf"


@pytest.fixture
def put(paths, scratch):
    def put(count=1):
        return put_lesson(paths, scratch, {"book.pdf": long_pdf(count)}, kind="files", entry=None)

    return put


def numbers(page):
    return [int(found) for found in re.findall(r'<section class="pdf-page" id="p(\d+)"', page)]


def test_pages_are_pictures_with_their_words(portal, content, put):
    put(2)
    page = portal.get(URL).text
    images = re.findall(r"<img src=\"http://localhost:8081([^\"]+)\"([^>]*)>", page)
    assert [url for url, _ in images] == [f"/x/lesson/pages/book.pdf/000{n}.webp" for n in (1, 2)]
    assert re.search(r'width="1000" height="1\d\d\d" alt="[^"]*1"', images[0][1])
    assert re.findall(r'pdf-words" lang="uk">([^<]+)<', page) == ["word1", "word2"]
    assert "/p/lesson/book.pdf?download" in page
    assert 'class="jump"' not in page
    picture = content.get(images[0][0])
    assert (picture.status_code, picture.content_type, picture.data[:4]) == (200, "image/webp", b"RIFF")


def test_a_book_comes_in_groups_that_begin_where_one_asks(portal, put):
    put(25)
    first = portal.get(URL).text
    assert numbers(first) == list(range(1, 11))
    assert f'rel="next" href="{URL}?page=11"' in first
    assert 'rel="prev"' not in first
    middle = portal.get(f"{URL}?page=12").text
    assert numbers(middle) == list(range(12, 22))
    assert f'rel="prev" href="{URL}?page=2"' in middle
    assert f'rel="next" href="{URL}?page=22"' in middle
    last = portal.get(f"{URL}?page=22").text
    assert numbers(last) == [22, 23, 24, 25]
    assert f'rel="next" href="{URL}?' not in last
    assert re.search(r'<input [^>]*name="page" type="number"[^>]* max="25" value="22"', last)


@pytest.mark.parametrize("page", ["0", "26", "-1", "x", "9999999"])
def test_a_page_that_is_not_there_is_a_404(portal, put, page):
    put(25)
    assert portal.get(f"{URL}?page={page}").status_code == 404


def test_words_alone_are_a_page_that_can_be_enlarged(portal, put):
    put(12)
    page = portal.get(f"{URL}?page=2&text=1").text
    assert "<img" not in page
    assert re.findall(r'pdf-text" lang="uk">([^<]+)<', page)[:2] == ["word2", "word3"]
    assert f'href="{URL}?page=12&amp;text=1"' in page


def test_a_page_without_a_picture_shows_its_words(portal, put):
    (put(3).parent / "extras/pages/book.pdf/0002.webp").unlink()
    page = portal.get(URL).text
    assert page.count("<img src") == 2
    assert re.findall(r'pdf-text" lang="uk">([^<]+)<', page) == ["word2"]


def test_a_damaged_picture_is_left_out(portal, put):
    (put(2).parent / "extras/pages/book.pdf/0001.webp").write_bytes(b"GIF89a")
    assert portal.get(URL).text.count("<img src") == 1


def test_a_pack_without_pictures_and_words_has_the_file_itself_to_open(portal, put):
    shutil.rmtree(put(2).parent / "extras")
    page = portal.get(URL).text
    assert '<a class="button main" href="http://localhost:8081/p/lesson/book.pdf"' in page
    assert "pdf-page" not in page


def test_words_of_a_hostile_pdf_are_no_markup(portal, put):
    place = put(1).parent / "extras/text/book.pdf.txt"
    place.write_text("<script>alert(1)</script>")
    assert "<script>" not in portal.get(URL).text


@pytest.mark.parametrize(
    "path",
    [
        "../files/book.pdf",
        "none",
        "",
        "pages",
        "pages/",
        "pages/book.pdf",
        "pages/book.pdf/../../../index.zst",
    ],
)
def test_only_extras_are_served_as_such(content, put, path):
    put(1)
    assert content.get(f"/x/lesson/{path}").status_code == 404


def test_without_pictures_there_is_no_way_to_them(portal, put):
    place = put(1)
    assert f'href="{URL}?page=1&amp;text=1"' in portal.get(URL).text
    assert f'class="more" href="{URL}?page=1"' in portal.get(f"{URL}?text=1").text
    shutil.rmtree(place.parent / "extras/pages")
    page = portal.get(URL).text
    assert "word1" in page
    assert "as-text" not in page
