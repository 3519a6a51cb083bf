"""A stick as teachers have them: no modes, no links, names of one case; from the office to a hub and back."""

import os
import subprocess
from contextlib import contextmanager
from pathlib import Path

import pytest

from content_packs.names import check_path
from support.built import random_bytes
from support.road import Road, must, run
from support.sources import PAGE, write_source
from support.updates import Update, relayed, shown

SESSION_BYTES = 6000  # of a sync that finds nothing new, both ways
SUDO = [] if os.geteuid() == 0 else ["sudo"]
KERNEL_HAS_FAT = "\tvfat\n" in Path("/proc/filesystems").read_text()
KINDS = ["exfat", *(["vfat"] if KERNEL_HAS_FAT else [])]


@contextmanager
def stick(folder, kind, *, size_mb=64):
    """Plug in an empty stick; yield where it is mounted."""
    image, place = folder / "stick.img", folder / "stick"
    place.mkdir()
    with image.open("wb") as file:
        file.truncate(size_mb * 1024 * 1024)
    subprocess.run([f"mkfs.{kind}", str(image)], check=True, capture_output=True)
    with mounted(image, place, kind):
        yield place


@contextmanager
def mounted(image, place, kind):
    attached = subprocess.run(
        [*SUDO, "losetup", "-f", "--show", image], check=True, capture_output=True, text=True
    )
    device = attached.stdout.strip()
    try:
        mount = ["mount", "-t", "vfat"] if kind == "vfat" else ["mount.exfat-fuse"]
        subprocess.run([*SUDO, *mount, device, place], check=True, capture_output=True)
        try:
            yield
        finally:
            subprocess.run([*SUDO, "umount", place], check=True)
    finally:
        subprocess.run([*SUDO, "losetup", "-d", device], check=True)


@pytest.fixture(scope="module")
def road(tmp_path_factory):
    folder = tmp_path_factory.mktemp("road")
    road = Road(folder)
    page = "<!doctype html><html lang=uk><title>Дроби</title><h1>Дроби</h1>".encode()
    files = {"index.html": page, "Довга назва.html": page + b"2", "film.bin": random_bytes(3_000_000)}
    road.publish(write_source(folder / "sources/lesson", files, id="lesson"))
    road.assign("lesson")
    road.sshd.stop()  # this school has no link at all
    yield road
    road.stop()


@pytest.mark.parametrize("kind", KINDS)
def test_a_school_without_a_link_gets_its_packs_by_a_stick(road, tmp_path, kind):
    with stick(tmp_path, kind) as place:
        first = must("central", "--dir", road.central, "usb", place, "--hub", road.hub_id, "--json").json
        assert first["written_bytes"] == first["total_bytes"]
        names = [str(path.relative_to(place)) for path in place.rglob("*") if path.is_file()]
        assert [check_path(name) for name in names] == [[]] * len(names)
        again = must("central", "--dir", road.central, "usb", place, "--hub", road.hub_id, "--json").json
        assert again["written_bytes"] == 0
    hub = tmp_path / "hub"
    must(
        *("hub", "init", hub, "--root", road.central / "hub-root.json", "--hub-id", road.hub_id),
        *("--depot", road.sshd.url("/"), "--host-key", road.folder / "host_key.pub"),
    )
    with mounted(tmp_path / "stick.img", tmp_path / "stick", kind):  # at the school
        must("hub", "--dir", hub, "sync", "--from", tmp_path / "stick")
    [pack] = must("hub", "--dir", hub, "packs", "--json").json["packs"]
    assert (pack["id"], pack["version"]) == ("lesson", 1)
    assert (Path(pack["path"]) / "film.bin").read_bytes() == random_bytes(3_000_000)


@pytest.mark.parametrize("kind", KINDS)
def test_a_run_that_was_cut_goes_on_where_it_stopped(road, tmp_path, kind):
    with stick(tmp_path, kind) as place:
        must("central", "--dir", road.central, "usb", place)
        [film] = place.glob("objects/*/*/000")
        film.rename(film.with_name(".000.tmp"))  # the stick was pulled out
        (place / "heads" / road.hub_id).unlink()
        size = film.with_name(".000.tmp").stat().st_size
        told = must("central", "--dir", road.central, "usb", place, "--json").json
        assert size < told["written_bytes"] < size + 20_000
        assert film.stat().st_size == size
        assert not list(place.rglob(".*.tmp"))


def test_a_copy_on_a_stick_of_the_older_kind_serves_and_carries_reports_back(road, tmp_path):
    made, image, place = tmp_path / "made", tmp_path / "stick.img", tmp_path / "stick"
    for folder in (made, place):
        folder.mkdir()
    must("central", "--dir", road.central, "usb", made)
    with image.open("wb") as file:
        file.truncate(64 * 1024 * 1024)
    subprocess.run(["mkfs.vfat", "-F", "32", image], check=True, capture_output=True)
    with fat32(image, place):
        subprocess.run(["cp", "-r", f"{made}/.", place], check=True)
    with fat32(image, place):  # at the school
        assert road.sync("--from", place).code == 0
    pack = road.packs()["lesson"]
    assert (Path(pack["path"]) / "film.bin").read_bytes() == random_bytes(3_000_000)
    with fat32(image, place):  # back in the office
        must("central", "--dir", road.central, "ingest", "--from", place)
    [told] = must("central", "--dir", road.central, "fleet", "--json").json["hubs"]
    assert [(pack["have"], pack["state"]) for pack in told["packs"]] == [(1, "current")]
    subprocess.run(["fsck.vfat", "-n", image], check=True, capture_output=True)


@contextmanager
def fat32(image, place):
    """Mount FAT32 without the kernel; to fusefat nothing is ever free, so `usb` itself would refuse."""
    subprocess.run([*SUDO, "fusefat", "-o", "rw+", image, place], check=True, capture_output=True)
    try:
        yield
    finally:
        subprocess.run([*SUDO, "umount", place], check=True)


def test_a_stick_that_was_pulled_out_early_does_not_spoil_the_deltas_of_the_uplink(tmp_path):
    stick = tmp_path / "stick"
    update = Update(tmp_path / "update", textbook)
    road = update.road
    try:
        must("central", "--dir", road.central, "usb", stick, "--hub", road.hub_id)
        for path in (*stick.glob("packs/lesson/*/delta.*"), *stick.glob("packs/lesson/2/blocks.*")):
            path.unlink()
        ran = road.sync("--from", stick, "--json")
        assert ran.code == 65
        assert not any("of no use" in note for note in ran.json["notes"]), "nobody expects deltas of a stick"
        delta = (road.depot / "packs/lesson/2/delta.1").stat().st_size
        with relayed(road) as relay:
            assert road.sync().code == 0
            assert relay.total_bytes < delta + 2 * SESSION_BYTES
        assert shown(road) == update.files[2]
    finally:
        road.stop()


def textbook(folder, version):
    """A pack whose blocks are dear and whose next version is near."""
    pages = {f"p{n}.html": PAGE.format(n, random_bytes(20_000, n).hex()).encode() for n in range(20)}
    files = pages | {"index.html": PAGE.format("i", f"v{version}").encode()}
    return write_source(folder / f"lesson-{version}", files, id="lesson", version=version), files


def test_a_stick_that_is_too_small_says_so_before_anything_is_written(road, tmp_path):
    with stick(tmp_path, "exfat", size_mb=8) as place:
        ran = run("central", "--dir", road.central, "usb", place)
        assert ran.code == 74
        assert "needed" in ran.err
        assert "larger stick" in ran.err
        assert not list(place.rglob("*.zst"))
