"""The office's disk is full or mounted where it should not be: said in words, and nothing half-published."""

import pytest

from provisioning.central.fleet import open_fleet
from provisioning.central.keylist import list_keys
from support.built import build, random_bytes
from support.disks import fill, small_disk
from support.office import HubTrust, OfficeAtWork, new_key
from support.reporting import Reporting
from support.road import run

PACK_KB = 300


@pytest.fixture
def disk(tmp_path):
    with small_disk(tmp_path / "disk", size_kb=4096) as folder:
        yield folder


@pytest.fixture
def work(disk, tmp_path):
    work = OfficeAtWork.found(disk / "central")
    work.publish(built(tmp_path, 1))
    work.enrol()
    work.assign("maths")
    return work


def built(folder, version):
    files = {"index.html": b"<html lang=uk><title>x</title>", "a.bin": random_bytes(PACK_KB * 1024, version)}
    return build(folder / "built", files, id="maths", version=version)


@pytest.mark.parametrize("spare_kb", [0, 12, 200, *range(PACK_KB, PACK_KB + 80, 16)])
def test_publishing_onto_a_full_disk_changes_nothing_and_again_finishes(work, disk, tmp_path, spare_kb):
    new = built(tmp_path, 2)
    filler = fill(disk, spare_kb=spare_kb)
    publish = ("central", "--dir", work.office.dir, "publish", new.folder)
    hub = HubTrust(work.root_bytes, tmp_path / "trust")
    is_done_or_told(run(*publish))
    assert hub.offered(work.office.depot) in ({"maths": 1}, {"maths": 2})
    filler.unlink()
    assert run(*publish).code == 0
    assert hub.offered(work.office.depot) == {"maths": 2}
    assert not list(work.office.dir.rglob("*.tmp"))


def is_done_or_told(ran):
    if ran.code:
        assert ran.code == 74, ran.err
        assert "Traceback" not in ran.err
        assert "[disk-full]" in ran.err
        assert "next: Free some space" in ran.err


WORK = {
    "enrol": ("enrol", "h-2", "{}/h-2.pub", "--school", "Школа"),
    "assign": ("assign", "maths", "--ring", "all"),
    "rotate": ("keys", "rotate", "timestamp"),
    "ingest": ("ingest",),
}


@pytest.mark.parametrize("name", WORK)
def test_on_a_full_disk_nothing_is_lost_and_again_finishes(work, disk, tmp_path, name):
    (tmp_path / "h-2.pub").write_text(new_key())
    reporting = Reporting(work.office, tmp_path / "hub")
    reporting.tell("told")
    reporting.seal()
    reporting.send()
    words = [word.replace("{}", str(tmp_path)) for word in WORK[name]]
    filler = fill(disk, spare_kb=150)  # with less, no database can be read
    hub = HubTrust(work.root_bytes, tmp_path / "trust")
    is_done_or_told(run("central", "--dir", work.office.dir, *words))
    assert hub.offered(work.office.depot) == {"maths": 1}
    filler.unlink()
    assert run("central", "--dir", work.office.dir, *words).code == 0
    assert hub.offered(work.office.depot) == {"maths": 1}
    assert not [*work.office.dir.rglob("*.tmp"), *work.office.keys.rglob("*.new.pem")]
    assert all(key.is_known for key in list_keys(work.office))
    with open_fleet(work.office.fleet_db) as fleet:
        assert len(fleet.list_hubs()) == (2 if name == "enrol" else 1)
    run("central", "--dir", work.office.dir, "ingest")
    assert reporting.known() == ["told"]


def test_init_where_a_disk_is_mounted_names_a_folder_on_it(disk):
    ran = run("central", "init", disk)
    assert ran.code == 64
    assert "a disk is mounted there" in ran.err
    assert f"{disk}/central" in ran.err
    assert not list(disk.iterdir())
    assert not list(disk.parent.glob(".disk*"))
