"""From which versions deltas are made, which are kept, and what hubs are told of them."""

from dataclasses import replace

import pytest

from content_packs import depot as names
from content_packs.delta_build import MadeDelta
from content_packs.errors import BadDataError
from provisioning.central.deltas import choose_sources, is_worth_keeping, list_steps
from provisioning.central.fleet import DeltaRow, Published, open_fleet
from provisioning.central.roles import pack_target
from support.built import build, random_bytes
from support.office import HubTrust, OfficeAtWork
from support.sources import read_tree


def pack(version, **fields):
    row = Published(
        "maths", version, "web", "T", "uk", "a" * 64, 1, f"{version:064x}", 10 + version, 1, 1, "2026"
    )
    return replace(row, **fields)


def delta(source, version, pack_id="maths"):
    return DeltaRow(pack_id, version, source, size=100 * version + source, head_size=source)


@pytest.mark.parametrize(
    ("on_disk", "held", "expected"),
    [
        ([], [], []),
        ([5], [], []),
        ([1, 2, 3, 4], [], [4]),
        ([1, 2, 3, 4], [1, 3], [4, 3, 1]),
        ([1, 2, 3, 4], [1, 2, 3, 4, 9], [4, 3, 2]),
        ([2, 3, 6, 7], [3, 1, 6], [3]),
    ],
)
def test_deltas_come_from_the_version_before_and_from_what_hubs_may_have(on_disk, held, expected):
    assert choose_sources(5, on_disk, held) == expected


@pytest.mark.parametrize(
    ("cost", "is_newest", "kept"),
    [(900, True, True), (901, True, False), (499, False, True), (500, False, False), (901, False, False)],
)
def test_a_delta_has_to_be_worth_its_place(cost, is_newest, kept):
    made = MadeDelta(size=cost - 100, head_size=10, rest=100)
    assert is_worth_keeping(made, of_blocks=1000, download_bytes=1000, is_newest=is_newest) is kept


def steps(version, packs, rows):
    found = list_steps(packs[-1], packs, rows)
    assert packs[-1].version == version
    return [(step.delta.from_version, step.delta.version) for step in found]


def test_hubs_that_are_further_behind_are_told_of_a_chain():
    packs = [pack(n) for n in range(1, 6)]
    rows = [delta(1, 2), delta(2, 3), delta(3, 4), delta(2, 4), delta(4, 5), delta(3, 5)]
    assert steps(5, packs, rows) == [(4, 5), (3, 5), (2, 4), (1, 2)]


def test_a_chain_leads_only_through_versions_that_are_on_offer():
    packs = [pack(1), pack(2), pack(4)]  # 3 was withdrawn
    assert steps(4, packs, [delta(1, 2), delta(2, 3), delta(3, 4)]) == [(3, 4)]


def test_a_chain_is_short_and_of_one_pack():
    packs = [pack(n) for n in range(1, 9)]
    rows = [delta(n, n + 1) for n in range(1, 8)] + [delta(6, 8, "physics")]
    assert steps(8, packs, rows) == [(7, 8), (6, 7), (5, 6), (4, 5)]


def test_later_deltas_do_not_lead_to_an_earlier_version():
    packs = [pack(1), pack(2)]
    assert steps(2, packs, [delta(1, 2), delta(2, 3)]) == [(1, 2)]


def test_the_target_says_what_a_hub_plans_with():
    packs = [pack(n) for n in (1, 2, 3)]
    target = pack_target(packs[-1], list_steps(packs[-1], packs, [delta(1, 2), delta(2, 3)]))
    assert target.custom["deltas"] == [
        {"from": 2, "size": 302, "head_size": 2},
        {
            "from": 1,
            "to": 2,
            "size": 201,
            "head_size": 1,
            "index_json_sha256": f"{2:064x}",
            "index_json_size": 12,
        },
    ]


def test_a_target_without_deltas_does_not_mention_them():
    assert "deltas" not in pack_target(pack(1)).custom


# --- at work ---

PHOTO = random_bytes(30_000, 1)


def texts(version):
    lines = [b"<p>line %d of the lesson</p>\n" % n for n in range(800)]
    lines[300 + version] = b"<p>edited in version %d</p>\n" % version
    return {"index.html": b"<!doctype html><title>T</title>" + b"".join(lines), "photo.jpg": PHOTO}


@pytest.fixture
def work(tmp_path):
    work = OfficeAtWork.found(tmp_path / "central")
    work.enrol()
    return work


def offered(work, tmp_path):
    """Return what a hub that shall have the pack is offered."""
    work.assign("maths")
    [offer] = HubTrust(work.root_bytes, tmp_path / "trust").refresh(work.office.depot).packs
    return offer


