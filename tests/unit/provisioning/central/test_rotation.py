"""Every key of the office is replaced, lost or stolen, and hubs follow: at any moment, and from anywhere."""

import shutil
from contextlib import nullcontext

import pytest

from content_packs.depot import OFFICE_TARGET
from content_packs.errors import LocalError, UsageError
from provisioning.central import metadata
from provisioning.central.fleet import open_fleet
from provisioning.central.keys import OFFLINE_KEYS, ONLINE_KEYS, ROOT_KEYS, KeyRing, keyid_of
from provisioning.central.rotation import replace_key, rotate
from support.dying import run_and_die
from support.office import HubTrust, OfficeAtWork

ALL = (*OFFLINE_KEYS, *ONLINE_KEYS, "seal")


@pytest.fixture(scope="module")
def first_day(tmp_path_factory):
    return OfficeAtWork.first_day(tmp_path_factory.mktemp("office") / "central")


@pytest.fixture
def work(first_day, tmp_path):
    return first_day.copy(tmp_path / "central")


@pytest.fixture
def hub(work, tmp_path):
    hub = HubTrust(work.root_bytes, tmp_path / "trust")
    hub.refresh(work.office.depot)
    return hub


def key_file(work, name):
    return work.office.open_keys().find(name)


def snapshot_of(folder):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file() and path.name[0] != "."}


@pytest.mark.parametrize("name", ALL)
def test_a_key_is_replaced_and_hubs_follow(work, hub, name, tmp_path):
    old_root, old_key = hub.root_bytes, key_file(work, name).read_bytes()
    done = rotate(work.office, name, now=work.now)
    assert key_file(work, name).read_bytes() != old_key
    assert done.roots[1] - done.roots[0] == (
        1 if name in ROOT_KEYS else 2 if done.roots[0] != done.roots[1] else 0
    )
    assert hub.offered(work.office.depot) == {"maths": 1}
    work.publish(work.build("maths", 2))
    assert hub.offered(work.office.depot) == {"maths": 2}
    for root in (old_root, work.root_bytes):
        fresh = HubTrust(root, tmp_path / f"fresh-{len(root)}")
        assert fresh.offered(work.office.depot) == {"maths": 2}


@pytest.mark.parametrize("name", ALL)
def test_a_rehearsal_does_it_all_and_changes_nothing(work, name):
    before = snapshot_of(work.office.dir)
    told = rotate(work.office, name, now=work.now, dry_run=True)
    assert snapshot_of(work.office.dir) == before
    really = rotate(work.office, name, now=work.now)
    assert (told.roots, told.signed, told.hubs) == (really.roots, really.signed, 1)
    assert told.rehearsed
    assert told.place is None


@pytest.mark.parametrize("name", ALL)
def test_a_lost_key_is_replaced_by_those_that_are_left(work, hub, name):
    key_file(work, name).unlink()
    with pytest.raises(LocalError, match=f"{name} that hubs know is not here"):
        rotate(work.office, name, now=work.now)
    rotate(work.office, name, now=work.now, lost=True)
    work.publish(work.build("maths", 2))
    assert hub.offered(work.office.depot) == {"maths": 2}


def test_two_lost_root_keys_are_said_to_be_the_end_of_it(work):
    for name in ("root-1", "root-3"):
        key_file(work, name).unlink()
    before = snapshot_of(work.office.dir)
    with pytest.raises(
        LocalError, match="2 keys of the root have to sign, and here is only root-2"
    ) as refused:
        rotate(work.office, "root-1", now=work.now, lost=True)
    assert "lost for good" in refused.value.hint
    assert snapshot_of(work.office.dir) == before
    rotate(work.office, "packs", now=work.now)


def test_a_key_that_does_not_exist_is_named(work):
    with pytest.raises(UsageError, match="no key 'root-9'"):
        rotate(work.office, "root-9", now=work.now)


