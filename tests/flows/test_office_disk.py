"""The office's disk is full or mounted where it should not be: said in words, and nothing half-published."""

import pytest

from support.built import build, random_bytes
from support.disks import fill, small_disk
from support.office import HubTrust, OfficeAtWork
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


@pytest.mark.parametrize("spare_kb", [0, 4, 12, 40, 200, *range(PACK_KB, PACK_KB + 80, 8)])
def test_publishing_onto_a_full_disk_changes_nothing_and_again_finishes(work, disk, tmp_path, spare_kb):
    new = built(tmp_path, 2)
    filler = fill(disk, spare_kb=spare_kb)
    publish = ("central", "--dir", work.office.dir, "publish", new.folder)
    ran = run(*publish)
    hub = HubTrust(work.root_bytes, tmp_path / "trust")
    if ran.code:
        assert ran.code == 74, ran.err
        assert "Traceback" not in ran.err
        assert "[disk-full]" in ran.err
        assert "next: Free some space" in ran.err
    assert hub.offered(work.office.depot) in ({"maths": 1}, {"maths": 2})
    filler.unlink()
    assert run(*publish).code == 0
    assert hub.offered(work.office.depot) == {"maths": 2}
    assert not list(work.office.dir.rglob("*.tmp"))


def test_init_where_a_disk_is_mounted_names_a_folder_on_it(disk):
    ran = run("central", "init", disk)
    assert ran.code == 64
    assert "a disk is mounted there" in ran.err
    assert f"{disk}/central" in ran.err
    assert not list(disk.iterdir())
    assert not list(disk.parent.glob(".disk*"))
