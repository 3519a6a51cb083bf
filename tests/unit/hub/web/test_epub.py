import re
import zipfile
from urllib.parse import quote

import pytest

from support import lessons
from support.books import BOOK, book, write_book
from support.shelves import put_lesson

PATH = "книжки/Казки #1.epub"
URL = "/view/lesson/" + quote(PATH)
MEMBERS = "/e/lesson/" + quote(PATH)


@pytest.fixture
def put(paths, scratch):
    def put(changes=None, data=None):
        files = {PATH: book(changes) if data is None else data, "a.txt": b"a"}
        return put_lesson(paths, scratch, files, kind="files", entry=None)

    return put


@pytest.mark.parametrize("form", ["nav", "ncx"])
def test_a_book_opens_at_its_table_of_contents(portal, put, form):
    put({"OPS/nav.xhtml": None} if form == "ncx" else {"OPS/toc.ncx": None})
    page = portal.get(URL).text
    links = re.findall(r'<li class="(depth-\d)"><a href="([^"]+)">([^<]+)</a>', page)
    assert [(depth, title) for depth, _, title in links] == [
        ("depth-0", "Рукавичка"),
        ("depth-1", "У лісі"),
        ("depth-0", "Ріпка &amp; дід"),
    ]
    assert links[1][1] == f"{URL}?chapter=1&amp;at=forest"
    assert f'href="http://localhost:8081/p/lesson/{quote(PATH)}?download"' in page
    assert 'rel="prev"' in page


def test_each_chapter_has_an_address_and_leads_to_the_next(portal, put):
    put()
    page = portal.get(f"{URL}?chapter=2").text
    frame = re.search(r"<iframe[^>]*>", page)[0]
    assert f'src="http://localhost:8081{MEMBERS}/OPS/two.xhtml"' in frame
    assert 'sandbox=""' in frame
    assert f'rel="prev" href="{URL}?chapter=1"' in page
    assert 'rel="next"' not in page
    assert f'href="{URL}"' in page
    first = portal.get(f"{URL}?chapter=1&at=forest").text
    assert 'rel="prev"' not in first
    assert "one.xhtml#forest" in re.search(r"<iframe[^>]*>", first)[0]


def test_the_readers_text_size_goes_with_the_chapter(portal, content, put):
    put()
    portal.set_cookie("text_size", "huge")
    assert "two.xhtml?size=huge" in portal.get(f"{URL}?chapter=2").text
    assert "html{font-size:145%}" in content.get(f"{MEMBERS}/OPS/two.xhtml?size=huge").text
    assert "html{font-size:100%}" in content.get(f"{MEMBERS}/OPS/two.xhtml?size=9}}x").text


@pytest.mark.parametrize("chapter", ["0", "3", "-1", "x", "", "99999", "²"])
def test_a_chapter_that_is_not_there_is_a_404(portal, put, chapter):
    put()
    assert portal.get(f"{URL}?chapter={chapter}").status_code == 404


def test_a_fragment_cannot_leave_the_attribute(portal, put):
    put()
    page = portal.get(f'{URL}?chapter=1&at="><script>alert(1)</script>').text
    assert "<script>" not in page


def test_a_book_without_contents_lists_its_chapters(portal, put):
    put({"OPS/nav.xhtml": None, "OPS/toc.ncx": None})
    assert ">Рукавичка<" in portal.get(URL).text


@pytest.mark.parametrize("data", [b"", b"PK", b"%PDF-1.4", lessons.epub()[:200]])
def test_a_broken_book_says_so_and_can_be_kept(portal, paths, scratch, put, data):
    place = put() / PATH
    place.chmod(0o644)
    place.write_bytes(data)
    answer = portal.get(URL)
    assert answer.status_code == 200
    assert "?download" in answer.text
    assert "?chapter" not in answer.text
    assert portal.get(f"{URL}?chapter=1").status_code == 404


def test_chapters_come_as_xhtml_without_scripts(content, put):
    put()
    answer = content.get(f"{MEMBERS}/OPS/one.xhtml")
    assert answer.status_code == 200
    assert answer.content_type == "application/xhtml+xml; charset=utf-8"
    policy = answer.headers.getlist("Content-Security-Policy")
    assert len(policy) == 1
    assert policy[0].startswith("default-src 'none'; ")
    assert policy[0].endswith("; sandbox")
    assert "script" not in policy[0]
    assert "Set-Cookie" not in answer.headers
    assert "\u00a0" in answer.text  # &nbsp;, which no XML reader knows
    assert answer.text.index("<style") < answer.text.index("<link")


