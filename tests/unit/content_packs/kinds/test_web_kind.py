from content_packs.kinds import KINDS
from content_packs.kinds.kind import InstalledTree
from content_packs.meta import PackMeta
from content_packs.source import open_source
from support.data import shared_data
from support.describing import describe
from support.sources import PAGE, write_source


def installed(source):
    """Return a source as if it were installed."""
    details = dict(describe(source, source.folder.parent / "made").details)
    return InstalledTree(PackMeta.from_dict(source.values), details, source.content_dir, source.folder)


def test_details_name_the_entry(tmp_path):
    source = open_source(write_source(tmp_path))
    assert describe(source, tmp_path / "made").details == {"entry": "index.html"}


def test_each_page_that_says_something_is_a_document(tmp_path):
    files = {
        "index.html": PAGE.format("Урок", "Вивчаємо дроби."),
        "sub/en.htm": "<html lang=en><title>Lesson</title><p>Words",
        "sub/untitled.xhtml": "<p>слова",
        "drawn.html": "<script>draw()</script>",
        "style.css": "p { color: red }",
        "folder.html/a.txt": "x",
    }
    source = open_source(write_source(tmp_path, {path: text.encode() for path, text in files.items()}))
    documents = {
        d.path: (d.title, d.language, d.headings, d.text) for d in KINDS["web"].documents(installed(source))
    }
    assert documents == {
        "index.html": ("Урок", "uk", "Урок", "Вивчаємо дроби."),
        "sub/en.htm": ("Lesson", "en", "", "Words"),
        "sub/untitled.xhtml": ("untitled", "uk", "", "слова"),
    }


def test_every_chapter_of_the_textbook_is_found(tmp_path):
    meta = PackMeta("tb", 1, "web", "T", "en", "CC-BY-4.0", "index.html")
    tree = InstalledTree(meta, {}, shared_data("textbook", "v3"), tmp_path)
    documents = list(KINDS["web"].documents(tree))
    assert len(documents) == 116
    assert any(d.title == "While loop" and "iteration" in d.text for d in documents)
