import io
from contextlib import nullcontext

import pytest
from pypdf import PdfWriter

from content_packs.build import build_pack
from content_packs.built import verify_built
from content_packs.check import check_source
from content_packs.errors import BadSourceError
from content_packs.kinds import KINDS, pdfs
from content_packs.kinds.kind import InstalledTree
from content_packs.meta import PackMeta
from content_packs.source import open_source
from content_packs.text.pdf import PdfText
from support.describing import describe
from support.lessons import epub, mp3, mp4, pdf
from support.sources import read_tree, write_source

SHELF = {
    "Урок 10.pdf": pdf("Вступ до дробів", "Fractions"),
    "Урок 2.pdf": pdf("", "Second"),
    "Казки.epub": epub("Казки про числа"),
    "клітина.mp4": mp4(),
    "клітина.uk.vtt": "WEBVTT\n\n00:00.000 --> 00:01.000\nЦе клітина\n".encode(),
    "Пісня.mp3": mp3(),
    "Нотатки.md": "# Сад\n\nЯблуня росте.".encode(),
    "лист.txt": "Дорогий друже".encode("cp1251"),
    "сторінка.html": b"<html lang=en><title>Page</title><p>Words",
    "програма.exe": b"MZ",
}


def shelf(folder, changes=None):
    content = {name: data for name, data in (SHELF | (changes or {})).items() if data is not None}
    return open_source(write_source(folder, content, kind="files", entry=None))


def install(source, extras_dir):
    described = describe(source, extras_dir.parent / "made")
    for path, place in described.extras.items():
        (extras_dir / path).parent.mkdir(parents=True, exist_ok=True)
        (extras_dir / path).write_bytes(place.read_bytes())
    meta = PackMeta.from_dict(source.values)
    return InstalledTree(meta, described.details, source.content_dir, extras_dir)


def test_listing_has_titles_in_the_order_people_expect(tmp_path):
    items = describe(shelf(tmp_path / "source"), tmp_path / "made").details["items"]
    assert [(item["type"], item["title"]) for item in items] == [
        ("epub", "Казки про числа"),
        ("video", "клітина"),
        ("text", "лист"),
        ("markdown", "Сад"),
        ("audio", "Пісня"),
        ("other", "програма"),
        ("html", "Page"),
        ("pdf", "Урок 2"),
        ("pdf", "Вступ до дробів"),
    ]
    video, page, book = items[1], items[6], items[-1]
    assert video["subtitles"] == [{"path": "клітина.uk.vtt", "language": "uk"}]
    assert page["language"] == "en"
    assert (book["pages"], book["size"]) == (1, len(SHELF["Урок 10.pdf"]))


def test_text_of_pdfs_travels(tmp_path):
    extras = describe(shelf(tmp_path / "source"), tmp_path / "made").extras
    assert {
        path: place.read_bytes().strip() for path, place in extras.items() if path.startswith("text/")
    } == {
        "text/Урок 10.pdf.txt": b"Fractions",
        "text/Урок 2.pdf.txt": b"Second",
    }


def test_two_builds_are_identical(tmp_path):
    one, other = (describe(shelf(tmp_path / "source"), tmp_path / name) for name in ("one", "other"))
    assert one.details == other.details
    assert read_tree(tmp_path / "one") == read_tree(tmp_path / "other")


def test_everything_is_found_by_title_and_by_text_where_there_is_one(tmp_path):
    tree = install(shelf(tmp_path / "source"), tmp_path / "extras")
    found = {d.path: (d.title, d.language, d.text) for d in KINDS["files"].documents(tree)}
    assert set(found) == set(SHELF) - {"клітина.uk.vtt"}
    assert found["Урок 10.pdf"] == ("Вступ до дробів", "uk", "Fractions")
    assert found["клітина.mp4"][2] == "Це клітина"
    assert found["Нотатки.md"][2] == "Яблуня росте."
    assert found["лист.txt"][2] == "Дорогий друже"
    assert found["сторінка.html"] == ("Page", "en", "Words")
    assert found["Казки.epub"][2]
    assert found["Пісня.mp3"][2] == ""


def test_damaged_and_missing_files_of_a_hub_do_not_stop_the_search(tmp_path):
    tree = install(shelf(tmp_path / "source"), tmp_path / "extras")
    (tree.content_dir / "Казки.epub").write_bytes(b"damaged")
    (tree.content_dir / "Пісня.mp3").unlink()
    (tree.extras_dir / "text" / "Урок 2.pdf.txt").unlink()
    found = {d.path: d.text for d in KINDS["files"].documents(tree)}
    assert found["Казки.epub"] == found["Урок 2.pdf"] == ""
    assert "Пісня.mp3" not in found


