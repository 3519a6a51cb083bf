"""The catalogue for reading apps, OPDS 1.2 (https://specs.opds.io/opds-1.2): books and packs to take away.

/opds/                       where apps begin
/opds/new, /opds/all         everything; ?subject=, ?grade= choose, ?page= goes on
/opds/subjects, /opds/grades the ways to choose
/opds/search?q=              by words of titles and authors; /opds/search.xml says so to apps
"""

from collections import Counter
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote, urlencode

from flask import Blueprint, request, url_for
from flask_babel import gettext, ngettext

from hub.web.books import CatalogueEntry, find_books, list_books
from hub.web.display import language_name, subject_name
from hub.web.documents import ATOM, Element, add, document, new_root, newest_time, stable_id, write
from hub.web.links import file_url, page_url, view_url
from hub.web.order import title_key
from hub.web.paging import Paging, page_of
from hub.web.portal import page_language, shelf_view, this_portal
from hub.web.subjects import find_subject

bp = Blueprint("opds", __name__, url_prefix="/opds")
NAVIGATION = "application/atom+xml;profile=opds-catalog;kind=navigation"
ACQUISITION = "application/atom+xml;profile=opds-catalog;kind=acquisition"
SEARCH = "application/opensearchdescription+xml"
BOOKS_ON_A_PAGE = 50
MAX_QUERY_CHARS = 200
_DC = "http://purl.org/dc/terms/"
_OPENSEARCH = "http://a9.com/-/spec/opensearch/1.1/"
_TAKE = "http://opds-spec.org/acquisition/open-access"
_SORT_NEW = "http://opds-spec.org/sort/new"


@bp.get("/")
@document(NAVIGATION)
def root() -> str:
    """Where apps begin."""
    feed = _feed("root", _hub_name(), NAVIGATION)
    _way(feed, gettext("Newest"), "opds.new", ACQUISITION, gettext("What came last."), _SORT_NEW)
    _way(feed, gettext("Everything"), "opds.everything", ACQUISITION, gettext("All books and packs."))
    _way(feed, gettext("By subject"), "opds.subjects", NAVIGATION, gettext("Mathematics, history …"))
    _way(feed, gettext("By grade"), "opds.grades", NAVIGATION, gettext("What is meant for one grade."))
    return write(feed)


@bp.get("/subjects")
@document(NAVIGATION)
def subjects() -> str:
    """Each subject that something is here for."""
    feed = _feed("subjects", gettext("By subject"), NAVIGATION)
    counts = Counter(find_subject(book.pack.pack.subject) for book in list_books(shelf_view().packs))
    language = page_language()
    order = sorted(counts, key=lambda subject: (not subject.slug, title_key(subject_name(subject), language)))
    for subject in order:
        _way(
            feed,
            subject_name(subject),
            "opds.everything",
            ACQUISITION,
            _count(counts[subject]),
            subject=subject.slug,
        )
    return write(feed)


@bp.get("/grades")
@document(NAVIGATION)
def grades() -> str:
    """Each grade that something is here for."""
    feed = _feed("grades", gettext("By grade"), NAVIGATION)
    counts = Counter(grade for book in list_books(shelf_view().packs) for grade in book.pack.pack.grades)
    for grade, count in sorted(counts.items()):
        title = gettext("grade %(number)s", number=grade)
        _way(feed, title, "opds.everything", ACQUISITION, _count(count), grade=str(grade))
    return write(feed)


@bp.get("/new")
@document(ACQUISITION)
def new() -> str:
    """Everything, what came last first."""
    return _acquisition("new", gettext("Newest"), list(list_books(shelf_view().newest)))


@bp.get("/all")
@document(ACQUISITION)
def everything() -> str:
    """Everything by title, or what is of one subject or grade."""
    subject, grade = request.args.get("subject"), request.args.get("grade")
    books = list(list_books(shelf_view().packs))
    title = gettext("Everything")
    if subject is not None:
        books = [book for book in books if find_subject(book.pack.pack.subject).slug == subject]
        title = subject_name(find_subject(books[0].pack.pack.subject if books else subject))
    if grade is not None:
        books = [book for book in books if grade in map(str, book.pack.pack.grades)]
        title = gettext("grade %(number)s", number=grade)
    language = page_language()
    books.sort(key=lambda book: title_key(book.title, language))
    return _acquisition(f"all {subject} {grade}", title, books)


@bp.get("/search")
@document(ACQUISITION, keep=False)
def search() -> str:
    """What has all these words in its title, author or tags."""
    query = " ".join(request.args.get("q", "").split())[:MAX_QUERY_CHARS]
    found = find_books(shelf_view().by_title(page_language()), query)
    return _acquisition(f"search {query}", gettext("Found: %(query)s", query=query), found)


