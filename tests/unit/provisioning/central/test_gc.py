"""`central gc`: what nobody needs goes, in two steps; what a hub may be fetching stays."""

import os
import shutil
import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import timedelta

import pytest

from content_packs import depot as names
from content_packs.errors import BadDataError, BusyError
from hub.events import Event
from provisioning.central import gc
from provisioning.central.fleet import Published, open_fleet
from provisioning.central.held import GRACE, list_deletable, list_held, list_retirable
from provisioning.central.reports import open_reports
from provisioning.central.wanted import Wanted
from support.built import build, random_bytes
from support.office import HUB, NOW, HubTrust, OfficeAtWork

DAY = timedelta(days=1)
FILM = {"index.html": b"<html lang=uk><title>x</title>", "film.bin": random_bytes(1_100_000)}


@pytest.fixture(scope="module")
def first_day(tmp_path_factory):
    """An office that published maths v1 and v2; the hub shall have the newest."""
    work = OfficeAtWork.first_day(tmp_path_factory.mktemp("office") / "central")
    work.publish(work.build("maths", 2))
    return work


@pytest.fixture
def work(first_day, tmp_path):
    return first_day.copy(tmp_path / "central")


def collect(work, **options):
    return gc.collect(work.office, now=work.now, **options)


def days_pass(work, days):
    """Let time pass for the office, and for the files that it wrote."""
    work.now += timedelta(days=days)
    for path in work.office.depot.rglob("*"):
        if path.is_file():
            then = min(path.stat().st_mtime, work.now.timestamp()) - days * 86400
            os.utime(path, (then, then))


def pack_folders(work):
    depot = work.office.depot
    return sorted(str(path.parent.relative_to(depot)) for path in depot.glob("packs/*/*/index.zst"))


def test_nothing_goes_within_the_grace(work):
    days_pass(work, 179)
    collected = collect(work)
    assert (collected.retired, collected.freed, collected.files) == ((), (), ())


def test_an_old_version_leaves_the_offers_first_and_the_disk_a_grace_later(work):
    days_pass(work, 180)
    assert collect(work).retired == ("maths@1",)
    assert pack_folders(work) == ["packs/maths/1", "packs/maths/2"]
    days_pass(work, 179)
    assert collect(work).freed == ()
    days_pass(work, 1)
    collected = collect(work)
    assert collected.freed == ("maths@1",)
    assert collected.freed_bytes > 0
    assert pack_folders(work) == ["packs/maths/2"]
    assert not (work.office.depot / "packs/maths/1").exists()
    assert collect(work) == gc.Collected((), (), ())


def test_hub_that_was_away_for_longer_still_gets_what_is_new(work, tmp_path):
    hub = HubTrust(work.root_bytes, tmp_path / "trust")
    hub.refresh(work.office.depot)
    for _ in range(3):
        days_pass(work, 400)
        collect(work)
    work.publish(work.build("maths", 3))
    assert hub.offered(work.office.depot) == {"maths": 3}


def test_dry_run_says_the_same_and_deletes_nothing(work):
    for days in (180, 180):
        days_pass(work, days)
        before = sorted(path for path in work.office.depot.rglob("*"))
        told = collect(work, dry_run=True)
        assert sorted(path for path in work.office.depot.rglob("*")) == before
        assert collect(work) == told


def test_metadata_that_were_followed_just_now_stay_however_old_they_are(work, tmp_path):
    """A hub may be reading them."""
    days_pass(work, 400)
    before = {path.name for path in work.office.tuf.iterdir()}
    assert collect(work).retired == ("maths@1",)  # so metadata are signed anew
    gone = before - {path.name for path in work.office.tuf.iterdir()}
    snapshots = sorted(int(name.split(".")[0]) for name in before if "snapshot" in name)
    assert f"{snapshots[-1]}.snapshot.json" not in gone
    assert f"{snapshots[0]}.snapshot.json" in gone


def test_a_version_that_any_assignment_names_stays_though_no_hub_has_it(work):
    work.assign("maths@1", ring="pilot")
    days_pass(work, 500)
    assert collect(work).retired == ()
    work.unassign("maths@1", ring="pilot")
    assert collect(work).retired == ("maths@1",)


def test_the_days_are_counted_from_when_the_last_hub_stopped_wanting_it(work):
    work.assign("maths@1")
    days_pass(work, 500)
    work.assign("maths")
    days_pass(work, 179)
    assert collect(work).retired == ()
    days_pass(work, 1)
    assert collect(work).retired == ("maths@1",)


