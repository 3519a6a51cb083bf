"""What each kind writes into an index, any reader may rely on: docs/format/pack-v1.md §7."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from content_packs.kinds import KINDS
from support.system_packs import IMAGE, SOFTWARE

ROOT = Path(__file__).parents[4]
ITEM = {"path": "a.mp4", "title": "A", "type": "video", "size": 5}
TRACK = {"path": "a.vtt", "language": ""}
ZIM = {
    "zim": "a.zim",
    "title": "",
    "language": "ukr",
    "articles": 1,
    "media": 0,
    "main": "A/x",
    "uuid": "u",
    "fulltext": True,
}
FILTER = {
    "domains": 1,
    "sha256": "0" * 64,
    "lesson": 0,
    "lesson_sha256": "",
    "allowed": 0,
    "allowed_sha256": "",
    "lesson_time": "mon-fri 08:30-15:00",
    "strict_search": True,
    "categories": [{"category": "adult", "always": 1, "lesson": 0}],
    "safe_search": [{"name": "www.google.com", "address": "216.239.38.120"}],
}
GOOD = {
    "filter": FILTER,
    "image": IMAGE,
    "software": SOFTWARE,
    "web": {"entry": "index.html"},
    "files": {"items": [ITEM, ITEM | {"pages": 2, "language": "uk", "subtitles": [TRACK]}]},
    "zim": ZIM,
    "kolibri": {"channels": []},
}


def faults(kind, details):
    return list(KINDS[kind].check_details(details))


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_good_details_and_members_of_later_writers_are_right(kind):
    assert faults(kind, GOOD[kind] | {"later": [1]}) == []


@pytest.mark.parametrize(
    ("kind", "details", "expected"),
    [
        ("web", {}, "entry is missing"),
        ("web", {"entry": "../x"}, "entry: expected a path in the pack, got '../x'"),
        ("files", {}, "items: expected a list"),
        ("files", {"items": [ITEM, 7]}, "items[1]: expected an object, got 7"),
        ("files", {"items": [ITEM | {"path": "/etc/passwd"}]}, "items[0]: path: expected a path"),
        ("files", {"items": [ITEM | {"type": "game"}]}, "items[0]: type: expected one of audio, document"),
        ("files", {"items": [ITEM | {"size": "5"}]}, "items[0]: size: expected a whole number"),
        ("files", {"items": [ITEM | {"subtitles": 5}]}, "items[0]: subtitles: expected a list"),
        (
            "files",
            {"items": [ITEM | {"subtitles": [TRACK | {"path": 5}]}]},
            "items[0]: subtitles[0]: path: expected a path",
        ),
        ("filter", FILTER | {"domains": 0}, "domains: expected at least one domain, got none"),
        ("filter", FILTER | {"domains": -1}, "domains: expected a whole number from 0 to 1000000, got -1"),
        ("filter", FILTER | {"lesson": 1_000_001}, "lesson: expected a whole number from 0 to 1000000"),
        ("filter", FILTER | {"lesson_time": "noon"}, "lesson_time: expected a lesson time such as"),
        ("filter", FILTER | {"strict_search": 1}, "strict_search: expected true or false, got 1"),
        ("filter", FILTER | {"categories": [{"category": ""}]}, "categories[0]: category: expected text"),
        ("filter", FILTER | {"sha256": "0"}, "sha256: expected text of 64 to 64 characters"),
        ("filter", FILTER | {"safe_search": {}}, "safe_search: expected a list of at most 500"),
        (
            "filter",
            FILTER | {"safe_search": [{"name": "com", "address": "216.239.38.120"}]},
            "safe_search[0]: name: expected a domain",
        ),
        (
            "filter",
            FILTER | {"safe_search": [{"name": "www.google.com", "address": "192.168.0.1"}]},
            "safe_search[0]: address: expected a public IPv4 address",
        ),
        ("zim", ZIM | {"zim": "a\ud800"}, "zim: expected a path"),
        ("zim", ZIM | {"fulltext": 1}, "fulltext: expected true or false, got 1"),
        ("zim", {name: ZIM[name] for name in ZIM if name != "main"}, "main is missing"),
    ],
)
def test_wrong_details_are_named(kind, details, expected):
    assert faults(kind, details)[0].startswith(expected)


JSON = st.recursive(
    st.none() | st.integers() | st.text(), lambda s: st.lists(s, max_size=3) | st.dictionaries(st.text(), s)
)


@pytest.mark.parametrize("kind", sorted(KINDS))
@given(data=st.data())
def test_no_value_of_a_member_is_too_odd_to_name(kind, data):
    name = data.draw(st.sampled_from(sorted(GOOD[kind])))
    faults(kind, GOOD[kind] | {name: data.draw(JSON)})


@pytest.mark.parametrize(
    "name",
    [
        "entry",
        "items",
        "subtitles",
        *ITEM,
        "pages",
        *ZIM,
        "channels",
        "resources",
        *FILTER,
        *SOFTWARE,
        *IMAGE,
    ],
)
def test_every_member_is_in_the_format(name):
    assert f"| `{name}` |" in (ROOT / "docs/format/pack-v1.md").read_text(encoding="utf-8")