@bp.get("/search.xml")
@document(SEARCH)
def search_description() -> str:
    """How apps ask: an OpenSearch description."""
    described = new_root(_OPENSEARCH, "OpenSearchDescription")
    add(described, "ShortName", _hub_name()[:16])  # as long as the standard lets it be
    add(described, "Description", gettext("Books and packs of this hub"))
    add(described, "InputEncoding", "UTF-8")
    add(described, "OutputEncoding", "UTF-8")
    template = page_url(url_for("opds.search")) + "?q={searchTerms}"
    add(described, "Url", type=ACQUISITION, template=template)
    return write(described)


def _hub_name() -> str:
    return this_portal().settings.portal.name or gettext("Classroom hub")


def _count(number: int) -> str:
    text: str = ngettext("%(num)s book or pack", "%(num)s books and packs", number)
    return text


def _feed(name: str, title: str, media_type: str) -> Element:
    """Return a feed that knows itself, where the catalogue begins, and how to search it."""
    feed = new_root(ATOM, "feed", dc=_DC, opensearch=_OPENSEARCH)
    add(feed, "id", stable_id("opds", this_portal().settings.hub_id, name))
    add(feed, "title", title)
    add(feed, "updated", newest_time())
    add(add(feed, "author"), "name", _hub_name())
    add(feed, "link", rel="self", type=media_type, href=_address())
    add(feed, "link", rel="start", type=NAVIGATION, href=page_url(url_for("opds.root")))
    add(feed, "link", rel="search", type=SEARCH, href=page_url(url_for("opds.search_description")))
    return feed


def _address(**changed: object) -> str:
    """Return the whole address of this request, with these parameters changed."""
    query = urlencode(request.args.to_dict() | changed)
    return page_url(quote(request.path) + (f"?{query}" if query else ""))


def _way(
    feed: Element,
    title: str,
    endpoint: str,
    media_type: str,
    content: str,
    rel: str = "subsection",
    **choice: Any,  # noqa: ANN401 - as url_for
) -> None:
    """Add an entry that leads to another feed."""
    entry = add(feed, "entry")
    add(entry, "title", title)
    where = url_for(endpoint, **choice)
    add(entry, "id", stable_id("way", this_portal().settings.hub_id, where))
    add(entry, "updated", newest_time())
    add(entry, "content", content, type="text")
    add(entry, "link", rel=rel, type=media_type, href=page_url(where))


def _acquisition(name: str, title: str, books: Sequence[CatalogueEntry]) -> str:
    paging = page_of(len(books), BOOKS_ON_A_PAGE)
    feed = _feed(name, title, ACQUISITION)
    add(feed, "link", rel="up", type=NAVIGATION, href=page_url(url_for("opds.root")))
    _add_pages(feed, paging, len(books))
    for book in books[paging.slice]:
        _add_book(feed, book)
    return write(feed)


def _add_pages(feed: Element, paging: Paging, total: int) -> None:
    """Add the other pages of a long list: RFC 5005 §3, and how many there are."""
    pages = {"first": 1, "previous": paging.number - 1, "next": paging.number + 1, "last": paging.count}
    for rel, number in pages.items():
        if paging.count > 1 and 1 <= number <= paging.count:
            add(feed, "link", rel=rel, type=ACQUISITION, href=_address(page=number))
    add(feed, f"{{{_OPENSEARCH}}}totalResults", str(total))
    add(feed, f"{{{_OPENSEARCH}}}itemsPerPage", str(paging.size))
    add(feed, f"{{{_OPENSEARCH}}}startIndex", str(paging.offset + 1))


def _add_book(feed: Element, book: CatalogueEntry) -> None:
    meta = book.pack.pack
    subject = find_subject(meta.subject)
    entry = add(feed, "entry")
    add(entry, "title", book.title)
    add(entry, "id", stable_id("book", meta.id, book.path))
    add(entry, "updated", book.pack.installed_at)
    if meta.author or meta.publisher:
        add(add(entry, "author"), "name", meta.author or meta.publisher)
    add(entry, f"{{{_DC}}}language", book.language)
    if meta.publisher:
        add(entry, f"{{{_DC}}}publisher", meta.publisher)
    add(entry, "rights", meta.licence)
    if subject.slug:
        add(entry, "category", term=subject.slug, label=subject_name(subject))
    add(entry, "summary", _summary(book), type="text")
    page = page_url(view_url(meta.id, book.path) if book.path else url_for("pack.show", pack_id=meta.id))
    add(entry, "link", rel="alternate", type="text/html", href=page)
    if book.path:
        href, length = file_url(meta.id, book.path, download=True), str(book.size_bytes)
        add(entry, "link", rel=_TAKE, type=book.media_type, href=href, length=length)
    else:
        add(entry, "link", rel=_TAKE, type=book.media_type, href=page)


def _summary(book: CatalogueEntry) -> str:
    """Return a few words on a book: its pack, where that has another name, its language, what it is about."""
    meta = book.pack.pack
    words = (meta.title if meta.title != book.title else "", language_name(book.language), meta.description)
    return " · ".join(word for word in words if word)