def test_a_version_that_comes_back_within_the_grace_keeps_its_files(work):
    days_pass(work, 180)
    collect(work)
    work.withdraw("maths", 2)  # maths@1 is the newest, but off the offers
    assert work.publish(work.build("maths", 1)).published == ("maths@1",)
    days_pass(work, 400)
    assert collect(work).freed == ("maths@2",)
    assert pack_folders(work) == ["packs/maths/1"]


def test_the_last_version_on_offer_stays_for_ever(work):
    work.unassign("maths")
    days_pass(work, 5000)
    assert collect(work).retired == ("maths@1",)
    days_pass(work, 5000)
    collect(work)
    assert pack_folders(work) == ["packs/maths/2"]


def test_a_withdrawn_version_is_deleted_a_grace_later(work):
    work.withdraw("maths", 2)
    days_pass(work, 179)
    assert collect(work).freed == ()
    days_pass(work, 1)
    assert collect(work).freed == ("maths@2",)
    assert HUB in work.keys


def test_a_version_number_is_never_given_twice_even_when_its_files_are_gone(work):
    work.withdraw("maths", 2)
    days_pass(work, 180)
    collect(work)
    with pytest.raises(BadDataError, match="was published with other bytes"):
        work.publish(work.build("maths", 2, "Інше."))


def test_a_large_file_of_two_versions_stays_until_the_last_of_them_goes(tmp_path):
    work = OfficeAtWork.found(tmp_path / "central")
    for version in (1, 2):
        work.publish(build(tmp_path / "film", FILM | {"a.txt": b"%d" % version}, id="film", version=version))
    for _ in range(2):
        days_pass(work, 200)
        collect(work)
    assert pack_folders(work) == ["packs/film/2"]
    assert len(list((work.office.depot / "objects").rglob("000"))) == 1
    work.withdraw("film", 2)
    days_pass(work, 200)
    collect(work)
    assert not any((work.office.depot / "objects").iterdir())


def test_old_metadata_goes_but_roots_and_what_is_in_use_stay(work, tmp_path):
    for version in range(3, 6):
        work.publish(work.build("maths", version))
    before = len(list(work.office.tuf.iterdir()))
    days_pass(work, 179)
    assert not [file for file in collect(work).files if "metadata" in file.why]
    days_pass(work, 200)
    gone = [file.path.name for file in collect(work).files if "metadata" in file.why]
    assert len(gone) > 5
    assert not [name for name in gone if "root" in name]
    assert len(list(work.office.tuf.iterdir())) < before
    shutil.rmtree(work.office.heads)
    assert HubTrust(work.root_bytes, tmp_path / "trust").offered(work.office.depot) == {"maths": 5}


def test_what_interrupted_writers_left_goes(work):
    left = [
        work.office.depot / "packs/maths/2/.blocks.000.tmp",
        work.office.depot / "packs/other/9/blocks.000",
        work.office.depot / "objects/aa" / ("a" * 64) / "000",
        work.office.depot / "inbox" / HUB / ".half.tmp",
    ]
    for path in left:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"half")
        os.utime(path, (work.now.timestamp(), work.now.timestamp()))
    days_pass(work, 1)
    collect(work)
    assert [path.exists() for path in left] == [False, True, True, True]
    days_pass(work, 30)
    collect(work)
    assert [path.exists() for path in left] == [False, True, True, False]
    days_pass(work, 150)
    collect(work)
    assert not any(path.exists() for path in left)
    assert pack_folders(work) == ["packs/maths/1", "packs/maths/2"]


def test_a_damaged_index_of_a_kept_version_stops_everything(work):
    days_pass(work, 180)
    collect(work)
    (work.office.depot / names.index_path("maths", 2)).write_bytes(b"")
    days_pass(work, 180)
    with pytest.raises(BadDataError, match=r"maths@2: its index .* nothing was deleted"):
        collect(work)
    assert pack_folders(work) == ["packs/maths/1", "packs/maths/2"]


def test_a_damaged_index_of_a_version_that_goes_does_not_keep_it(work):
    days_pass(work, 180)
    collect(work)
    (work.office.depot / names.index_path("maths", 1)).write_bytes(b"")
    days_pass(work, 180)
    assert collect(work).freed == ("maths@1",)
    assert pack_folders(work) == ["packs/maths/2"]


def test_without_the_offline_key_files_are_deleted_but_no_version_is_retired(work):
    work.withdraw("maths", 2)
    work.publish(work.build("maths", 3))
    work.office.keys.joinpath("offline").rename(work.office.dir / "safe")
    days_pass(work, 180)
    collected = collect(work)
    assert collected.waiting_for_key == ("maths@1",)
    assert collected.freed == ("maths@2",)
    assert collected.retired == ()


