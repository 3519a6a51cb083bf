"""Publishers: each signs the packs of its own prefix, and nothing else that any hub would take."""

import shutil

import pytest
from click.testing import CliRunner
from tuf.api.metadata import DelegatedRole, Delegations, Targets

from content_packs import depot
from content_packs.errors import BadDataError, LocalError, UsageError
from content_packs.head import decode_head
from provisioning.central import metadata, publishers
from provisioning.central.cli import cli
from provisioning.central.fleet import open_fleet
from provisioning.central.roles import assignment_target, find_bin
from provisioning.central.rotation import rotate
from support.office import HUB, HubTrust, OfficeAtWork
from support.thief import Thief, forged_pack


@pytest.fixture(scope="module")
def first_day(tmp_path_factory):
    """The publisher kyiv has one pack, the office another; the hub has both."""
    work = OfficeAtWork.found(tmp_path_factory.mktemp("office") / "central")
    run(work, "publishers", "add", "kyiv", "--prefix", "kyiv-", "--title", "Київ")
    work.publish(work.build("maths", 1))
    work.publish(work.build("kyiv-maps", 1))
    work.enrol()
    work.assign("maths")
    work.assign("kyiv-maps")
    return work


@pytest.fixture
def work(first_day, tmp_path):
    return first_day.copy(tmp_path / "central")


@pytest.fixture
def hub(work, tmp_path):
    hub = HubTrust(work.root_bytes, tmp_path / "trust")
    assert hub.offered(work.office.depot) == {"maths": 1, "kyiv-maps": 1}
    return hub


def run(work, *words, code=0):
    done = CliRunner().invoke(cli, ["--dir", str(work.office.dir), *map(str, words)])
    if code == 0:
        assert done.exit_code == 0, done.output
        return done.output
    assert isinstance(done.exception, code)
    return done.exception


def current(work):
    return metadata.read_current(work.office.tuf, work.root_bytes)


def test_its_packs_are_signed_by_its_own_key(work):
    held = current(work).targets["publisher-kyiv"].targets
    assert list(held) == ["packs/kyiv-maps/1/index.zst"]
    with open_fleet(work.office.fleet_db) as fleet:
        assert publishers.key_of(fleet, "kyiv-maps") == "publisher-kyiv"
        assert publishers.key_of(fleet, "maths") == "packs"


def test_publishing_as_somebody_needs_that_key_and_no_other(work, hub, tmp_path):
    offline = work.office.keys / "offline"
    for name in ("packs", "targets", "root-1", "root-2", "root-3"):
        (offline / f"{name}.pem").unlink()
    work.publish(work.build("kyiv-maps", 2))
    assert hub.offered(work.office.depot) == {"maths": 1, "kyiv-maps": 2}
    (offline / "publisher-kyiv.pem").unlink()
    with pytest.raises(LocalError, match=r"publisher-kyiv\.pem is not here"):
        work.publish(work.build("kyiv-maps", 3))


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["--as", "kyiv"], "begin with kyiv-"),
        (["--as", "lviv"], "no publisher 'lviv'"),
    ],
)
def test_the_office_refuses_a_pack_of_another_prefix(work, words, why):
    built = work.build("maths", 2)
    assert why in str(run(work, "publish", built.folder, *words, code=UsageError))


def test_the_office_itself_does_not_publish_into_a_prefix_by_mistake(work):
    built = work.build("kyiv-maps", 2)
    assert "--as kyiv" in run(work, "publish", built.folder, code=UsageError).hint
    assert "published" in run(work, "publish", built.folder, "--as", "kyiv")


@pytest.mark.parametrize(
    ("name", "prefix", "why"),
    [
        ("Kyiv", "kyiv-", "expected"),
        ("lviv", "lviv", "a '-' at the end"),
        ("lviv", "*-", "expected"),
        ("lviv", "kyiv-", "overlaps with kyiv-"),
        ("lviv", "kyiv-north-", "overlaps with kyiv-"),
        ("lviv", "hub-", "the hubs' own packs"),
        ("kyiv", "other-", "already"),
    ],
)
def test_names_and_prefixes_have_rules(work, name, prefix, why):
    assert why in str(run(work, "publishers", "add", name, "--prefix", prefix, code=UsageError))
    assert sorted(current(work).targets["targets"].delegations.roles) == [
        "assignments",
        "packs",
        "publisher-kyiv",
    ]


def test_packs_that_were_there_pass_to_a_new_publisher_and_back(work, hub):
    work.publish(work.build("sums-easy", 1))
    work.assign("sums-easy")
    assert "sums-easy@1" in run(work, "publishers", "add", "sums", "--prefix", "sums-")
    assert "packs/sums-easy/1/index.zst" in current(work).targets["publisher-sums"].targets
    assert hub.offered(work.office.depot) == {"maths": 1, "kyiv-maps": 1, "sums-easy": 1}
    run(work, "publishers", "revoke", "sums", "--take-over")
    assert "publisher-sums" not in current(work).targets
    assert hub.offered(work.office.depot) == {"maths": 1, "kyiv-maps": 1, "sums-easy": 1}
    run(work, "publishers", "add", "sums", "--prefix", "sums-")
    assert hub.offered(work.office.depot) == {"maths": 1, "kyiv-maps": 1, "sums-easy": 1}


