"""The kind "files": a shelf of documents, recordings, books and pictures, listed with their titles."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from content_packs import names
from content_packs.index import MAX_FILES
from content_packs.items import (
    ITEM_TYPES,
    SUBTITLES_SUFFIX,
    Item,
    Subtitles,
    clean_name,
    natural_key,
    pair_subtitles,
    read_items,
    type_of,
)
from content_packs.kinds.kind import Described, Document, InstalledTree, Kind, Workshop
from content_packs.kinds.members import PATH, check_list, number, one_of, text
from content_packs.kinds.pdfs import PdfFacts, check_pdfs, make_pdf_extras, text_extra
from content_packs.source import Finding, PackSource, SourceFile
from content_packs.text.epub import read_epub
from content_packs.text.epub_check import check_epub
from content_packs.text.epub_zip import EpubError
from content_packs.text.html import EMPTY, MAX_HTML_BYTES, MAX_LANGUAGE, MAX_TITLE, HtmlText, read_html
from content_packs.text.markdown import read_markdown
from content_packs.text.plain import collapse, decode, is_utf8, read_subtitles

_PLAYED_EVERYWHERE = (".mp4", ".m4v", ".webm")
_READ_AS_TEXT = ("html", "markdown", "text")
_MAX_SUBTITLES = 1000  # of one recording
_SUBTITLES = {"path": PATH, "language": text(names.MAX_NAME_UNITS)}
_ITEM = {
    "path": PATH,
    "title": text(MAX_TITLE, shortest=1),
    "type": one_of(ITEM_TYPES),
    "size": number(),
    "pages": number(least=1, optional=True),
    "language": text(MAX_LANGUAGE, shortest=1, optional=True),
}


def _check_details(details: Mapping[str, Any]) -> Iterator[str]:
    faults = list(check_list(details, "items", _ITEM, longest=MAX_FILES))
    yield from faults
    for place, item in enumerate(() if faults else details["items"]):
        if "subtitles" in item:
            where = f"items[{place}]: "
            yield from check_list(item, "subtitles", _SUBTITLES, longest=_MAX_SUBTITLES, where=where)


def _check(source: PackSource) -> Iterator[Finding]:
    yield from check_pdfs(source)
    for file in source.files:
        place = source.place(file.path)
        kind = type_of(file.path)
        if file.size == 0 and kind != "other":
            yield Finding(place, "is empty", "Copy the file again.", code="empty-file")
        elif kind == "epub":
            for message, hint, severity in check_epub(file.location):
                yield Finding(place, message, hint, severity=severity, code="epub")
        elif kind in _READ_AS_TEXT and not _declares_encoding(file, kind):
            hint = "Save it as UTF-8, or learners may see other letters."
            yield Finding(place, "is not in UTF-8", hint, severity="warning", code="not-utf8")
        elif kind == "video" and not file.path.lower().endswith(_PLAYED_EVERYWHERE):
            hint = "Convert it to MP4 (H.264)."
            message = "is a video that phones may not play"
            yield Finding(place, message, hint, severity="warning", code="odd-video")
        elif file.path.lower().endswith(".srt"):
            hint = f"Convert it to WebVTT ({SUBTITLES_SUFFIX}) with the same name as the video."
            message = "is a kind of subtitles that browsers do not show"
            yield Finding(place, message, hint, severity="warning", code="odd-subtitles")


def _declares_encoding(file: SourceFile, kind: str) -> bool:
    data = _read(file.location)
    return is_utf8(data) or (kind == "html" and b"charset" in data[:4096])


def _describe(source: PackSource, workshop: Workshop) -> Described:
    """List the files; raise BadSourceError where a PDF takes too long, as two builds must be identical."""
    pdfs, extras = make_pdf_extras(source, workshop)
    subtitles = pair_subtitles(file.path for file in source.files)
    paired = {track.path for tracks in subtitles.values() for track in tracks}
    items = [
        _item(file, pdfs.get(file.path, PdfFacts()), subtitles.get(file.path, ()))
        for file in sorted(source.files, key=lambda file: natural_key(file.path))
        if file.path not in paired
    ]
    return Described({"items": [item.to_dict() for item in items]}, extras)


def _item(file: SourceFile, pdf: PdfFacts, subtitles: tuple[Subtitles, ...]) -> Item:
    kind = type_of(file.path)
    title, language = _title_and_language(file.location, kind) if kind != "pdf" else (pdf.title, "")
    return Item(file.path, title or clean_name(file.path), kind, file.size, pdf.pages, language, subtitles)


def _title_and_language(path: Path, kind: str) -> tuple[str, str]:
    if kind == "epub":
        book = read_epub(path)
        return book.title, book.language
    page = _page(path, kind)
    return page.title, page.language


def _page(path: Path, kind: str) -> HtmlText:
    if kind == "html":
        return read_html(_read(path))
    return read_markdown(_read(path)) if kind == "markdown" else EMPTY


def _read(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(MAX_HTML_BYTES)


def _documents(tree: InstalledTree) -> Iterator[Document]:
    """Yield one document for each item that is there: its text where it has one, else its title only."""
    for item in read_items(tree.details):
        path = tree.content_dir / item.path
        if path.is_file():
            headings, text = _words(tree, item, path)
            yield Document(item.path, item.title, item.language or tree.pack.language, headings, text)


def _words(tree: InstalledTree, item: Item, path: Path) -> tuple[str, str]:
    if item.type == "pdf":
        extra = tree.extras_dir / text_extra(item.path)
        return "", collapse(decode(extra.read_bytes())) if extra.is_file() else ""
    if item.type == "epub":
        try:
            book = read_epub(path)
        except EpubError:
            return "", ""  # it still has its title
        return book.headings, book.text
    if item.type == "text":
        return "", collapse(decode(_read(path)))
    if item.subtitles:
        tracks = [tree.content_dir / track.path for track in item.subtitles]
        return "", " ".join(read_subtitles(_read(track)) for track in tracks if track.is_file())
    page = _page(path, item.type)
    return page.headings, page.text


KIND = Kind("files", _check_details, _check, _describe, _documents)