def test_what_a_hub_reported_to_have_or_to_fetch_stays(work):
    """It may be without a link for years, and lead to the next version by a delta from this one."""
    body = {"have": {"maths": 1}, "want": {}, "fetching": {}, "needs_space": {}, "kept": {}}
    with open_reports(work.office.reports_db) as reports:
        told = Event(seq=1, stream="s", boot_id="b", at=NOW.isoformat(), kind="packs", body=body)
        reports.take(HUB, "0" * 64, [told], now=NOW)
    for _ in range(3):
        days_pass(work, 400)
        assert collect(work).retired == ()
    assert pack_folders(work) == ["packs/maths/1", "packs/maths/2"]


def test_old_reports_of_a_hub_that_fell_silent_go_and_its_last_ones_stay(work):
    def told(seq, days):
        at = (NOW - timedelta(days=days)).isoformat()
        return Event(seq=seq, stream="s", boot_id="b", at=at, kind="sync", body={})

    with open_reports(work.office.reports_db) as reports:
        reports.take(HUB, "0" * 64, [told(1, 500), told(2, 300), told(3, 200)], now=NOW)
    collect(work, dry_run=True)
    assert numbers(work) == [1, 2, 3]
    collect(work)
    assert numbers(work) == [2, 3]
    days_pass(work, 800)
    collect(work)
    assert numbers(work) == [3]


def numbers(work):
    with closing(sqlite3.connect(work.office.reports_db)) as db:
        return [seq for (seq,) in db.execute("select seq from events order by seq")]


@pytest.mark.parametrize("at_deletion", range(4))
def test_a_run_that_is_cut_is_finished_by_the_next(tmp_path, monkeypatch, at_deletion):
    work = OfficeAtWork.found(tmp_path / "central")
    work.publish(build(tmp_path / "film", FILM, id="film"))
    work.publish(work.build("maths", 1))
    work.withdraw("film", 1)
    days_pass(work, 200)
    deleted = []
    real = type(tmp_path).unlink

    def die(self, missing_ok=False):
        if work.office.depot in self.parents:
            if len(deleted) == at_deletion:
                raise KeyboardInterrupt
            deleted.append(self)
        real(self, missing_ok=missing_ok)

    with monkeypatch.context() as patch:
        patch.setattr(type(tmp_path), "unlink", die)
        try:
            collect(work)
        except KeyboardInterrupt:
            assert len(deleted) == at_deletion
    collect(work)
    assert pack_folders(work) == ["packs/maths/1"]
    assert not any((work.office.depot / "objects").iterdir())
    with open_fleet(work.office.fleet_db) as fleet:
        assert next(pack for pack in fleet.list_packs() if pack.pack_id == "film").freed_at


def test_it_does_nothing_beside_one_who_is_publishing(work, monkeypatch):
    from content_packs.durable import locked

    monkeypatch.setattr("provisioning.central.office.PATIENCE_S", 0)
    with locked(work.office.lock, doing="publish"), pytest.raises(BusyError):
        collect(work)


# --- rules ---

OLD = (NOW - 2 * GRACE).isoformat()


def pack(version, **fields):
    base = Published("maths", version, "web", "T", "uk", "0" * 64, 1, "0" * 64, 1, 1, 1, OLD)
    return replace(base, **fields)


def test_a_hub_may_have_what_it_reported_what_it_shall_have_and_what_it_was_told_lately():
    packs = [
        pack(1),
        pack(2, wanted_until=(NOW - GRACE + DAY).isoformat()),
        pack(3, wanted_until=(NOW - GRACE).isoformat()),
        pack(4),
        pack(5),
        pack(6, freed_at=OLD),
    ]
    wanted = Wanted(tuple(packs), {HUB: {"maths": 5}})
    held = list_held(packs, wanted, {"maths": {4, 6}, "gone": {1}}, now=NOW)
    assert held == {"maths": {2, 4, 5}}


def test_what_a_hub_has_is_neither_retired_nor_deleted():
    packs = [pack(1), pack(2), pack(3, withdrawn_at=OLD, unnamed_since=OLD), pack(4)]
    assert list_retirable(packs, [], {"maths": {1}}, now=NOW) == [pack(2)]
    assert list_deletable(packs, {"maths": {3}}, now=NOW) == []
    assert list_deletable(packs, {}, now=NOW) == [packs[2]]


@pytest.mark.parametrize("field", ["published_at", "unnamed_since"])
def test_a_clock_that_was_years_ahead_deletes_nothing(field):
    future = (NOW + timedelta(days=3000)).isoformat()
    packs = [pack(1, **{field: future}, withdrawn_at=OLD if field == "unnamed_since" else None), pack(2)]
    assert list_retirable(packs, [], {}, now=NOW) == []
    assert list_deletable(packs, {}, now=NOW) == []