def test_hostile_listing_leads_nowhere(tmp_path):
    secret = tmp_path / "secret.txt"
    secret.write_text("secret")
    meta = PackMeta("x", 1, "files", "T", "uk", "MIT")
    details = {"items": [{"path": "../secret.txt", "type": "text"}, {"path": str(secret), "type": "text"}]}
    (tmp_path / "content").mkdir()
    tree = InstalledTree(meta, details, tmp_path / "content", tmp_path)
    assert list(KINDS["files"].documents(tree)) == []


def test_good_shelf_has_only_the_warning_about_its_old_letters(tmp_path):
    (found,) = check_source(shelf(tmp_path))
    assert (found.path, found.severity) == ("лист.txt", "warning")


@pytest.mark.parametrize(
    ("name", "data", "expected", "severity"),
    [
        ("a.pdf", b"<html>", "is not a PDF", "error"),
        ("a.pdf", b"", "is empty", "error"),
        ("a.pdf", b"%PDF-1.4\nbroken", "its text cannot be read", "warning"),
        ("a.epub", b"PK", "is not an EPUB", "error"),
        ("a.mp4", b"", "is empty", "error"),
        ("a.avi", b"x", "phones may not play", "warning"),
        ("a.srt", b"x", "browsers do not show", "warning"),
        ("п" * 124 + ".pdf", SHELF["Урок 2.pdf"], "counting the '.txt' of its text", "error"),
    ],
)
def test_each_odd_file_is_explained(tmp_path, name, data, expected, severity):
    (found,) = check_source(shelf(tmp_path, {name: data, "лист.txt": None}))
    assert found.path == name
    assert expected in found.message
    assert found.severity == severity


def test_a_pdf_without_end_stops_the_build(tmp_path, monkeypatch):
    endless = PdfText(fault="took longer than 600 s", timed_out=True)
    monkeypatch.setattr(pdfs, "read_pdfs", lambda paths, with_text: [endless for _ in paths])
    with pytest.raises(BadSourceError, match="took longer"):
        describe(shelf(tmp_path / "source"), tmp_path / "made")


def pages_of(*words):
    writer = PdfWriter()
    for word in words:
        writer.append(io.BytesIO(pdf("", word)))
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def pictures_in(folder, *words):
    source = write_source(folder, {"a.pdf": pages_of(*words)}, kind="files", entry=None)
    built = build_pack(source, folder.with_suffix(".pack"))
    return {e.path: e.sha256 for e in built.index.extras if e.path.startswith("pages/")}


def test_pages_travel_as_pictures_and_a_changed_page_changes_one(tmp_path):
    before = pictures_in(tmp_path / "one", "first", "second", "third")
    after = pictures_in(tmp_path / "two", "first", "changed", "third")
    assert list(before) == [f"pages/a.pdf/000{number}.webp" for number in (1, 2, 3)]
    assert [path for path in before if before[path] != after[path]] == ["pages/a.pdf/0002.webp"]


def test_two_builds_with_pictures_are_the_same_byte_for_byte(tmp_path):
    source = write_source(tmp_path / "s", {"a.pdf": pages_of("x", "y", "")}, kind="files", entry=None)
    told = []

    def progress(label, total):
        told.append((label, total))
        return nullcontext(lambda _: None)

    one = build_pack(source, tmp_path / "one", progress=progress)
    build_pack(source, tmp_path / "two")
    verify_built(one)
    assert read_tree(tmp_path / "one") == read_tree(tmp_path / "two")
    assert [label for label, _ in told] == ["drawing pages", "building"]
    assert told[0][1] == (source / "a.pdf").stat().st_size


def test_long_pdfs_and_too_many_pages_are_named(tmp_path, monkeypatch):
    monkeypatch.setattr(pdfs, "MAX_PAGES", 2)
    write_source(tmp_path, {"a.pdf": pages_of("x", "y", "z")}, kind="files", entry=None)
    (found,) = check_source(open_source(tmp_path))
    assert "has 3 pages, of which the first 2 become pictures" in found.message
    assert found.severity == "warning"
    monkeypatch.setattr(pdfs, "MAX_FILES", 3)
    assert "files and pages of PDFs, got 4" in str(check_source(open_source(tmp_path))[-1])
