"""The library that kiwix-serve reads says where each ZIM lies, under the pack's id."""

from pathlib import Path

from lxml import etree

from content_packs.meta import PackMeta
from hub.kiwix import Book, books_of, library_xml
from hub.library.installed import InstalledPack


def pack(folder: Path, zim: object, *, kind: str = "zim", identity: str = "wiki") -> InstalledPack:
    meta = PackMeta(identity, 3, kind, "Вікіпедія", "uk", "CC-BY-SA-4.0")
    return InstalledPack(meta, {"zim": zim}, folder, 1, 1, "")


def test_titles_are_escaped_and_versions_have_paths_of_their_own(tmp_path):
    title = 'Книги & "казки" <1>'
    books = [Book("wiki", version, title, tmp_path / "a.zim") for version in (1, 2)]
    found = etree.fromstring(library_xml(books, tmp_path / "zim")).findall("book")
    assert [book.get("title") for book in found] == [title, title]
    assert [book.get("path") for book in found] == [
        str(tmp_path / "zim" / "wiki@1" / "wiki.zim"),
        str(tmp_path / "zim" / "wiki@2" / "wiki.zim"),
    ]
    assert found[0].get("id") != found[1].get("id")


def test_only_zims_that_are_there_are_books(tmp_path):
    (tmp_path / "files").mkdir()
    (tmp_path / "files" / "a.ZIM").write_bytes(b"x")
    (tmp_path / "secret.zim").write_bytes(b"x")
    packs = [
        pack(tmp_path, "a.ZIM"),
        pack(tmp_path, "gone.zim", identity="gone"),
        pack(tmp_path, "../secret.zim", identity="hostile"),
        pack(tmp_path, None, identity="nothing"),
        pack(tmp_path, "a.ZIM", identity="site", kind="web"),
    ]
    assert [(book.pack_id, book.zim) for book in books_of(packs)] == [("wiki", tmp_path / "files" / "a.ZIM")]
