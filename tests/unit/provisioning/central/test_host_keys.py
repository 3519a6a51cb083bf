"""Host keys of the depot's SSH server, carried to hubs in signed metadata."""

import pytest

from content_packs.errors import BadDataError
from hub.identity import keep_host_keys, list_host_keys
from hub.settings import HubPaths
from provisioning.central import metadata
from provisioning.central.host_keys import save_host_keys
from provisioning.central.release import change
from support.office import HubTrust, OfficeAtWork, new_key


@pytest.fixture
def work(tmp_path):
    work = OfficeAtWork.found(tmp_path / "central")
    work.enrol()
    return work


@pytest.fixture
def hub(work, tmp_path):
    return HubTrust(work.root_bytes, tmp_path / "trust")


def tell(work, *lines):
    change(work.office, lambda fleet: save_host_keys(fleet, lines), doing="test", now=work.now)


def test_a_hub_is_told_the_present_and_the_next_key(work, hub):
    assert hub.refresh(work.office.depot).host_keys == ()
    present, following = new_key(), new_key()
    tell(work, present, following)
    offers = hub.refresh(work.office.depot)
    assert offers.host_keys == (present, following)
    assert offers.seal_key is not None
    again = hub.refresh(work.office.depot)
    assert (again.from_cache, again.host_keys) == (True, (present, following))


def test_without_the_offline_key_they_wait(work, hub):
    key, name = new_key(), work.office.keys / "offline/targets.pem"
    kept = name.read_bytes()
    name.unlink()
    tell(work, key)
    assert hub.refresh(work.office.depot).host_keys == ()
    name.write_bytes(kept)
    work.touch()
    assert hub.refresh(work.office.depot).host_keys == (key,)
    current = metadata.read_current(work.office.tuf, work.root_bytes)
    assert metadata.list_signed_host_keys(current) == (key,)


def test_a_key_of_a_kind_to_come_is_left_out_and_too_many_are_refused(work, hub):
    key = new_key()
    tell(work, "ssh-future AAAA", key)
    assert hub.refresh(work.office.depot).host_keys == (key,)
    tell(work, *(new_key() for _ in range(17)))
    with pytest.raises(BadDataError, match="host_keys"):
        hub.refresh(work.office.depot)


def test_a_hub_keeps_what_is_signed_in_two_copies(tmp_path):
    paths = HubPaths(tmp_path)
    old, present, following = new_key(), new_key(), new_key()
    paths.host_keys.parent.mkdir()
    paths.host_keys.write_text(f"{old} as on the card\n")
    assert list_host_keys(paths) == [f"{old} as on the card"]
    assert not keep_host_keys(paths, ()), "nothing signed: what the card brought counts"
    assert not keep_host_keys(paths, (old,))
    assert keep_host_keys(paths, (present, following))
    paths.host_keys.write_bytes(b"")  # as a power cut leaves it
    assert list_host_keys(paths) == [present, following]
