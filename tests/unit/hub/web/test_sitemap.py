"""A crawler follows every address of the sitemap, and every link on the pages there."""

from urllib.parse import urldefrag, urljoin, urlsplit

from lxml import etree, html

from support.shelves import HOSTILE_TITLE, put_lesson, put_textbook, stock

SITEMAP = "{http://www.sitemaps.org/schemas/sitemap/0.9}"
PORTAL, PACKS = "hub.lan:8080", "hub.lan:8081"
REDIRECTS = (301, 302, 303, 307, 308)
MOST_LINKS = 2000  # links on all pages of the sitemap together
_LINKS = "//a/@href | //link/@href | //img/@src | //iframe/@src | //audio/@src | //video/@src | //source/@src"
_LINKS += " | //track/@src | //object/@data | //form/@action | //embed/@src"


def addresses(portal):
    answer = portal.get("/sitemap.xml", headers={"Host": PORTAL})
    assert answer.headers["Content-Type"] == "application/xml"
    root = etree.fromstring(answer.data)
    assert root.tag == f"{SITEMAP}urlset"
    for url in root:
        assert [child.tag for child in url] in ([f"{SITEMAP}loc"], [f"{SITEMAP}loc", f"{SITEMAP}lastmod"])
    return [url.findtext(f"{SITEMAP}loc") for url in root]


def links_of(answer, base):
    if answer.status_code == 200 and answer.headers["Content-Type"].startswith("text/html"):
        for link in html.fromstring(answer.data).xpath(_LINKS):
            yield urldefrag(urljoin(base, link))[0]
    elif answer.status_code in REDIRECTS:
        yield urljoin(base, answer.headers["Location"])


def crawl(portal, content, start):
    """Visit these pages, then every link on them; return the status of each and where it was first seen."""
    found = {}
    todo = dict.fromkeys(start, "/sitemap.xml")
    for _ in ("the pages", "their links", "where those redirect to"):
        onward = {}
        for url, seen_on in todo.items():
            status, links = visit(portal, content, url)
            found[url] = (status, seen_on)
            if status in REDIRECTS or seen_on == "/sitemap.xml":
                onward |= dict.fromkeys(links, url)
        todo = {url: page for url, page in onward.items() if url not in found and is_ours(url)}
        assert len(todo) <= MOST_LINKS
    assert not todo
    return found


def visit(portal, content, url):
    parts = urlsplit(url)
    client = portal if parts.netloc == PORTAL else content
    path = parts.path + (f"?{parts.query}" if parts.query else "")
    with client.get(path, headers={"Host": parts.netloc}) as answer:
        # What a pack links to is its author's matter.
        return answer.status_code, list(links_of(answer, url)) if client is portal else []


def is_ours(url):
    return urlsplit(url).netloc in (PORTAL, PACKS)


def dead(found):
    return {url: said for url, said in found.items() if said[0] != 200 and said[0] not in REDIRECTS}


def test_no_page_is_dead_and_no_link_on_it(portal, content, paths, scratch):
    stock(paths, scratch)
    put_textbook(paths, scratch)
    put_lesson(paths, scratch, id="bad", title=HOSTILE_TITLE, subject=HOSTILE_TITLE, author=HOSTILE_TITLE)
    start = addresses(portal)
    assert len(start) == len(set(start)) > 30
    found = crawl(portal, content, start)
    assert len(found) > 100
    assert not dead(found)


def test_an_empty_hub_has_no_dead_page_either(portal, content):
    found = crawl(portal, content, addresses(portal))
    assert not dead(found)


def test_lists_pages_of_packs_and_what_is_in_them(portal, paths, scratch):
    stock(paths, scratch)
    found = addresses(portal)
    for path in ("/", "/library", "/help", "/tech/status", "/pack/maths-shelf", "/view/python-1/"):
        assert f"http://{PORTAL}{path}" in found
    assert sum("/view/maths-shelf/" in address for address in found) == 9
    for nothing in (
        "/metrics",
        "/status.json",
        "/welcome",
        "/opds",
        "/set/",
        "/static/",
        "/neighbour",
        ".xml",
    ):
        assert not [address for address in found if nothing in address]


def test_robots_are_led_there_and_kept_from_what_is_no_page(portal):
    answer = portal.get("/robots.txt", headers={"Host": PORTAL})
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert "Disallow: /set\n" in answer.text
    assert answer.text.endswith(f"\nSitemap: http://{PORTAL}/sitemap.xml\n")
