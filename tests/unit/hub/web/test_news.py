from lxml import html

from support.atom import ATOM, check_atom, links, parse
from support.shelves import HOSTILE_TITLE, put_lesson, stock


def read(portal):
    return parse(portal.get("/feed.atom", headers={"Host": "hub.lan:8080"}).data)


def entries(feed):
    return {entry.findtext(f"{ATOM}title"): entry for entry in feed.findall(f"{ATOM}entry")}


def terms(entry):
    return [category.get("term") for category in entry.findall(f"{ATOM}category")]


def test_keeps_the_rules_of_atom(portal, paths, scratch):
    check_atom(read(portal))
    stock(paths, scratch)
    put_lesson(paths, scratch, id="bad", title=HOSTILE_TITLE, subject=HOSTILE_TITLE, author=HOSTILE_TITLE)
    feed = read(portal)
    check_atom(feed)
    assert HOSTILE_TITLE in entries(feed)
    assert portal.get("/feed.atom").headers["Content-Type"] == "application/atom+xml"
    assert links(feed, "self")[0].get("href") == "http://hub.lan:8080/feed.atom"


def test_says_what_came_and_what_was_updated(portal, paths, scratch):
    put_lesson(paths, scratch, id="crow", title="Ґава")
    put_lesson(paths, scratch, id="owl", title="Сова", version=3)
    before = entries(read(portal))
    assert terms(before["Ґава"])[0] == terms(before["Сова"])[0] == "installed"
    assert links(before["Ґава"], "alternate")[0].get("href") == "http://hub.lan:8080/pack/crow"
    put_lesson(paths, scratch, id="crow", title="Ґава", version=2)
    after = entries(read(portal))
    assert terms(after["Ґава"])[0] == "updated"
    assert after["Ґава"].findtext(f"{ATOM}id") != before["Ґава"].findtext(f"{ATOM}id")  # or readers skip it
    assert after["Сова"].findtext(f"{ATOM}id") == before["Сова"].findtext(f"{ATOM}id")


def test_pages_lead_programs_to_the_feed_and_the_catalogue(portal):
    page = html.fromstring(portal.get("/").text)
    found = [link.get("href") for link in page.xpath("//link[@rel='alternate']")]
    assert found == ["/feed.atom", "/opds/"]
    for address in found:
        assert portal.get(address).status_code == 200
