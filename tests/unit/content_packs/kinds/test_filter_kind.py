"""The kind "filter": what `packs check` says of a list, and what a build notes of it."""

import hashlib
from pathlib import Path

import pytest

from content_packs.blocklist import check_domain
from content_packs.errors import BadSourceError
from content_packs.kinds import KINDS
from content_packs.source import open_source
from support.describing import describe
from support.sources import write_source

FORMAT = Path(__file__).parents[4] / "docs/format/filter-v1.md"
TIME = b'lesson_time = "mon-fri 08:30-15:00"\n'
GOOD = b"a.com a\nb.com g\na.org a\n"


def source_of(tmp_path, **files):
    found = {
        name.replace("_", "-") + (".toml" if name == "filter" else ".txt"): data
        for name, data in files.items()
    }
    return open_source(write_source(tmp_path, found, kind="filter", entry=None))


def findings(source):
    return [str(finding) for finding in KINDS["filter"].check(source)]


def test_build_counts_and_hashes(tmp_path):
    source = source_of(tmp_path, domains=GOOD, safe_search=b"www.google.com 216.239.38.120\n")
    assert findings(source) == []
    assert describe(source, tmp_path / "made").details == {
        "domains": 3,
        "sha256": hashlib.sha256(GOOD).hexdigest(),
        "lesson": 0,
        "lesson_sha256": "",
        "allowed": 0,
        "allowed_sha256": "",
        "lesson_time": "",
        "strict_search": True,
        "categories": [
            {"category": "adult", "always": 2, "lesson": 0},
            {"category": "social", "always": 1, "lesson": 0},
        ],
        "safe_search": [{"name": "www.google.com", "address": "216.239.38.120"}],
    }
    assert list(KINDS["filter"].documents(None)) == []
    assert not KINDS["filter"].for_learners


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({}, "has no domains.txt"),
        ({"domains": b""}, "the list is empty"),
        ({"domains": b"com a\n"}, "line 1: 'com' expected a domain"),
        ({"domains": b"b.com a\na.com a\n"}, "line 2: a.com stands after b.com"),
        ({"domains": GOOD, "safe_search": b"www.google.com\n"}, "a public IPv4 address"),
        ({"domains": GOOD, "notes": b"x"}, "is no part of a filter"),
        ({"domains": GOOD, "lesson": b"c.com i\n"}, "says no lesson_time"),
        ({"domains": GOOD, "lesson": b"x.a.com i\n", "filter": TIME}, "x.a.com is always blocked, by a.com"),
        ({"domains": GOOD, "allow": b"x.a.com g\n"}, "line 1: 'x.a.com g' expected a domain"),
        ({"domains": GOOD, "filter": b"lesson_time = 'never'"}, "lesson_time: expected days and times"),
        ({"domains": GOOD, "filter": b"safe_search = 'on'"}, "safe_search: expected true or false"),
        ({"domains": GOOD, "filter": b"="}, "not valid TOML"),
    ],
)
def test_faults_are_named(tmp_path, files, words):
    source = source_of(tmp_path, **files)
    assert words in "".join(findings(source))


def test_no_wrong_list_is_built(tmp_path):
    with pytest.raises(BadSourceError):
        describe(source_of(tmp_path, domains=b"com a\n"), tmp_path / "made")


@pytest.mark.parametrize("name", ["com.ua", "gov.ua", "co.uk", "com.pl", "org.ro", "com.tr", "in-addr.arpa"])
def test_shared_suffixes_are_in_the_format(name):
    assert check_domain(name)
    first, _, last = name.partition(".")
    text = FORMAT.read_text(encoding="utf-8")
    assert f"`{name}`" in text or (f"`{first}`" in text and f"`.{last}`" in text)


def test_lessons_are_counted_by_category(tmp_path):
    source = source_of(tmp_path, domains=b"", lesson=b"c.com i\nd.com q\n", allow=b"x.c.com\n", filter=TIME)
    assert findings(source) == []
    details = describe(source, tmp_path / "made").details
    assert (details["domains"], details["lesson"], details["allowed"]) == (0, 2, 1)
    assert details["lesson_time"] == "mon-fri 08:30-15:00"
    assert details["categories"] == [
        {"category": "games", "always": 0, "lesson": 1},
        {"category": "other", "always": 0, "lesson": 1},  # of a later format
    ]
    assert list(KINDS["filter"].check_details(details)) == []
