"""What an EPUB says of itself: title, language, chapters in reading order, table of contents."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from lxml import etree

from content_packs.text.epub_zip import UNREADABLE_EPUB, EpubError, EpubZip, resolve
from content_packs.text.html import MAX_LANGUAGE, MAX_TITLE, read_html
from content_packs.text.plain import collapse

_CONTAINER = "META-INF/container.xml"
_MAX_CHAPTERS = 5000
_MAX_ENTRIES = 5000
_MAX_DEPTH = 4
_TITLE_WITHIN = 32 * 1024  # bytes of a chapter; where no table of contents names it
_CHAPTER_TYPES = ("application/xhtml+xml", "text/html", "application/x-dtbook+xml")
_EPUB_TYPE = "{http://www.idpf.org/2007/ops}type"


@dataclass(frozen=True, slots=True)
class TocEntry:
    """One line of a table of contents: `chapter` from 1, `fragment` a place in it, `depth` from 0."""

    title: str
    chapter: int
    fragment: str
    depth: int


@dataclass(frozen=True, slots=True)
class Book:
    """An EPUB as a reader needs it. `chapters` are files in the zip, in reading order."""

    title: str
    language: str
    chapters: tuple[str, ...]
    contents: tuple[TocEntry, ...]
    has_contents: bool  # of its own; else they were made from the chapters


@dataclass(frozen=True, slots=True)
class Package:
    """The package document of an EPUB."""

    path: str
    root: etree._Element
    items: Mapping[str | None, etree._Element]  # by id

    @property
    def title(self) -> str:
        """The book's title; may be empty."""
        return self._metadata("title")[:MAX_TITLE]

    @property
    def language(self) -> str:
        """The book's language; may be empty."""
        return self._metadata("language")[:MAX_LANGUAGE]

    def list_chapters(self) -> Iterator[str]:
        """Yield the files of the chapters in reading order, whether they are there or not."""
        for number, reference in enumerate(self.root.iter("{*}itemref")):
            item = self.items.get(reference.get("idref"))
            if number >= _MAX_CHAPTERS or item is None or item.get("media-type") not in _CHAPTER_TYPES:
                continue
            if name := resolve(self.path, item.get("href") or "")[0]:
                yield name

    def find_nav(self) -> str:
        """Return the file with the table of contents of EPUB 3; empty where there is none."""
        found = (item for item in self.items.values() if "nav" in (item.get("properties") or "").split())
        return next((resolve(self.path, item.get("href") or "")[0] for item in found), "")

    def find_ncx(self) -> str:
        """Return the file with the table of contents of EPUB 2; empty where there is none."""
        for item in self.items.values():
            if item.get("media-type") == "application/x-dtbncx+xml":
                return resolve(self.path, item.get("href") or "")[0]
        return ""

    def _metadata(self, name: str) -> str:
        for element in self.root.iter(f"{{http://purl.org/dc/elements/1.1/}}{name}"):
            if value := collapse(element.text or ""):
                return value
        return ""


def read_package(book: EpubZip) -> Package:
    """Return the package document.

    Raises:
        EpubError, or one of UNREADABLE_EPUB: there is none that can be read.
    """
    for element in book.read_xml(_CONTAINER).iter("{*}rootfile"):
        if path := element.get("full-path"):
            root = book.read_xml(path)
            return Package(path, root, {item.get("id"): item for item in root.iter("{*}item")})
    raise EpubError(f"is not an EPUB: {_CONTAINER} names no package")


def read_book(book: EpubZip) -> Book:
    """Return what a reader needs; chapters that are not there are left out.

    Raises:
        EpubError, or one of UNREADABLE_EPUB: there is no package, or no chapter.
    """
    package = read_package(book)
    chapters = tuple(dict.fromkeys(name for name in package.list_chapters() if name in book.names))
    if not chapters:
        raise EpubError("has no chapters", hint="Export the book again.")
    numbers = {name: number for number, name in enumerate(chapters, start=1)}
    contents = tuple(_contents(book, package, numbers))
    made = () if contents else tuple(_from_chapters(book, chapters))
    return Book(package.title, package.language, chapters, contents or made, bool(contents))


def _contents(book: EpubZip, package: Package, numbers: Mapping[str, int]) -> list[TocEntry]:
    for name, read in ((package.find_nav(), _read_nav), (package.find_ncx(), _read_ncx)):
        if name in book.names:
            try:
                entries = [*read(book.read_xml(name), name, numbers)][:_MAX_ENTRIES]
            except (EpubError, *UNREADABLE_EPUB):
                continue  # the other one may be whole
            if entries:
                return entries
    return []


def _read_nav(root: etree._Element, name: str, numbers: Mapping[str, int]) -> Iterator[TocEntry]:
    navs = list(root.iter("{*}nav"))
    tables = [nav for nav in navs if "toc" in (nav.get(_EPUB_TYPE) or "").split()] or navs
    depth = -1
    for event, element in etree.iterwalk(tables[0], events=("start", "end")) if tables else ():
        tag = etree.QName(element).localname if isinstance(element.tag, str) else ""
        if tag == "ol":
            depth += 1 if event == "start" else -1
        elif tag == "a" and event == "start":
            title = "".join(element.itertext())
            yield from _entry(title, name, element.get("href") or "", depth, numbers)


def _read_ncx(root: etree._Element, name: str, numbers: Mapping[str, int]) -> Iterator[TocEntry]:
    depth = -1
    for event, element in etree.iterwalk(root, events=("start", "end"), tag="{*}navPoint"):
        depth += 1 if event == "start" else -1
        if event == "start":
            title = element.findtext("{*}navLabel/{*}text") or ""
            content = element.find("{*}content")
            href = content.get("src") or "" if content is not None else ""
            yield from _entry(title, name, href, depth, numbers)


def _entry(title: str, base: str, href: str, depth: int, numbers: Mapping[str, int]) -> Iterator[TocEntry]:
    file, fragment = resolve(base, href)
    title = collapse(title)[:MAX_TITLE]
    if title and file in numbers:
        yield TocEntry(title, numbers[file], fragment, max(0, min(depth, _MAX_DEPTH)))


def _from_chapters(book: EpubZip, chapters: tuple[str, ...]) -> Iterator[TocEntry]:
    for number, name in enumerate(chapters, start=1):
        try:
            title = read_html(book.read_start(name, _TITLE_WITHIN)).title
        except (EpubError, *UNREADABLE_EPUB):
            title = ""
        yield TocEntry(title, number, "", 0)