def test_hubs_walk_from_root_1_to_root_41_in_one_go(work, hub, tmp_path):
    for name in ("timestamp", "snapshot", "targets", "root-1", "root-2") * 5:
        rotate(work.office, name, now=work.now)
    assert metadata.read_current(work.office.tuf, hub.root_bytes).root.version == 41
    other = HubTrust(hub.root_bytes, tmp_path / "other")
    shutil.copytree(hub.trust_dir, other.trust_dir)
    work.publish(work.build("maths", 2))
    assert hub.offered(work.office.depot) == {"maths": 2}
    assert hub.refresh(work.office.depot).stale == ()
    shutil.rmtree(work.office.heads)
    shutil.rmtree(work.office.depot / "news")
    assert other.offered(work.office.depot) == {"maths": 2}
    assert HubTrust(work.root_bytes, tmp_path / "fresh").offered(work.office.depot) == {"maths": 2}


# --- power goes ---


def replace_unrehearsed(work, name):
    with open_fleet(work.office.fleet_db) as fleet:
        replace_key(work.office, fleet, work.office.open_keys(), name, None, work.now)


@pytest.mark.parametrize("name", ["root-2", "timestamp", "packs"])
def test_a_crash_leaves_the_old_key_or_the_new_and_the_office_goes_on(first_day, tmp_path, name):
    roots = set()
    for at_write in range(1, 400, 1 if name == "timestamp" else 2):
        work = first_day.copy(tmp_path / str(at_write))
        hub = HubTrust(work.root_bytes, tmp_path / f"{at_write}-trust")
        hub.refresh(work.office.depot)
        ended = run_and_die(lambda w=work: replace_unrehearsed(w, name), at_write, work.office.dir)
        assert hub.offered(work.office.depot) == {"maths": 1}
        headless = shutil.copytree(work.office.tuf, tmp_path / f"{at_write}-headless" / "tuf").parent
        assert HubTrust(hub.root_bytes, tmp_path / f"{at_write}-new").offered(headless) == {"maths": 1}
        roots.add(metadata.read_current(work.office.tuf, hub.root_bytes).root.version)
        work.unassign("maths")
        assert hub.offered(work.office.depot) == {}
        if at_write % 7 == 0:
            rotate(work.office, name, now=work.now)
            assert not list(work.office.keys.rglob("*.new.pem"))
        if ended:
            break
    assert ended
    assert at_write > 8
    assert roots == {"root-2": {1, 2}, "timestamp": {1, 2, 3}, "packs": {1}}[name]


@pytest.mark.parametrize("name", ["seal", "root-2", "targets", "packs"])
def test_a_key_that_hubs_heard_of_before_a_crash_is_not_made_over(work, monkeypatch, name):
    """The key is signed into the metadata and lies under its first name still; power goes once more."""

    def die(*_, **__):
        raise InterruptedError

    told, stage = [], KeyRing.stage
    for dying in ("adopt", "stage", ""):
        with monkeypatch.context() as patched:
            if dying == "adopt":
                patched.setattr(KeyRing, "adopt", die)
            elif dying:  # the key is written and nothing is signed by it
                patched.setattr(KeyRing, "stage", lambda *args: die(stage(*args)))
            with pytest.raises(InterruptedError) if dying else nullcontext():
                replace_unrehearsed(work, name)
        told.append(told_key(work, name))
        assert told[-1] in kept_keys(work, name)
    assert len(set(told)) == 2
    if name == "seal":
        assert set(told) <= kept_keys(work, name)


def told_key(work, name):
    """The key that hubs know: of the root's three, the one that came last."""
    current = metadata.read_current(work.office.tuf, work.root_bytes)
    if name == "seal":
        return current.targets["targets"].targets[OFFICE_TARGET].custom["seal_key"]
    return (current.root.roles["root"].keyids if name in ROOT_KEYS else current.keyids_of(name))[-1]


def kept_keys(work, name):
    ring = work.office.open_keys()
    if name == "seal":
        return {key.public_key().public_bytes_raw().hex() for key in ring.read_seal_keys()}
    return {keyid_of(path) for path in work.office.keys.rglob(f"{name}*.pem")}
