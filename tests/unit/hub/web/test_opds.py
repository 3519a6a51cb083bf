from urllib.parse import unquote, urlsplit

import pytest
from lxml import etree

from hub.web.opds import ACQUISITION, BOOKS_ON_A_PAGE, NAVIGATION, SEARCH
from support.atom import ATOM, OPENSEARCH, check_opds, links, parse
from support.shelves import HOSTILE_TITLE, put_files_pack, put_lesson, stock

HOST = {"Host": "10.42.0.1:8080"}
TAKE = "http://opds-spec.org/acquisition/open-access"
LANGUAGE = "{http://purl.org/dc/terms/}language"


def read(portal, address):
    answer = portal.get(address, headers=HOST)
    assert answer.status_code == 200, address
    return parse(answer.data)


def titles(feed):
    return [entry.findtext(f"{ATOM}title") for entry in feed.findall(f"{ATOM}entry")]


def path_of(url):
    """The path and query of an address that the portal itself gave."""
    parts = urlsplit(url)
    assert parts.netloc == "10.42.0.1:8080"
    return f"{parts.path}?{parts.query}"


def walk(portal, address="/opds/"):
    """Every feed of the catalogue that an app comes to from its root, by address."""
    found, todo = {}, [address]
    while todo:
        at = todo.pop()
        if at in found:
            continue
        answer = portal.get(at, headers=HOST)
        assert answer.status_code == 200, at
        found[at] = (answer.headers["Content-Type"], parse(answer.data))
        for link in found[at][1].iter(f"{ATOM}link"):
            if "profile=opds-catalog" in link.get("type"):
                todo.append(path_of(link.get("href")))
    return found


def test_every_feed_keeps_the_rules(portal, paths, scratch):
    stock(paths, scratch)
    put_lesson(paths, scratch, id="bad", title=HOSTILE_TITLE, subject=HOSTILE_TITLE, author=HOSTILE_TITLE)
    feeds = walk(portal)
    assert len(feeds) > 15
    for address, (content_type, feed) in feeds.items():
        assert content_type in (NAVIGATION, ACQUISITION)
        check_opds(feed, "acquisition" if content_type == ACQUISITION else "navigation")
        itself = links(feed, "self")[0].get("href")
        assert unquote(itself).endswith(unquote(address.rstrip("?"))), address


def test_an_empty_hub_has_a_catalogue_too(portal):
    for content_type, feed in walk(portal).values():
        check_opds(feed, "acquisition" if content_type == ACQUISITION else "navigation")


def test_leads_to_the_newest_to_everything_to_subjects_and_grades(portal, paths, scratch):
    stock(paths, scratch)
    assert len(titles(read(portal, "/opds/"))) == 4
    assert titles(read(portal, "/opds/subjects"))[:2] == ["Біологія", "Іноземні мови"]
    assert titles(read(portal, "/opds/grades"))[0] == "1 клас"
    assert "Фізика: електричний струм" in titles(read(portal, "/opds/all?grade=9"))
    assert titles(read(portal, "/opds/all?subject=physics")) == ["Фізика: електричний струм"]


def test_books_are_taken_from_the_packs_origin_under_their_names(portal, content, paths, scratch):
    put_files_pack(paths, scratch)
    feed = read(portal, "/opds/new")
    book = next(e for e in feed.iter(f"{ATOM}entry") if "Казки" in e.findtext(f"{ATOM}title"))
    (link,) = links(book, TAKE)
    assert link.get("type") == "application/epub+zip"
    assert book.findtext(LANGUAGE) == "uk"
    assert book.findtext(f"{ATOM}author/{ATOM}name") == "О. Коваль"
    parts = urlsplit(link.get("href"))
    assert parts.netloc == "10.42.0.1:8081"
    answer = content.get(f"{parts.path}?{parts.query}", headers={"Host": parts.netloc})
    assert answer.status_code == 200
    assert len(answer.data) == int(link.get("length"))
    assert "attachment" in answer.headers["Content-Disposition"]
    types = {link.get("type") for link in feed.iter(f"{ATOM}link") if link.get("rel") == TAKE}
    assert {"application/pdf", "application/epub+zip", "video/mp4", "audio/mpeg"} <= types
    assert "image/png" not in types


