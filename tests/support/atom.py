"""Every MUST of RFC 4287 (Atom) and of OPDS 1.2 that a reader relies on, checked on a document."""

import re
from datetime import datetime
from urllib.parse import urlsplit

from lxml import etree

ATOM = "{http://www.w3.org/2005/Atom}"
OPENSEARCH = "{http://a9.com/-/spec/opensearch/1.1/}"
ACQUISITION_REL = "http://opds-spec.org/acquisition"
CATALOGUE = "application/atom+xml;profile=opds-catalog;kind="
_ONCE = ("id", "title", "updated")
_MEDIA_TYPE = re.compile(r"[\w.+-]+/[\w.+-]+(;[\w-]+=[\w.+-]+)*")


def parse(data: bytes):
    """The root of a document that is well-formed and names its encoding."""
    assert data.startswith(b"<?xml version='1.0' encoding='UTF-8'?>")
    return etree.fromstring(data)


def links(element, rel):
    return [link for link in element.findall(f"{ATOM}link") if link.get("rel") == rel]


def check_atom(feed) -> None:
    """RFC 4287 §4.1.1 and §4.1.2."""
    assert feed.tag == f"{ATOM}feed"
    _check_common(feed)
    assert len(feed.findall(f"{ATOM}author")) >= 1  # so that entries need none
    assert len(links(feed, "self")) == 1
    entries = feed.findall(f"{ATOM}entry")
    ids = [entry.findtext(f"{ATOM}id") for entry in entries]
    assert len(set(ids)) == len(ids), "§4.1.1: entries with one id would be one entry"
    for entry in entries:
        _check_common(entry)
        for once in ("content", "summary", "rights", "published", "source"):
            assert len(entry.findall(f"{ATOM}{once}")) <= 1
        # §4.1.2: without content there is an alternate link; with one it is no more than one of a kind.
        assert entry.find(f"{ATOM}content") is not None or links(entry, "alternate")


def _check_common(element) -> None:
    for name in _ONCE:
        found = element.findall(f"{ATOM}{name}")
        assert len(found) == 1, f"{name}: {len(found)}"
        assert (found[0].text or "").strip(), name
    assert re.fullmatch(r"urn:uuid:[0-9a-f-]{36}", element.findtext(f"{ATOM}id"))
    moment = element.findtext(f"{ATOM}updated")
    assert datetime.fromisoformat(moment).tzinfo is not None, "RFC 3339: with an offset"
    assert "T" in moment
    for person in element.findall(f"{ATOM}author"):
        assert len(person.findall(f"{ATOM}name")) == 1
    for category in element.findall(f"{ATOM}category"):
        assert category.get("term")
    kinds = set()
    for link in element.findall(f"{ATOM}link"):
        address = urlsplit(link.get("href"))
        assert address.scheme == "http" and address.netloc, link.get("href")
        assert _MEDIA_TYPE.fullmatch(link.get("type")), link.get("type")
        assert link.get("length", "1").isdigit()
        kind = (link.get("type"), link.get("hreflang"))
        assert link.get("rel") != "alternate" or kind not in kinds
        kinds |= {kind} if link.get("rel") == "alternate" else set()


def check_opds(feed, kind: str) -> None:
    """OPDS 1.2 §2 to §5, of one feed of a catalogue."""
    check_atom(feed)
    assert links(feed, "self")[0].get("type") == CATALOGUE + kind
    assert [link.get("type") for link in links(feed, "start")] == [CATALOGUE + "navigation"]
    search = links(feed, "search")
    assert [link.get("type") for link in search] == ["application/opensearchdescription+xml"]
    for entry in feed.findall(f"{ATOM}entry"):
        taken = [link for link in entry.findall(f"{ATOM}link") if link.get("rel").startswith(ACQUISITION_REL)]
        if kind == "acquisition":
            assert taken, "an entry of an acquisition feed MUST have an acquisition link"
        else:
            assert not taken, "a navigation feed MUST NOT hold what can be acquired"
            onward = [link for link in entry.findall(f"{ATOM}link") if link.get("type").startswith(CATALOGUE)]
            assert len(onward) == 1
            assert entry.find(f"{ATOM}content") is not None, "a description SHOULD be in content"
