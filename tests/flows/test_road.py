"""A textbook goes through three versions, from the office through a real sshd to a hub."""

import shutil

import pytest

from support.data import shared_data
from support.road import Road, must, run
from support.sources import read_tree, write_source


def textbook(folder, version):
    source = write_source(
        folder / f"textbook-v{version}",
        {},
        id="textbook",
        version=version,
        language="en",
        title="Introduction to Python Programming",
        content="site",
        subject="informatics",
    )
    shutil.copytree(shared_data("textbook", f"v{version}"), source / "site")
    return source


@pytest.fixture(scope="module")
def road(tmp_path_factory):
    road = Road(tmp_path_factory.mktemp("road"))
    road.wire_bytes = {}
    yield road
    road.stop()


@pytest.fixture(scope="module")
def after_v3(road):
    """The hub after v1, v2 and v3 have come one after another."""
    for version in (1, 2, 3):
        road.publish(textbook(road.folder, version))
        if version == 1:
            road.assign("textbook")
        ran = road.sync("--json")
        assert ran.code == 0
        road.wire_bytes[version] = ran.json["wire_bytes"]
        installed = road.packs()["textbook"]
        assert installed["version"] == version
        assert read_tree(road.hub / "packs/textbook/current/files") == read_tree(
            shared_data("textbook", f"v{version}")
        )
    return road


def test_every_file_of_v3_equals_the_source(after_v3):
    path = after_v3.packs()["textbook"]["path"]
    assert read_tree(type(after_v3.folder)(path)) == read_tree(shared_data("textbook", "v3"))


def test_the_books_real_edits_cost_less_than_a_patch_for_each_file(after_v3):
    assert after_v3.wire_bytes[2] <= 606_953  # the goals: all bytes of TCP, both ways
    assert after_v3.wire_bytes[3] <= 388_715


def test_nothing_new_fetches_no_content(after_v3):
    again = after_v3.sync("--json")
    assert again.code == 0
    assert again.json["received_bytes"] == 0
    assert [a["action"] for a in again.json["plan"]] == ["up-to-date"]


def test_the_book_is_found_by_the_search(after_v3):
    found = must("hub", "--dir", after_v3.hub, "search", "floating-point", "errors", "--json").json["results"]
    assert found
    assert found[0]["pack"] == "textbook"
    assert {"title", "url", "pack", "kind", "snippet"} <= found[0].keys()


def test_a_rollback_brings_v2_back_and_the_next_sync_respects_it(after_v3):
    road = after_v3
    must("hub", "--dir", road.hub, "packs", "--rollback", "textbook")
    assert road.packs()["textbook"]["version"] == 2
    assert read_tree(road.hub / "packs/textbook/current/files") == read_tree(shared_data("textbook", "v2"))
    held = road.sync("--json")
    assert [a["action"] for a in held.json["plan"]] == ["held"]
    assert road.packs()["textbook"]["version"] == 2
    assert "no longer held" in must("hub", "--dir", road.hub, "packs", "--follow", "textbook").err
    again = run("hub", "--dir", road.hub, "packs", "--follow", "textbook")
    assert (again.code, "is not rolled back" in again.err) == (64, True)
    assert road.sync("--json").json["received_bytes"] == 0
    assert road.packs()["textbook"]["version"] == 3


def test_a_dry_run_says_the_sizes_and_changes_nothing(after_v3, tmp_path):
    road = after_v3
    road.publish(write_source(tmp_path / "extra", id="extra"))
    road.assign("extra")
    before = sorted(p.name for p in (road.hub / "packs").iterdir())
    said = road.sync("--dry-run").out
    assert "were fetched to know that, and are kept. No pack was changed." in said
    assert "fetched to know" not in road.sync("--dry-run").out
    plan = road.sync("--dry-run", "--json").json["plan"]
    assert [(a["action"], a["pack"]) for a in plan] == [("install", "extra"), ("up-to-date", "textbook")]
    assert plan[0]["download_bytes"] > 0
    assert sorted(p.name for p in (road.hub / "packs").iterdir()) == before
    assert road.sync().code == 0
    assert set(road.packs()) == {"textbook", "extra"}


def test_what_is_unassigned_goes_away(after_v3):
    road = after_v3
    must("central", "--dir", road.central, "unassign", "extra", "--hub", road.hub_id)
    assert road.sync().code == 0
    assert "extra" not in road.packs()


def test_a_slip_of_the_office_costs_no_bytes(after_v3):
    """What was unassigned keeps its files until their room is needed."""
    road = after_v3
    road.assign("extra")
    again = road.sync("--json").json
    assert again["done"] == ["activate extra@1"]
    assert again["received_bytes"] == 0
    must("central", "--dir", road.central, "unassign", "extra", "--hub", road.hub_id)
    assert road.sync().code == 0


def test_what_is_damaged_on_this_disk_comes_again(after_v3):
    road = after_v3
    page = road.hub / "packs/textbook/current/files/index.html"
    page.chmod(0o644)
    page.write_bytes(b"")
    repaired = must("hub", "--dir", road.hub, "repair").out
    assert "index.html" in repaired
    assert road.packs()["textbook"]["version"] == 2  # whole, and so better than a damaged 3
    report = road.sync("--json")
    assert report.code == 0, report.err
    assert report.json["done"] == ["install textbook@3"]
    assert read_tree(road.hub / "packs/textbook/current/files") == read_tree(shared_data("textbook", "v3"))


def test_a_stick_brings_the_same(after_v3, tmp_path):
    road = after_v3
    stick = tmp_path / "stick"
    must("central", "--dir", road.central, "usb", stick, "--hub", road.hub_id)
    other = tmp_path / "other-hub"
    must(
        "hub",
        "init",
        other,
        "--root",
        road.central / "hub-root.json",
        "--depot",
        "sftp://x@127.0.0.1:9/",
        "--host-key",
        road.folder / "host_key.pub",
        "--hub-id",
        road.hub_id,
    )
    brought = run("hub", "--dir", other, "sync", "--from", stick, "--json")
    assert brought.code == 0, brought.err
    assert read_tree(other / "packs/textbook/current/files") == read_tree(shared_data("textbook", "v3"))


@pytest.mark.parametrize("name", ["invalid.bad_mimetype_list.zim", "invalid.outofbounds_clusterptrpos.zim"])
def test_a_broken_zim_is_refused_with_a_reason(tmp_path, name):
    data = shared_data("zim", name).read_bytes()
    source = write_source(tmp_path / "zim", {"book.zim": data}, kind="zim", entry=None)
    refused = run("packs", "build", source, "-o", tmp_path / "built")
    assert refused.code == 65
    assert "book.zim" in refused.err
    assert "Traceback" not in refused.err
    assert not (tmp_path / "built").exists()


def test_a_withdrawn_version_falls_back_to_the_one_before(after_v3):
    road = after_v3
    must("central", "--dir", road.central, "withdraw", "textbook@3")
    synced = road.sync("--json")
    assert synced.code == 0, synced.err
    assert road.packs()["textbook"]["version"] == 2


def test_a_version_is_never_published_twice_with_other_bytes(after_v3, tmp_path):
    road = after_v3
    changed = write_source(tmp_path / "changed", id="extra", title="Інший")
    built = road.build(changed)
    refused = run("central", "--dir", road.central, "publish", built)
    assert refused.code == 65
    assert "extra" in refused.err
