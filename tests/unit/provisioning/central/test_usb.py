"""Sticks: a depot that hubs read, written so that a cut run goes on and a bad stick is noticed."""

import os
import shutil
from pathlib import Path

import pytest

from content_packs.errors import DiskFullError, LocalError, UsageError
from content_packs.names import check_path
from provisioning.central import usb
from support.built import build, random_bytes
from support.office import HUB, HubTrust, OfficeAtWork


@pytest.fixture
def work(tmp_path):
    work = OfficeAtWork.found(tmp_path / "central")
    big = {"index.html": b"<html lang=uk><title>x</title>", "film.bin": random_bytes(2_000_000)}
    work.publish(work.build("maths", 1), build(tmp_path / "built/film", big, id="film"))
    for hub_id in (HUB, "h-2"):
        work.enrol(hub_id)
    work.assign("maths", ring="all")
    work.assign("film", hub_id="h-2")
    return work


def write(work, stick, hub_id=None):
    return usb.write_stick(work.office, usb.plan_stick(work.office, hub_id), stick, advance=lambda _: None)


def tree(folder):
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def offered(work, stick, tmp_path, hub_id):
    return HubTrust(work.root_bytes, tmp_path / f"trust-{hub_id}", hub_id).offered(stick)


def test_stick_for_all_serves_every_hub(work, tmp_path):
    stick = tmp_path / "stick"
    write(work, stick)
    assert offered(work, stick, tmp_path, HUB) == {"maths": 1}
    assert offered(work, stick, tmp_path, "h-2") == {"film": 1, "maths": 1}
    depot = tree(work.office.depot)
    assert all(depot[path] == data for path, data in tree(stick).items())


def test_stick_for_one_hub_holds_only_what_it_needs(work, tmp_path):
    stick = tmp_path / "stick"
    write(work, stick, HUB)
    assert sorted(p.name for p in (stick / "heads").iterdir()) == [HUB]
    assert [p.name for p in (stick / "packs").iterdir()] == ["maths"]
    assert not (stick / "objects").exists()
    shutil.rmtree(stick / "heads")  # its metadata alone is enough too
    assert offered(work, stick, tmp_path, HUB) == {"maths": 1}


def test_names_suit_a_fat_stick(work, tmp_path):
    write(work, tmp_path / "stick")
    assert [check_path(path) for path in tree(tmp_path / "stick")] == [[]] * len(tree(tmp_path / "stick"))


def test_second_run_writes_nothing(work, tmp_path):
    stick = tmp_path / "stick"
    assert write(work, stick) == sum(map(len, tree(stick).values()))
    assert write(work, stick) == 0


def test_cut_run_goes_on_and_damage_of_the_same_size_is_found(work, tmp_path):
    stick = tmp_path / "stick"
    write(work, stick)
    good = tree(stick)
    film = next((stick / "objects").rglob("000"))
    damaged = bytearray(film.read_bytes())
    damaged[1_000_000] ^= 1
    film.write_bytes(damaged)
    index = stick / "packs/maths/1/index.zst"
    index.unlink()
    assert write(work, stick) == len(damaged) + (work.office.depot / "packs/maths/1/index.zst").stat().st_size
    assert tree(stick) == good


def test_metadata_comes_after_the_data_and_heads_after_metadata(work, tmp_path, monkeypatch):
    order = []
    real = Path.replace

    def replace(self, target):
        order.append(Path(target).relative_to(tmp_path / "stick").parts[0])
        return real(self, target)

    monkeypatch.setattr(Path, "replace", replace)
    write(work, tmp_path / "stick")
    first_seen = list(dict.fromkeys(order))
    assert set(first_seen[:2]) == {"objects", "packs"}
    assert first_seen[2:] == ["FORMAT", "tuf", "heads"]


def test_full_stick_is_said_before_anything_is_written(work, tmp_path, monkeypatch):
    full = shutil.disk_usage(tmp_path)._replace(free=1000)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: full)
    with pytest.raises(DiskFullError, match="1000 free"):
        write(work, tmp_path / "stick")
    assert tree(tmp_path / "stick") == {}


def test_stick_that_forgets_what_was_written_is_noticed(work, tmp_path, monkeypatch):
    """A fake stick: it says yes to every write and keeps nothing behind its true size."""
    real = os.fsync

    def forget(descriptor):
        path = Path(f"/proc/self/fd/{descriptor}").readlink()
        if "stick" in path.parts and path.is_file() and path.stat().st_size > 1_000_000:
            path.write_bytes(bytes(path.stat().st_size))
        real(descriptor)

    monkeypatch.setattr(os, "fsync", forget)
    with pytest.raises(LocalError, match="gives back other bytes"):
        write(work, tmp_path / "stick")
    assert not (tmp_path / "stick" / "tuf").exists()


def test_unknown_hub_is_refused(work):
    with pytest.raises(UsageError, match="no hub h-9 is enrolled"):
        usb.plan_stick(work.office, "h-9")


@pytest.mark.parametrize("place", ["media/teacher/STICK", "mnt", "mnt/deep/down"])
def test_a_stick_that_is_not_mounted_is_said_so(tmp_path, monkeypatch, place):
    monkeypatch.setattr(usb, "MOUNT_FOLDERS", (tmp_path / "media", tmp_path / "mnt"))
    with pytest.raises(UsageError, match="no stick is mounted"):
        usb.require_mounted(tmp_path / place)


@pytest.mark.parametrize("place", ["central", "central/depot/stick", "."])
def test_the_office_is_never_written_over_by_its_own_stick(work, tmp_path, place):
    with pytest.raises(UsageError, match="own folder"):
        usb.refuse_own_folder(work.office, tmp_path / place)
    usb.refuse_own_folder(work.office, tmp_path / "stick")


def test_a_mounted_stick_and_any_other_folder_are_fine(tmp_path, monkeypatch):
    monkeypatch.setattr(usb, "MOUNT_FOLDERS", (tmp_path / "media",))
    monkeypatch.setattr(Path, "is_mount", lambda self: self == tmp_path / "media/STICK")
    usb.require_mounted(tmp_path / "media/STICK")
    usb.require_mounted(tmp_path / "media/STICK/classroom")
    usb.require_mounted(tmp_path / "elsewhere")


def test_a_stick_that_was_written_later_never_makes_the_depot_seem_to_go_back(work, tmp_path):
    """What is published for others renews the depot's metadata, but not this hub's head."""
    work.publish(work.build("art", 1))
    write(work, tmp_path / "stick")
    assert offered(work, tmp_path / "stick", tmp_path, HUB) == {"maths": 1}
    assert offered(work, work.office.depot, tmp_path, HUB) == {"maths": 1}
