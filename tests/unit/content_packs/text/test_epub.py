import zipfile

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from content_packs.text import epub
from content_packs.text.epub import read_epub
from content_packs.text.epub_zip import EpubError

CONTAINER = "<container><rootfiles><rootfile full-path='OPS/package.opf'/></rootfiles></container>"
PACKAGE = """<package xmlns="http://www.idpf.org/2007/opf" xmlns:dc="http://purl.org/dc/elements/1.1/">
<metadata><dc:title> Дві
казки </dc:title><dc:language>uk</dc:language></metadata>
<manifest>
<item id="b" href="b%20two.xhtml" media-type="application/xhtml+xml"/>
<item id="a" href="../a.xhtml" media-type="application/xhtml+xml"/>
<item id="gone" href="gone.xhtml" media-type="application/xhtml+xml"/>
<item id="pic" href="pic.png" media-type="image/png"/>
</manifest>
<spine><itemref idref="a"/><itemref idref="gone"/><itemref idref="pic"/><itemref idref="b"/></spine>
</package>"""
PAGE = "<html xmlns='http://www.w3.org/1999/xhtml'><body><h1>{}</h1><p>{}</p></body></html>"
BOOK = {
    "META-INF/container.xml": CONTAINER,
    "OPS/package.opf": PACKAGE,
    "a.xhtml": PAGE.format("Рукавичка", "Ішов дід лісом."),
    "OPS/b two.xhtml": PAGE.format("Ріпка", "Посадив дід ріпку."),
}


def write(path, members, compression=zipfile.ZIP_DEFLATED):
    with zipfile.ZipFile(path, "w", compression) as book:
        for name, data in members.items():
            book.writestr(name, data)
    return path


def test_book_is_read_in_the_order_of_its_spine(tmp_path):
    book = read_epub(write(tmp_path / "a.epub", BOOK))
    assert (book.title, book.language) == ("Дві казки", "uk")
    assert book.headings == "Рукавичка\nРіпка"
    assert book.text == "Ішов дід лісом.\nПосадив дід ріпку."


@pytest.mark.parametrize(
    "changes",
    [
        {"META-INF/container.xml": None},
        {"META-INF/container.xml": ""},
        {"META-INF/container.xml": "<container/>"},
        {"META-INF/container.xml": CONTAINER.replace("OPS/", "../../../etc/")},
        {"OPS/package.opf": None},
        {"OPS/package.opf": " " * (5 * 1024 * 1024)},
    ],
)
def test_book_without_contents_is_refused(tmp_path, changes):
    members = {name: data for name, data in (BOOK | changes).items() if data is not None}
    with pytest.raises(EpubError, match="is not an EPUB"):
        read_epub(write(tmp_path / "a.epub", members))


def test_what_is_no_zip_is_refused(tmp_path):
    path = tmp_path / "a.epub"
    path.write_bytes(b"%PDF-1.4 not a book")
    with pytest.raises(EpubError):
        read_epub(path)
    with pytest.raises(EpubError):
        read_epub(tmp_path / "missing.epub")


def test_unknown_compression_is_refused(tmp_path):
    with pytest.raises(EpubError, match="compressed in a way"):
        read_epub(write(tmp_path / "a.epub", BOOK, zipfile.ZIP_LZMA))


def test_a_zip_bomb_is_not_unpacked(tmp_path, monkeypatch):
    monkeypatch.setattr(epub, "_MAX_BOOK_BYTES", 1_000_000)
    spine = "".join("<itemref idref='a'/>" for _ in range(1000))
    package = PACKAGE.replace('<itemref idref="a"/>', spine)
    bomb = PAGE.format("Бомба", "x " * 300_000)
    book = read_epub(write(tmp_path / "a.epub", BOOK | {"OPS/package.opf": package, "a.xhtml": bomb}))
    assert book.headings == "Бомба"


def test_entities_of_a_hostile_package_read_no_file(tmp_path):
    evil = "<!DOCTYPE p [<!ENTITY x SYSTEM 'file:///etc/passwd'>]>" + PACKAGE.replace("казки", "&x;")
    book = read_epub(write(tmp_path / "a.epub", BOOK | {"OPS/package.opf": evil}))
    assert "root:" not in book.title


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(place=st.integers(0, 1500), value=st.integers(0, 255))
def test_no_changed_byte_crashes_the_reader(tmp_path, place, value):
    path = write(tmp_path / "a.epub", BOOK)
    data = bytearray(path.read_bytes())
    data[place % len(data)] = value
    path.write_bytes(data)
    try:
        read_epub(path)
    except EpubError as error:
        assert error.message