def built(tmp_path, version, files=None):
    return build(tmp_path / "maths", files or texts(version), id="maths", version=version)


def rows(work):
    with open_fleet(work.office.fleet_db) as fleet:
        return [(row.from_version, row.version) for row in fleet.list_deltas()]


def delta_files(work):
    found = sorted(work.office.depot.glob("packs/*/*/*delta*"))
    return [path.relative_to(work.office.depot).as_posix() for path in found]


def test_hubs_are_offered_deltas_and_chains(tmp_path, work):
    for version in range(1, 5):
        work.publish(built(tmp_path, version), held={"maths": {version - 1}})
    offer = offered(work, tmp_path)
    assert [(d.from_version, d.to_version) for d in offer.deltas] == [(3, 4), (2, 3), (1, 2)]
    with open_fleet(work.office.fleet_db) as fleet:
        by_version = {p.version: p for p in fleet.list_packs()}
    for step in offer.deltas:
        path = work.office.depot / names.delta_path("maths", step.to_version, step.from_version)
        assert path.stat().st_size == step.size < 1000
        assert step.index_json_sha256 == by_version[step.to_version].index_json_sha256
        assert step.index_json_size == by_version[step.to_version].index_json_size


def test_versions_of_one_command_get_deltas_too(tmp_path, work):
    work.publish(built(tmp_path, 2), built(tmp_path, 1), held={})
    assert delta_files(work) == ["packs/maths/2/delta.1"]
    assert rows(work) == [(1, 2)]


def test_without_asking_for_deltas_none_are_made(tmp_path, work):
    work.publish(built(tmp_path, 1))
    work.publish(built(tmp_path, 2))
    assert delta_files(work) == []


def test_a_delta_that_saves_nothing_is_not_kept(tmp_path, work):
    work.publish(built(tmp_path, 1), held={})
    other = {"index.html": random_bytes(40_000, 7)}
    work.publish(built(tmp_path, 2, other), held={}, allow_shrink=True)
    assert delta_files(work) == []
    assert rows(work) == []


def test_a_dry_run_tells_the_sizes_and_leaves_the_depot_alone(tmp_path, work):
    work.publish(built(tmp_path, 1), held={})
    before = read_tree(work.office.depot)
    tried = work.publish(built(tmp_path, 2), held={}, dry_run=True)
    assert [(d.from_version, d.version) for d in tried.deltas] == [(1, 2)]
    assert read_tree(work.office.depot) == before
    done = work.publish(built(tmp_path, 2), held={})
    assert done.deltas == tried.deltas


def test_a_publish_that_was_cut_is_repeated_with_the_same_bytes(tmp_path, work):
    work.publish(built(tmp_path, 1), held={})
    first = work.copy(tmp_path / "first")
    first.publish(built(tmp_path, 2), held={})
    half = work.office.depot / "packs/maths/2"
    half.mkdir()
    (half / ".delta.1.tmp").write_bytes(b"half")
    (half / ".delta.1.body.tmp").write_bytes(b"half")
    (half / "delta.1").write_bytes(b"from a former attempt")
    work.publish(built(tmp_path, 2), held={})
    path = "packs/maths/2/delta.1"
    assert (work.office.depot / path).read_bytes() == (first.office.depot / path).read_bytes()
    assert delta_files(work) == [path]


def test_an_earlier_version_that_is_damaged_costs_its_delta_only(tmp_path, work):
    work.publish(built(tmp_path, 1), held={})
    blocks = work.office.depot / "packs/maths/1/blocks.000"
    blocks.write_bytes(bytes(blocks.stat().st_size))
    done = work.publish(built(tmp_path, 2), held={})
    assert done.published == ("maths@2",)
    assert done.deltas == ()
    assert delta_files(work) == []


def test_a_withdrawn_version_is_still_a_base_but_no_step(tmp_path, work):
    for version in (1, 2):
        work.publish(built(tmp_path, version), held={})
    work.withdraw("maths", 2)
    work.publish(built(tmp_path, 3), held={"maths": {1}})
    offer = offered(work, tmp_path)
    assert [(d.from_version, d.to_version) for d in offer.deltas] == [(2, 3), (1, 3)]


def test_a_version_may_not_change_by_way_of_deltas(tmp_path, work):
    work.publish(built(tmp_path, 1), held={})
    with pytest.raises(BadDataError, match="was published with other bytes"):
        work.publish(built(tmp_path, 1, texts(9)), held={})
    assert delta_files(work) == []
