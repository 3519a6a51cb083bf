"""Block lists: a whole, right one is taken; of a wrong one the old one stays."""

import os
from dataclasses import replace

import pytest

from hub.db import open_db
from hub.network.filters import Filter, most_domains, read_filter, take_filter
from hub.network.paths import NetworkPaths
from hub.network.safe import SAFE_SEARCH
from hub.settings import HubPaths
from support.filter_pack import install

GIB = 1024**3
GOOD = "example.com\nbad.example.org\nxn--e1afmkfd.xn--j1amh\n"


@pytest.fixture
def places(tmp_path):
    return HubPaths(tmp_path / "hub"), NetworkPaths(tmp_path / "run", tmp_path / "links", tmp_path / "kept")


def test_list_becomes_what_dnsmasq_reads(places):
    hub, paths = places
    install(hub, 3, GOOD, safe_search=[{"name": "www.google.com", "address": "216.239.38.121"}])
    used, is_new = take_filter(hub, paths, ram_bytes=GIB)
    assert is_new
    assert (used.pack_id, used.version, used.domains) == ("filter", 3, 3)
    assert paths.blocked.read_text() == (
        "server=/example.com/\nserver=/bad.example.org/\nserver=/xn--e1afmkfd.xn--j1amh/\n"
    )
    assert paths.blocked.stat().st_mode & 0o777 == 0o644
    assert str(used.addresses()["www.google.com"]) == "216.239.38.121"
    assert used.addresses()["www.bing.com"] == SAFE_SEARCH["www.bing.com"]
    assert read_filter(paths) == used
    assert take_filter(hub, paths, ram_bytes=GIB) == (used, False)


@pytest.mark.parametrize(
    ("text", "changes", "words"),
    [
        ("", {"domains": 1}, "the list is empty"),
        ("com\n", {}, "line 1: 'com' expected a domain of two labels"),
        ("com.ua\n", {}, "'com.ua' is not one site"),
        ("hub.lan\n", {}, "'hub.lan' is not one site"),
        ("10.0.0.1\n", {}, "expected a domain, not an address"),
        ("example.com\r\n", {}, "expected a domain of two labels"),
        ("Example.com\n", {}, "expected a domain of two labels"),
        ("приклад.укр\n", {}, "expected a domain of two labels"),
        ("example.com/\nserver=8.8.8.8\n", {}, "line 1"),
        (f"{'a' * 64}.com\n", {}, "expected a domain of two labels"),
        (f"{'a.' * 140}com\n", {}, "line 1"),
        ("example.com\nexample.com\n", {}, "line 2: example.com stands after example.com"),
        ("example.com\nwww.example.com\n", {}, "line 2: www.example.com is below example.com"),
        ("b.example.com\na.example.com\n", {}, "line 2: a.example.com stands after"),
        (GOOD, {"domains": 4}, "expected 4 domains as they were signed, got 3"),
        (GOOD, {"sha256": "0" * 64}, "as they were signed"),
        (GOOD, {"domains": 600_000}, "expected at most 512000 domains on this machine"),
        (GOOD, {"safe_search": [{"name": "www.google.com", "address": "10.0.0.1"}]}, "a public IPv4 address"),
        ("\x00\xff\n", {}, "line 1"),
    ],
)
def test_wrong_list_is_named_and_the_old_one_stays(places, text, changes, words):
    hub, paths = places
    install(hub, 3, GOOD)
    old, _ = take_filter(hub, paths, ram_bytes=GIB)
    before = paths.blocked.read_bytes()
    install(hub, 4, text, **changes)
    used, is_new = take_filter(hub, paths, ram_bytes=GIB)
    assert not is_new
    assert words in used.refused
    assert replace(used, refused="", refused_version=0) == old
    assert paths.blocked.read_bytes() == before
    assert take_filter(hub, paths, ram_bytes=GIB) == (used, False)  # and it is not read again each minute
    install(hub, 5, "good.example\n")
    assert take_filter(hub, paths, ram_bytes=GIB)[0] == Filter("filter", 5, 1, {})


def test_a_pack_that_is_taken_away_leaves_its_list(places):
    hub, paths = places
    install(hub, 3, GOOD)
    old, _ = take_filter(hub, paths, ram_bytes=GIB)
    db = open_db(hub.db)
    db.table("installed").delete_where("pack_id = ?", ["filter"])
    db.close()
    assert take_filter(hub, paths, ram_bytes=GIB) == (old, False)


def test_root_reads_no_file_that_is_not_the_hub_s(places, tmp_path):
    """Else a portal that was taken over could have lines of any file shown as what is wrong with a list."""
    hub, paths = places
    install(hub, 3, GOOD)
    secret = tmp_path / "secret"
    secret.write_text("password\n")
    list_file = hub.packs / "filter/3/files/domains.txt"
    list_file.unlink()
    list_file.symlink_to(secret)
    assert take_filter(hub, paths, ram_bytes=GIB)[0].refused == "filter 3: domains.txt is no file of this hub"
    install(hub, 4, GOOD)
    os.chown(hub.packs / "filter/4/files/domains.txt", 12345, -1)
    assert take_filter(hub, paths, ram_bytes=GIB)[0].refused == "filter 4: domains.txt is no file of this hub"


@pytest.mark.parametrize("left", ["blocked", "filter"])
def test_what_a_power_cut_spoiled_is_taken_again(places, left):
    hub, paths = places
    install(hub, 3, GOOD)
    used, _ = take_filter(hub, paths, ram_bytes=GIB)
    getattr(paths, left).unlink() if left == "blocked" else paths.filter.write_bytes(b"")
    assert not read_filter(paths).is_there
    assert take_filter(hub, paths, ram_bytes=GIB) == (used, True)


def test_no_hub_db_is_no_filter(places):
    assert take_filter(*places, ram_bytes=GIB) == (Filter(), False)


@pytest.mark.parametrize(
    ("ram", "most"),
    [
        (0, 512_000),
        (GIB, 512_000),
        (926 * 1024**2, 512_000),
        (430 * 1024**2, 256_000),
        (4 * GIB, 2_048_000),
    ],
)
def test_small_boards_take_shorter_lists(ram, most):
    assert most_domains(ram) == most