def test_a_revoked_publisher_takes_its_packs_along_if_the_office_says_so(work, hub):
    (work.office.keys / "offline/packs.pem").unlink()
    run(work, "publishers", "revoke", "kyiv", "--withdraw")
    assert hub.offered(work.office.depot) == {"maths": 1}
    run(work, "publishers", "add", "kyiv-2", "--prefix", "kyiv-")
    work.publish(work.build("kyiv-maps", 2))
    assert hub.offered(work.office.depot) == {"maths": 1, "kyiv-maps": 2}


def test_what_becomes_of_the_packs_has_to_be_said(work):
    assert "--take-over or --withdraw" in run(work, "publishers", "revoke", "kyiv", code=UsageError).hint


def test_a_dry_run_makes_no_key_and_no_publisher(work):
    run(work, "publishers", "add", "lviv", "--prefix", "lviv-", "--dry-run")
    assert not list(work.office.keys.rglob("publisher-lviv*"))
    assert "lviv" not in run(work, "publishers", "list")


def test_a_publishers_key_is_replaced_and_hubs_follow(work, hub):
    rotate(work.office, "publisher-kyiv", now=work.now)
    work.publish(work.build("kyiv-maps", 2))
    assert hub.offered(work.office.depot) == {"maths": 1, "kyiv-maps": 2}


def test_hubs_without_its_packs_read_nothing_of_a_publisher_but_its_name(work, hub):
    work.unassign("kyiv-maps")
    files = decode_head((work.office.heads / HUB).read_bytes())
    assert not any("publisher-kyiv" in name for name in files)
    before = (work.office.heads / HUB).stat().st_size
    run(work, "publishers", "add", "lviv", "--prefix", "lviv-")
    for number in range(20):
        work.publish(work.build(f"lviv-{number}", 1))
    assert (work.office.heads / HUB).stat().st_size - before < 250
    assert hub.offered(work.office.depot) == {"maths": 1}


# --- whoever has its key, the online keys and the depot ---


STOLEN = ("publisher-kyiv", "assignments", "snapshot", "timestamp")


def assigned(thief, pack_id, version):
    target = assignment_target(HUB, {pack_id: version})
    return (
        find_bin(thief.current.targets, target.path),
        thief.put(find_bin(thief.current.targets, target.path), target),
    )


@pytest.mark.parametrize("pack_id", ["maths", "kyiv", "kyivmaps", "lviv-maps"])
def test_its_key_signs_nothing_outside_of_its_prefix(work, hub, tmp_path, pack_id):
    thief = Thief(work, tmp_path / "forged", *STOLEN)
    thief.sign(
        ("publisher-kyiv", thief.put("publisher-kyiv", forged_pack(pack_id, 9))), assigned(thief, pack_id, 9)
    )
    with pytest.raises(BadDataError, match=f"{pack_id} v9 is assigned to this hub, but not published"):
        hub.refresh(thief.depot)


def test_inside_of_its_prefix_it_does(work, hub, tmp_path):
    """What the key is for; so the tests above fail for the right reason."""
    thief = Thief(work, tmp_path / "forged", *STOLEN)
    forged = forged_pack("kyiv-maps", 9)
    thief.sign(("publisher-kyiv", thief.put("publisher-kyiv", forged)), assigned(thief, "kyiv-maps", 9))
    assert hub.offered(thief.depot) == {"kyiv-maps": 9}


@pytest.mark.parametrize("kind", depot.SYSTEM_KINDS)
def test_its_key_changes_no_hub_itself(work, hub, tmp_path, kind):
    thief = Thief(work, tmp_path / "forged", *STOLEN)
    forged = forged_pack("kyiv-software", 9, kind)
    thief.sign(("publisher-kyiv", thief.put("publisher-kyiv", forged)), assigned(thief, "kyiv-software", 9))
    with pytest.raises(BadDataError, match=f"publisher-kyiv may not sign a pack of the kind {kind}"):
        hub.refresh(thief.depot)


def test_its_key_gives_nobody_else_a_right(work, hub, tmp_path):
    """It delegates all packs to itself, one step further down."""
    thief = Thief(work, tmp_path / "forged", *STOLEN)
    own = thief.put("publisher-kyiv", forged_pack("maths", 9))
    top = thief.current.targets["targets"].delegations
    widened = DelegatedRole(
        "publisher-kyiv-2", [thief.keyid("publisher-kyiv")], 1, False, ["packs/*/*/index.zst"]
    )
    own.delegations = Delegations(top.keys, {"publisher-kyiv-2": widened})
    thief.current.targets["publisher-kyiv-2"] = thief.put("publisher-kyiv", forged_pack("maths", 9))
    thief.sign(("publisher-kyiv", own), assigned(thief, "maths", 9))
    with pytest.raises(BadDataError, match="maths v9 is assigned to this hub, but not published"):
        hub.refresh(thief.depot)


def test_a_revoked_key_signs_nothing_any_more(work, hub, tmp_path):
    thief = Thief(work, tmp_path / "forged", *STOLEN)
    run(work, "publishers", "revoke", "kyiv", "--take-over")
    hub.refresh(work.office.depot)
    forged = forged_pack("kyiv-maps", 9)
    thief.current = metadata.read_current(work.office.tuf, work.root_bytes)
    shutil.copytree(work.office.tuf, thief.depot / "tuf", dirs_exist_ok=True)
    assignment = assigned(thief, "kyiv-maps", 9)
    thief.current.targets["publisher-kyiv"] = Targets(9, None, work.now, {forged.path: forged})
    thief.sign(("publisher-kyiv", thief.put("publisher-kyiv")), assignment)
    with pytest.raises(BadDataError, match="kyiv-maps v9 is assigned to this hub, but not published"):
        hub.refresh(thief.depot)
