"""A hub whose depot lies behind a web server: the real commands and a real nginx."""

import re
import ssl
from pathlib import Path
from urllib.request import urlopen

import pytest

from support.road import Road, must, run
from support.sources import read_tree, write_source
from support.web import Nginx


@pytest.fixture
def road(tmp_path):
    road = Road(tmp_path)
    road.publish(write_source(tmp_path / "lesson"))
    road.assign("lesson")
    yield road
    road.stop()


def make_hub(road, nginx, *options):
    """Another hub with the same id, that reads through nginx."""
    hub, url = road.folder / "web-hub", nginx.url().replace("://", "://school:s3cret@")
    root = road.central / "hub-root.json"
    must("hub", "init", hub, "--root", root, "--depot", url, "--hub-id", road.hub_id, *options)
    return hub


def test_hub_syncs_from_a_web_server_and_its_reports_wait(road, tmp_path):
    (tmp_path / "users").write_text("school:{PLAIN}s3cret\n")
    guard = f'auth_basic "depot"; auth_basic_user_file {tmp_path}/users; location /inbox/ {{ deny all; }}'
    with Nginx(tmp_path / "nginx", road.depot, options=guard) as nginx:
        hub = make_hub(road, nginx, "--ca", nginx.authority.path)
        first = must("hub", "--dir", hub, "sync", "--json")
        assert [action["action"] for action in first.json["plan"]] == ["install"]
        assert (first.json["reports"]["sent"], first.json["reports"]["waiting"]) == (0, 1)
        assert first.json["reports"]["warning"] == "not-writable"
        requests = len(nginx.requests)
        again = must("hub", "--dir", hub, "sync", "--json")
        assert again.json["received_bytes"] == 0
        assert len(nginx.requests) - requests <= 2
        assert "s3cret" not in first.out + first.err + must("hub", "--dir", hub, "status", "--json").out
    road.sync()
    installed = [read_tree(folder / "packs/lesson/current/files") for folder in (hub, road.hub)]
    assert installed[0] == installed[1]


def locations_of_the_how_to():
    """Return what the how-to tells an administrator to write into nginx.conf."""
    page = (Path(__file__).parents[2] / "docs/howto/admin.en.md").read_text(encoding="utf-8")
    return " ".join(re.findall(r"^    (location .+\})$", page, re.MULTILINE))


def test_caches_must_ask_anew_for_all_that_changes(road, tmp_path):
    road.sync()
    (road.depot / "acks" / road.hub_id).parent.mkdir(exist_ok=True)
    (road.depot / "acks" / road.hub_id).touch()
    with Nginx(tmp_path / "nginx", road.depot, options=locations_of_the_how_to()) as nginx:
        trust = ssl.create_default_context(cafile=nginx.authority.path)
        files = [path.relative_to(road.depot) for path in road.depot.rglob("*") if path.is_file()]
        served = [path.parts for path in files if path.parts[0] not in ("inbox", "FORMAT")]
        assert {parts[0] for parts in served} >= {"tuf", "news", "heads", "acks", "packs"}
        for parts in served:
            with urlopen(f"{nginx.url()}/{'/'.join(parts)}", context=trust) as answer:
                changes = parts[0] in ("news", "heads", "acks") or parts[1] == "timestamp.json"
                assert answer.headers["Cache-Control"] == ("no-cache" if changes else None), parts


def test_hub_without_the_authority_does_not_talk_to_the_server(road, tmp_path):
    with Nginx(tmp_path / "nginx", road.depot) as nginx:
        refused = run("hub", "--dir", make_hub(road, nginx), "sync")
        assert refused.code == 77
        assert "does not prove" in refused.err
        assert not nginx.requests