def test_a_chapter_that_is_no_xml_comes_as_html(content, put):
    broken = "<?xml version='1.0' encoding='windows-1251'?><html><title/><body><a id='x'/><p>Ріпка<p>Дід"
    put({"OPS/one.xhtml": broken.encode("cp1251")})
    answer = content.get(f"{MEMBERS}/OPS/one.xhtml")
    assert answer.content_type == "text/html; charset=utf-8"
    assert "<title></title>" in answer.text
    assert "<a id='x'></a><p>Ріпка" in answer.text


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("OPS/pic.png", "image/png"),
        ("OPS/style.css", "text/css; charset=utf-8"),
        ("OPS/f.woff2", "font/woff2"),
    ],
)
def test_pictures_styles_and_fonts_come_out_of_the_zip(content, put, name, kind):
    put()
    answer = content.get(f"{MEMBERS}/{name}")
    data = BOOK[name]
    assert (answer.status_code, answer.content_type) == (200, kind)
    assert answer.data == (data.encode() if isinstance(data, str) else data)
    assert content.head(f"{MEMBERS}/{name}").headers["Content-Length"] == str(len(answer.data))


def test_browsers_that_have_it_are_sent_nothing(content, put):
    put()
    tag = content.get(f"{MEMBERS}/OPS/one.xhtml").headers["ETag"]
    again = content.get(f"{MEMBERS}/OPS/one.xhtml", headers={"If-None-Match": tag})
    assert (again.status_code, again.data) == (304, b"")
    larger = content.get(f"{MEMBERS}/OPS/one.xhtml?size=large", headers={"If-None-Match": tag})
    assert larger.status_code == 200


@pytest.mark.parametrize(
    "name",
    [
        *(
            "OPS/none.png",
            "OPS",
            "OPS/",
            "",
            "../a.txt",
            "OPS/../OPS/one.xhtml",
            "/etc/passwd",
            "%2e%2e/a.txt",
        ),
        *("OPS/evil.js", "OPS/package.opf", "META-INF/container.xml/", "mimetype", "..\\a.png", "OPS/x.svgz"),
        "%2e%2e/a.txt",
    ],
)
def test_what_is_no_page_or_picture_of_the_book_is_a_404(content, put, name):
    put({"OPS/evil.js": "alert(1)", "OPS/x.svgz": b"\x1f\x8b"})
    assert content.get(f"{MEMBERS}/{name}").status_code == 404


@pytest.mark.parametrize(
    "path",
    [
        "/e/lesson/a.txt/x.png",
        "/e/none/x.epub/a.png",
        "/e/lesson/none.epub/OPS/one.xhtml",
        "/e/lesson",
        "/e/",
    ],
)
def test_what_is_no_book_is_a_404(content, put, path):
    put()
    assert content.get(path).status_code == 404


def test_a_bomb_and_a_password_are_not_unpacked(content, put, scratch):
    place = put({"OPS/bomb.xhtml": " " * (9 * 1024 * 1024)}) / PATH
    assert content.get(f"{MEMBERS}/OPS/bomb.xhtml").status_code == 404
    place.chmod(0o644)
    data = bytearray(place.read_bytes())
    at = data.rindex(b"PK\x01\x02", 0, data.rindex(b"OPS/pic.png"))
    data[at + 8] |= 1  # encrypted, says the list of files
    place.write_bytes(data)
    assert content.get(f"{MEMBERS}/OPS/pic.png").status_code == 404
    assert content.get(f"{MEMBERS}/OPS/one.xhtml").status_code == 200


def test_a_size_that_lies_gives_nothing(content, put):
    place = put() / PATH
    place.chmod(0o644)
    data = bytearray(place.read_bytes())
    at = data.rindex(b"PK\x01\x02", 0, data.rindex(b"OPS/pic.png"))
    data[at + 24 : at + 28] = (5).to_bytes(4, "little")
    place.write_bytes(data)
    assert content.get(f"{MEMBERS}/OPS/pic.png").status_code == 404


def test_a_large_recording_is_streamed_and_counted(content, paths, scratch, put):
    sound = bytes(range(256)) * 8192
    put({"OPS/sound.mp3": sound})
    answer = content.get(f"{MEMBERS}/OPS/sound.mp3")
    assert answer.data == sound
    running = [content.get(f"{MEMBERS}/OPS/sound.mp3", buffered=False) for _ in range(2)]
    assert content.get(f"{MEMBERS}/OPS/sound.mp3").status_code == 503
    for one in running:
        one.close()
    assert content.get(f"{MEMBERS}/OPS/sound.mp3").status_code == 200


def test_a_list_of_files_that_is_too_long_is_not_read(portal, put, tmp_path):
    path = write_book(tmp_path / "a.epub")
    data = bytearray(path.read_bytes())
    end = data.rindex(b"PK\x05\x06")
    data[end + 12 : end + 16] = (0x7FFFFFFF).to_bytes(4, "little")
    place = put() / PATH
    place.chmod(0o644)
    place.write_bytes(data)
    assert "?chapter" not in portal.get(URL).text
    assert zipfile.is_zipfile(path)
