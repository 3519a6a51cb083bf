import zipfile

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from content_packs.text import epub
from content_packs.text.epub import read_epub
from content_packs.text.epub_check import check_epub
from content_packs.text.epub_package import read_book
from content_packs.text.epub_zip import EpubError, open_epub, resolve
from support.books import BOOK as BOOKS
from support.books import write_book

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


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
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


def contents_of(path):
    with open_epub(path) as opened:
        return read_book(opened)


def test_chapters_and_both_tables_of_contents_are_read(tmp_path):
    expected = [("Рукавичка", 1, "", 0), ("У лісі", 1, "forest", 1), ("Ріпка & дід", 2, "", 0)]
    for name, changes in {"3": {}, "2": {"OPS/nav.xhtml": None}, "both": {"OPS/nav.xhtml": "<x"}}.items():
        read = contents_of(write_book(tmp_path / f"{name}.epub", changes))
        assert read.chapters == ("OPS/one.xhtml", "OPS/two.xhtml")
        assert [(e.title, e.chapter, e.fragment, e.depth) for e in read.contents] == expected
        assert read.has_contents


def test_without_a_table_chapters_are_named_after_themselves(tmp_path):
    changes = {"OPS/nav.xhtml": None, "OPS/toc.ncx": "not XML", "OPS/two.xhtml": "<html/>"}
    read = contents_of(write_book(tmp_path / "a.epub", changes))
    assert [(e.title, e.chapter) for e in read.contents] == [("Рукавичка", 1), ("", 2)]
    assert not read.has_contents


def test_a_book_without_chapters_is_refused(tmp_path):
    with pytest.raises(EpubError, match="no chapters"):
        contents_of(write_book(tmp_path / "a.epub", {"OPS/one.xhtml": None, "OPS/two.xhtml": None}))


@pytest.mark.parametrize(
    ("base", "href", "expected"),
    [
        ("OPS/nav.xhtml", "a%20b.xhtml#x%20y", ("OPS/a b.xhtml", "x y")),
        ("OPS/nav.xhtml", "#here", ("OPS/nav.xhtml", "here")),
        ("OPS/nav.xhtml", "../a.xhtml", ("a.xhtml", "")),
        ("OPS/nav.xhtml", "../../a.xhtml", ("", "")),
        ("nav.xhtml", "/etc/passwd", ("", "")),
    ],
)
def test_addresses_stay_in_the_book(base, href, expected):
    assert resolve(base, href) == expected


SCRIPTED = BOOKS["OPS/package.opf"].replace('properties="nav"', 'properties="nav scripted"')
ENCRYPTED = (
    "<encryption xmlns:enc='http://www.w3.org/2001/04/xmlenc#'><enc:EncryptedData>"
    "<enc:EncryptionMethod Algorithm='{}'/><enc:CipherData><enc:CipherReference URI='{}'/></enc:CipherData>"
    "</enc:EncryptedData></encryption>"
)


@pytest.mark.parametrize(
    ("changes", "expected", "severity"),
    [
        ({}, "", ""),
        ({"OPS/one.xhtml": None}, "lacks chapters that it names: OPS/one.xhtml", "warning"),
        ({"OPS/one.xhtml": None, "OPS/two.xhtml": None}, "has no chapters", "error"),
        ({"OPS/nav.xhtml": None, "OPS/toc.ncx": None}, "has no table of contents", "warning"),
        ({"OPS/two.xhtml": "<html><body><p>один<p>два"}, "not XHTML: OPS/two.xhtml", "warning"),
        ({"OPS/two.xhtml": "x" * (9 * 1024 * 1024)}, "cannot be read: OPS/two.xhtml", "warning"),
        ({"OPS/one.xhtml": "<html/>", "OPS/two.xhtml": "<html/>"}, "neither words nor pictures", "warning"),
        (
            {"OPS/package.opf": BOOKS["OPS/package.opf"].replace('"nav"', '"nav scripted"')},
            "scripts",
            "warning",
        ),
        ({"META-INF/encryption.xml": ENCRYPTED.format("aes", "OPS/one.xhtml")}, "copy-protected", "error"),
        ({"META-INF/encryption.xml": ENCRYPTED.format("aes", "OPS/f.woff2")}, "", ""),
        ({"META-INF/container.xml": None}, "is not an EPUB", "error"),
    ],
)
def test_what_readers_would_stumble_over_is_named(tmp_path, changes, expected, severity):
    found = list(check_epub(write_book(tmp_path / "a.epub", changes)))
    if not expected:
        assert found == []
        return
    ((message, hint, level),) = found
    assert expected in message
    assert hint
    assert level == severity
