import pytest

from content_packs.check import check_source
from content_packs.source import open_source
from support.sources import write_source


def check(tmp_path, files):
    write_source(tmp_path, {path: text.encode() for path, text in files.items()})
    return check_source(open_source(tmp_path))


def errors(found):
    return [str(finding) for finding in found if finding.severity == "error"]


OTHERS = {
    "photo.jpg": "x",
    "sub/index.html": "<p>x",
    "empty/a.txt": "x",
    "a b.html": "<p>x",
    "Ґанок.html": "<p>x",
}


@pytest.mark.parametrize(
    "link",
    [
        "photo.jpg",
        "./sub/../photo.jpg",
        "sub/",
        "sub",
        "a%20b.html#x",
        "#here",
        "",
        "sub/index.html?q=1",
        "%D2%90%D0%B0%D0%BD%D0%BE%D0%BA.html",
        "https://example.org/",
        "mailto:a@b.c",
        "data:,x",
        "sub\\index.html",
    ],
)
def test_good_links_are_no_findings(tmp_path, link):
    assert check(tmp_path, OTHERS | {"index.html": f"<a href='{link}'>x</a>"}) == []


@pytest.mark.parametrize(
    ("link", "expected"),
    [
        ("no.html", "'no.html' does not exist. Add the file or take the link out."),
        ("foto.jpg", "'foto.jpg' does not exist. Did you mean 'photo.jpg'?"),
        ("img/photo.jpg", "'img/photo.jpg' does not exist. Did you mean 'photo.jpg'?"),
        ("Photo.JPG", "'Photo.JPG' differs in case from 'photo.jpg'. Windows hides the difference"),
        ("empty/", "'empty/' is a folder without index.html"),
        ("/photo.jpg", "'/photo.jpg' starts with '/'. Write 'photo.jpg'"),
        ("../up.html", "'../up.html' leads out of the pack"),
        ("file:///home/me/a.html", "is a file of your own computer"),
    ],
)
def test_each_broken_link_is_explained_with_its_line(tmp_path, link, expected):
    (error,) = errors(
        check(tmp_path, OTHERS | {"index.html": f"<p>\n\n<a\n  href='{link}'\n  class=x>x</a>"})
    )
    assert error.startswith("index.html:4: ")
    assert expected in error


def test_link_in_another_unicode_form_is_explained(tmp_path):
    (error,) = errors(check(tmp_path, {"index.html": "<a href='и\u0306.html'>", "й.html": "<p>x"}))
    assert "differs in Unicode form from 'й.html'" in error


def test_absolute_hint_is_written_from_the_page(tmp_path):
    (error,) = errors(
        check(tmp_path, OTHERS | {"index.html": "", "sub/index.html": "<img src='/photo.jpg'>"})
    )
    assert "Write '../photo.jpg'" in error


def test_style_sheets_are_checked_from_their_own_folder(tmp_path):
    files = {
        "index.html": "<link rel=stylesheet href=css/a.css>",
        "css/a.css": "p{background:url(../photo.jpg)}\nq{background:url(photo.jpg)}",
        "photo.jpg": "x",
    }
    (error,) = errors(check(tmp_path, files))
    assert error.startswith("css/a.css:2: 'photo.jpg' does not exist")


@pytest.mark.parametrize(
    ("html", "what"),
    [
        ("<script src='https://cdn.example.org/x.js'></script>", "a script"),
        ("<link rel=stylesheet href='//example.org/x.css'>", "a style sheet"),
        ("<img src='http://example.org/x.png'>", "a picture or a recording"),
        ("<iframe src='https://example.org/'></iframe>", "a page"),
    ],
)
def test_what_comes_from_the_internet_is_a_warning(tmp_path, html, what):
    (found,) = check(tmp_path, {"index.html": html})
    assert found.severity == "warning"
    assert f"is {what} from the Internet" in found.message


def test_missing_script_is_an_error_where_learners_get(tmp_path):
    files = {"index.html": "<a href=game.html>x</a>", "game.html": "<script src=no.js></script>"}
    assert errors(check(tmp_path, files))


def test_missing_script_is_one_warning_on_pages_that_no_link_leads_to(tmp_path):
    pages = {f"old/{n}.html": "<script src=../no.js></script>" for n in range(5)}
    (found,) = check(tmp_path, pages | {"index.html": "<p>x"})
    assert found.severity == "warning"
    assert "(and on 4 more pages)" in found.message


def test_missing_page_or_picture_is_an_error_even_there(tmp_path):
    files = {"index.html": "<p>x", "old/1.html": "<a href=no.html>x</a><img src=no.png>"}
    assert len(errors(check(tmp_path, files))) == 2


def test_pages_behind_frames_refreshes_and_folders_count_as_reached(tmp_path):
    files = {
        "index.html": "<meta http-equiv=refresh content='0;url=one/'>",
        "one/index.html": "<iframe src=../two.html></iframe>",
        "two.html": "<script src=no.js></script>",
    }
    assert len(errors(check(tmp_path, files))) == 1


def test_thousands_of_broken_links_are_counted_not_listed(tmp_path):
    found = check(tmp_path, {"index.html": "".join(f"<a href=n{n}.html>x</a>" for n in range(3000))})
    assert len(found) == 501
    assert "2500 more links are broken" in found[-1].message
