"""Somebody has the office's online keys and writes what hubs read: he delays, and changes no content.

docs/howto/keys.en.md tells the office what such a thief can do; each sentence there has its test here.
"""

import pytest
from tuf.api.metadata import Snapshot

from content_packs.errors import BadDataError, BadSignatureError, VersionRollbackError
from provisioning.central import roles
from provisioning.central.keys import ONLINE_KEYS
from provisioning.central.roles import assignment_target, find_bin
from provisioning.central.rotation import rotate
from support.office import HUB, HubTrust, OfficeAtWork
from support.thief import Thief, forged_pack


@pytest.fixture(scope="module")
def second_day(tmp_path_factory):
    """maths is at version 3, version 2 was withdrawn; songs are published, and not for this hub."""
    work = OfficeAtWork.found(tmp_path_factory.mktemp("office") / "central")
    for version in (1, 2, 3):
        work.publish(work.build("maths", version))
    work.publish(work.build("songs", 1))
    work.withdraw("maths", 2)
    work.enrol()
    work.assign("maths")
    return work


@pytest.fixture
def work(second_day, tmp_path):
    return second_day.copy(tmp_path / "central")


@pytest.fixture
def hub(work, tmp_path):
    hub = HubTrust(work.root_bytes, tmp_path / "trust")
    assert hub.offered(work.office.depot) == {"maths": 3}
    return hub


@pytest.fixture
def thief(work, tmp_path):
    return Thief(work, tmp_path / "forged", *ONLINE_KEYS)


def assigned(thief, **packs):
    target = assignment_target(HUB, packs)
    role = find_bin(thief.current.targets, target.path)
    return role, thief.put(role, target)


def test_a_pack_of_his_own_is_refused(thief, hub):
    forged = forged_pack("maths", 9)
    bin_of_it = find_bin(thief.current.targets, forged.path)
    thief.sign((bin_of_it, thief.put(bin_of_it, forged)), assigned(thief, maths=9))
    with pytest.raises(BadSignatureError, match=r"packs-\d was signed by 0/1 keys"):
        hub.refresh(thief.depot)


def test_other_bytes_under_the_name_of_a_published_pack_are_refused(thief, hub):
    forged = forged_pack("maths", 3)
    bin_of_it = find_bin(thief.current.targets, forged.path)
    thief.sign((bin_of_it, thief.put(bin_of_it, forged)))
    with pytest.raises(BadSignatureError):
        hub.refresh(thief.depot)


@pytest.mark.parametrize("role", ["targets", "packs"])
def test_keys_of_his_own_are_refused(thief, hub, role):
    """He says that other keys sign packs."""
    before = thief.current.targets[role]
    thief.sign((role, thief.put(role)))
    with pytest.raises(BadSignatureError, match=f"{role} was signed by 0/1 keys"):
        hub.refresh(thief.depot)
    assert before.version == 1


def test_a_root_of_his_own_is_refused(thief, hub):
    own = OfficeAtWork.found(thief.depot.parent / "own")
    (thief.depot / "tuf/2.root.json").write_bytes(own.root_bytes)
    thief.sign()
    with pytest.raises(BadDataError):
        hub.refresh(thief.depot)


def test_a_pack_may_not_be_given_that_is_no_longer_on_offer(thief, hub):
    thief.sign(assigned(thief, maths=2))
    with pytest.raises(BadDataError, match="maths v2 is assigned to this hub, but not published"):
        hub.refresh(thief.depot)


def test_signed_lists_of_the_past_are_refused_by_a_hub_that_saw_newer_ones(thief, work, hub):
    """He mixes: an old bin of packs, in which version 2 stood, under a new snapshot."""
    bin_of_it = find_bin(thief.current.targets, "packs/maths/3/index.zst")
    newest = thief.current.targets[bin_of_it].version
    snapshot = roles.make_snapshot(thief.current.snapshot.version + 1, thief.current.targets, work.now)
    snapshot.meta[f"{bin_of_it}.json"].version = newest - 1
    thief.sign(assigned(thief, maths=2), snapshot=_with(snapshot, thief))
    with pytest.raises(VersionRollbackError):
        hub.refresh(thief.depot)


def _with(snapshot, thief):
    role = find_bin(thief.current.targets, f"assignments/{HUB}")
    snapshot.meta[f"{role}.json"].version = thief.current.targets[role].version + 1
    return snapshot


# --- what he can do ---


@pytest.mark.parametrize("packs", [{"maths": 1}, {"songs": 1}, {"maths": 3, "songs": 1}, {}])
def test_he_can_give_other_packs_of_those_on_offer(thief, work, hub, packs):
    """They are the office's own, unchanged. The office's next change undoes it, once the keys are new."""
    thief.sign(assigned(thief, **packs))
    assert hub.offered(thief.depot) == packs
    for name in ONLINE_KEYS:
        rotate(work.office, name, now=work.now)
    assert hub.offered(work.office.depot) == {"maths": 3}


def test_he_can_hold_back_news_and_no_more(thief, work, hub):
    thief.sign(ahead=7)
    assert hub.offered(thief.depot) == {"maths": 3}
    work.publish(work.build("maths", 4))
    with pytest.raises(VersionRollbackError):
        hub.refresh(work.office.depot)


def test_versions_far_ahead_hold_a_hub_until_the_keys_are_new(thief, work, hub):
    """Everything that the office signs looks old to this hub, but new keys make it forget what he signed."""
    role, assignment = assigned(thief, maths=1)
    assignment.version = 10**9
    thief.sign((role, assignment), ahead=10**9)
    assert hub.offered(thief.depot) == {"maths": 1}
    work.publish(work.build("maths", 4))
    with pytest.raises(VersionRollbackError):
        hub.refresh(work.office.depot)
    for name in ONLINE_KEYS:
        rotate(work.office, name, now=work.now)
    assert hub.offered(work.office.depot) == {"maths": 4}
    with pytest.raises(BadDataError):
        hub.refresh(thief.depot)


def test_once_the_keys_are_new_he_can_do_nothing_to_a_hub_that_heard_of_it(thief, work, hub):
    for name in ONLINE_KEYS:
        rotate(work.office, name, now=work.now)
    hub.refresh(work.office.depot)
    thief.sign(assigned(thief, songs=1), ahead=99)
    with pytest.raises(BadSignatureError):
        hub.refresh(thief.depot)


@pytest.mark.parametrize("name", ONLINE_KEYS)
def test_one_online_key_alone_changes_nothing(work, hub, tmp_path, name):
    thief = Thief(work, tmp_path / "forged", name)
    thief.sign(assigned(thief, songs=1))
    with pytest.raises(BadSignatureError):
        hub.refresh(thief.depot)


def test_the_office_goes_on_from_what_a_thief_left_in_its_depot(thief, work, hub):
    """He had the depot's disk as well: what he signed there is taken back by the next command."""
    thief.sign(assigned(thief, songs=1), ahead=5)
    for path in (thief.depot / "tuf").iterdir():
        (work.office.tuf / path.name).write_bytes(path.read_bytes())
    work.touch()
    assert hub.offered(work.office.depot) == {"maths": 3}
    assert isinstance(thief.current.snapshot, Snapshot)