def test_a_pack_that_is_no_file_opens_in_a_browser(portal, paths, scratch):
    put_lesson(paths, scratch, id="crow", title="Ґава")
    (entry,) = read(portal, "/opds/all").iter(f"{ATOM}entry")
    (link,) = links(entry, TAKE)
    assert (link.get("type"), link.get("href")) == ("text/html", "http://10.42.0.1:8080/pack/crow")


def test_long_lists_go_on_page_by_page(portal, paths, scratch):
    files = {f"{number:03} Книжка.txt": b"x" for number in range(BOOKS_ON_A_PAGE + 3)}
    put_lesson(paths, scratch, files, id="many", kind="files", entry=None)
    first = read(portal, "/opds/all")
    assert first.findtext(f"{OPENSEARCH}totalResults") == str(BOOKS_ON_A_PAGE + 3)
    assert first.findtext(f"{OPENSEARCH}startIndex") == "1"
    assert not links(first, "previous")
    second = read(portal, path_of(links(first, "next")[0].get("href")))
    assert len(titles(second)) == 3
    assert second.findtext(f"{OPENSEARCH}startIndex") == str(BOOKS_ON_A_PAGE + 1)
    assert not links(second, "next")
    assert links(second, "previous")[0].get("href") == links(first, "self")[0].get("href") + "?page=1"
    assert first.findtext(f"{ATOM}id") == second.findtext(f"{ATOM}id")
    assert portal.get("/opds/all?page=3", headers=HOST).status_code == 404


def test_apps_are_told_how_to_search(portal, paths, scratch):
    stock(paths, scratch)
    (link,) = links(read(portal, "/opds/"), "search")
    answer = portal.get(path_of(link.get("href")), headers=HOST)
    assert answer.headers["Content-Type"] == SEARCH
    described = etree.fromstring(answer.data)
    assert len(described.findtext(f"{OPENSEARCH}ShortName")) <= 16
    template = described.find(f"{OPENSEARCH}Url").get("template")
    found = read(portal, path_of(template.replace("{searchTerms}", "каз чис")))
    assert titles(found) == ["Казки про числа"]
    assert titles(read(portal, "/opds/search?q=КОВАЛЬ")) != []
    assert titles(read(portal, "/opds/search?q=слон")) == []


def test_ids_stay_the_same_and_tell_things_apart(portal, paths, scratch):
    put_lesson(paths, scratch, id="crow", title="Ґава", version=1)

    def id_of():
        return read(portal, "/opds/all").findtext(f"{ATOM}entry/{ATOM}id")

    first = id_of()
    put_lesson(paths, scratch, id="crow", title="Ґава та друзі", version=2)
    assert id_of() == first


def test_new_books_are_there_at_once_and_old_lists_are_not_sent_twice(portal, paths, scratch):
    put_lesson(paths, scratch, id="crow", title="Ґава")
    zipped = HOST | {"Accept-Encoding": "gzip"}
    first = portal.get("/opds/all", headers=zipped)
    assert first.headers["Content-Encoding"] == "gzip"
    again = portal.get("/opds/all", headers=zipped | {"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    put_lesson(paths, scratch, id="owl", title="Сова")
    assert titles(read(portal, "/opds/all")) == ["Ґава", "Сова"]


@pytest.mark.parametrize("address", ["/opds/search?q=%00%08%EF%BF%BF<a>&amp;", "/opds/all?grade=%01]]>"])
def test_what_xml_cannot_carry_is_left_out(portal, address):
    check_opds(read(portal, address), "acquisition")
