"""Power goes at every single write of a publish: readers see the old state or the new, and again finishes."""

import shutil

import pytest

from provisioning.central.fleet import open_fleet
from support.dying import run_and_die
from support.office import HubTrust, OfficeAtWork


@pytest.fixture(scope="module")
def first_day(tmp_path_factory):
    work = OfficeAtWork.first_day(tmp_path_factory.mktemp("office") / "central")
    work.build("maths", 2)
    return work


def crash_everywhere(first_day, tmp_path, job):
    """Yield (office after a crash, what a hub was offered then) for a crash at each write of `job`."""
    for at_write in range(1, 1000):
        work = first_day.copy(tmp_path / str(at_write))
        hub = HubTrust(work.root_bytes, tmp_path / f"{at_write}-trust")
        hub.refresh(work.office.depot)
        ended = run_and_die(lambda work=work: job(work), at_write, work.office.dir)
        yield work, hub, hub.offered(work.office.depot)
        if ended:
            assert at_write > 10, "the crashes missed the writes"
            return
    raise AssertionError("never ended")


def offered_without_head(work, tmp_path):
    """What a hub makes of tuf/ alone: a reader that was in the middle of it when the power went."""
    hidden = work.office.heads.rename(tmp_path / "hidden")
    shutil.rmtree(tmp_path / "fresh-trust", ignore_errors=True)
    try:
        return HubTrust(work.root_bytes, tmp_path / "fresh-trust").offered(work.office.depot)
    finally:
        hidden.rename(work.office.heads)


def leftovers(work):
    return list(work.office.dir.rglob("*.tmp"))


def test_publish_is_old_or_new_and_again_finishes(first_day, tmp_path):
    built = first_day.build("maths", 2)
    seen = set()
    for work, hub, offered in crash_everywhere(first_day, tmp_path, lambda work: work.publish(built)):
        assert offered in ({"maths": 1}, {"maths": 2})
        seen.add(offered["maths"])
        assert offered_without_head(work, tmp_path) in ({"maths": 1}, {"maths": 2})
        work.publish(built)
        assert hub.offered(work.office.depot) == {"maths": 2}
        assert leftovers(work) == []
    assert seen == {1, 2}


def test_revoke_is_finished_by_any_other_command(first_day, tmp_path):
    first_day.enrol("h-2")
    for work, _, offered in crash_everywhere(first_day, tmp_path, lambda work: work.revoke("h-2")):
        assert offered == {"maths": 1}
        revoked = any(h["revoked"] for h in fleet(work) if h["id"] == "h-2")
        work.touch()
        assert (work.office.heads / "h-2").exists() != revoked
        assert (work.office.hub_keys / "h-2").exists() != revoked
        assert leftovers(work) == []


def fleet(work):
    with open_fleet(work.office.fleet_db) as opened:
        return [{"id": hub.hub_id, "revoked": hub.revoked_at is not None} for hub in opened.list_hubs()]


def test_init_makes_all_or_nothing(tmp_path):
    for at_write in range(1, 1000, 3):
        folder = tmp_path / str(at_write)
        ended = run_and_die(lambda folder=folder: OfficeAtWork.found(folder), at_write, tmp_path)
        if ended:
            break
        assert not folder.exists()
        OfficeAtWork.found(folder).touch()
    assert at_write > 20
