"""A disk too small for what the office assigns: the old version stays, and the words say what to do."""

import os
import re
import shutil
import subprocess

import pytest

from hub.settings import HubPaths
from support.built import MIB, random_bytes
from support.disks import fill
from support.road import Road, must, run
from support.sources import PAGE, read_tree, write_source

BASE_MB = 40


def film(folder, version, size):
    files = {
        "index.html": PAGE.format(f"v{version}", "зміст").encode(),
        "film.mp4": random_bytes(size, version),
    }
    return write_source(folder / f"film-{version}", files, id="film", version=version), files


@pytest.fixture
def small_disk(tmp_path):
    """Yield a function that mounts a tmpfs of so many megabytes in the hub's place."""
    mounted = []

    def mount(place, size_mb):
        place.mkdir(parents=True, exist_ok=True)
        sudo = [] if os.geteuid() == 0 else ["sudo"]
        options = f"size={size_mb}m,mode=0777"
        subprocess.run([*sudo, "mount", "-t", "tmpfs", "-o", options, "tmpfs", str(place)], check=True)
        mounted.append([*sudo, "umount", "--lazy", str(place)])

    yield mount
    for command in mounted:
        subprocess.run(command, check=True)


@pytest.fixture
def road(tmp_path, small_disk):
    small_disk(tmp_path / "disk", BASE_MB)
    road = Road(tmp_path, hub=tmp_path / "disk" / "hub")
    with (road.hub / "hub.toml").open("a") as file:
        file.write("[sync]\nreserve_bytes = 0\n")
    yield road
    road.stop()


def test_what_does_not_fit_waits_and_the_old_version_stays(road):
    source, files = film(road.folder, 1, 6 * MIB)
    road.publish(source)
    road.assign("film")
    assert road.sync().code == 0
    road.publish(film(road.folder, 2, 60 * MIB)[0])
    ran = road.sync("--json")
    assert ran.code == 74, ran.err
    assert [a["action"] for a in ran.json["plan"]] == ["needs-space"]
    assert ran.json["failed"][0]["code"] == "disk-full"
    assert ran.json["failed"][0]["hint"]
    assert read_tree(road.hub / "packs/film/current/files") == files


def test_whatever_is_lacking_the_old_version_stays_and_the_office_hears_of_it(road):
    source, files = film(road.folder, 1, 2 * MIB)
    road.publish(source)
    road.assign("film")
    assert road.sync().code == 0
    source, wanted = film(road.folder, 2, 2 * MIB)
    road.publish(source)
    needed = road.sync("--dry-run", "--json").json["plan"][0]["needed_bytes"]
    for lacking in (needed, MIB, 4096, 1):
        leave(road, needed - lacking)
        ran = road.sync("--json")
        assert (ran.code, [a["action"] for a in ran.json["plan"]]) == (74, ["needs-space"]), ran.err
        assert read_tree(road.hub / "packs/film/current/files") == files
    must("central", "--dir", road.central, "ingest")
    [told] = must("central", "--dir", road.central, "fleet", "--json").json["hubs"]
    assert [pack["state"] for pack in told["packs"]] == ["needs-space"]
    leave(road, needed + MIB // 2)  # which the state of the hub itself may take
    assert road.sync("--json").json["done"] == ["install film@2"]
    assert read_tree(road.hub / "packs/film/current/files") == wanted


def leave(road, free_bytes):
    """Let the hub have so much room, by its own rule of what to keep free."""
    path = road.hub / "hub.toml"
    kept = HubPaths(road.hub).ballast
    reserve = shutil.disk_usage(road.hub).free + kept.stat().st_size - free_bytes
    path.write_text(re.sub(r"reserve_bytes = \d+", f"reserve_bytes = {reserve}", path.read_text()))


def test_unassigning_a_pack_makes_room_in_the_same_sync(road):
    road.publish(
        write_source(
            road.folder / "old",
            {"index.html": b"<title>o</title>", "a.mp4": random_bytes(14 * MIB, 5)},
            id="old",
        )
    )
    road.assign("old")
    assert road.sync().code == 0
    source, files = film(road.folder, 1, 14 * MIB)
    road.publish(source)
    road.assign("film")
    assert road.sync().code == 74
    must("central", "--dir", road.central, "unassign", "old", "--hub", road.hub_id)
    ran = road.sync("--json")
    assert ran.code == 0, ran.err
    assert ran.json["done"] == ["remove old@1", "install film@1"]
    assert read_tree(road.hub / "packs/film/current/files") == files


def test_on_a_disk_without_one_free_byte_a_sync_takes_away_what_the_office_unassigned(road):
    source, _ = film(road.folder, 1, 6 * MIB)
    road.publish(source)
    road.assign("film")
    assert road.sync().code == 0
    must("central", "--dir", road.central, "unassign", "film", "--hub", road.hub_id)
    filler = fill(road.hub.parent, spare_kb=0)
    assert shutil.disk_usage(road.hub).free == 0
    ran = road.sync("--json")
    assert ran.code == 0, ran.err
    assert ran.json["done"] == ["remove film@1"]
    assert ran.json["reports"]["sent"] == 1
    assert not (road.hub / "packs/film").exists()
    assert shutil.disk_usage(road.hub).free > 5 * MIB
    filler.unlink()
    assert road.sync().code == 0
    assert HubPaths(road.hub).ballast.stat().st_blocks > 0, "there is room again, so for the next time too"


@pytest.mark.parametrize("spare_kb", [0, 40, 400, 4000])
def test_a_disk_that_somebody_else_fills_up(road, spare_kb):
    source, files = film(road.folder, 1, 6 * MIB)
    road.publish(source)
    road.assign("film")
    assert road.sync().code == 0
    road.publish(film(road.folder, 2, 7 * MIB)[0])
    filler = road.hub.parent / "filler"
    with filler.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(4096))
        except OSError:
            pass
    size = filler.stat().st_size // 4096 * 4096
    with filler.open("r+b") as file:
        file.truncate(max(0, size - spare_kb * 1000))
    for command in (["sync"], ["packs"], ["status"], ["search", "зміст"]):
        ran = run("hub", "--dir", road.hub, *command)
        assert ran.code in (0, 74), f"{command}: exit {ran.code}\n{ran.err}"
        assert "Traceback" not in ran.err
    assert read_tree(road.hub / "packs/film/current/files") == files
    filler.unlink()
    ran = road.sync()
    assert ran.code == 0, ran.err
    assert road.packs()["film"]["version"] == 2
