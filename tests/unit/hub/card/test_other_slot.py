"""Writing an image pack into the other slot: resumable, read back, and refused where it cannot be right."""

import hashlib
import platform
from pathlib import Path

import pytest

from content_packs.build import build_pack
from content_packs.errors import HashMismatchError, LocalError, UsageError
from hub.card import other_slot, slots
from hub.card.other_slot import Target, command_line_for, find_target, refuse, write_slot
from hub.card.places import CardPlaces
from hub.card.system_packs import SystemPack
from support.crashing import crash_at
from support.system_packs import BOARD, ROOT, SLOT_FILES, image_source

COMMAND_LINE = "console=tty0 hub.slot=a hub.disk=0badcafe quiet"
MOUNTS = "/dev/mmcblk0p1 /boot/firmware vfat ro 0 0\n/dev/mmcblk0p4 /data ext4 rw 0 0\n"
MACHINE = platform.machine()


@pytest.fixture(scope="module")
def pack(tmp_path_factory):
    """An image pack as it lies installed."""
    folder = tmp_path_factory.mktemp("pack")
    source = image_source(folder / "source", 7)
    built = build_pack(source, folder / "built")
    return SystemPack("image", built.index, source)


@pytest.fixture
def places(tmp_path):
    """A card whose slot a runs."""
    places = CardPlaces(tmp_path / "root", tmp_path / "boot", tmp_path / "data")
    for folder in (places.boot / "a", places.card):
        folder.mkdir(parents=True)
    (places.boot / "config.txt").write_text("[all]\nos_prefix=a/\n")
    slots.write_slots(places.boot, slots.SlotState("a"))
    return places


@pytest.fixture
def target(tmp_path):
    device = tmp_path / "p3"
    device.write_bytes(bytes(4 << 20))
    return Target("b", device, COMMAND_LINE)


def test_both_parts_of_the_slot_are_written_and_it_can_be_tried(pack, places, target):
    (places.boot / "b").mkdir()
    (places.boot / "b" / "old.dtb").write_text("of the former image")

    write_slot(pack, target, places)

    assert target.device.read_bytes()[: len(ROOT)] == ROOT
    written = {path.name: path.read_bytes() for path in (places.boot / "b").iterdir()}
    line = b"console=tty0 hub.slot=b hub.disk=0badcafe panic=10 quiet\n"
    assert written == SLOT_FILES | {"cmdline.txt": line}
    assert slots.try_slot(places.boot, "b", running="a").trying


def test_a_cut_goes_on_where_it_was(pack, places, target, monkeypatch):
    monkeypatch.setattr(other_slot, "NOTE_EVERY", 1)
    with crash_at(12) as crashing:  # after the second MiB, of which nothing is noted yet
        write_slot(pack, target, places)
    assert crashing.has_crashed
    device = bytearray(target.device.read_bytes())
    held = len(device[:].rstrip(b"\0"))
    assert 0 < held < len(ROOT)
    device[0] ^= 1  # so that a start from the beginning would show
    target.device.write_bytes(device)

    with pytest.raises(HashMismatchError, match="gives back"):
        write_slot(pack, target, places)
    write_slot(pack, target, places)  # from the beginning, then

    assert target.device.read_bytes()[: len(ROOT)] == ROOT


def test_at_any_cut_nothing_starts_the_half_written_slot(pack, tmp_path, monkeypatch):
    monkeypatch.setattr(other_slot, "NOTE_EVERY", 2)
    moment = 0
    while True:
        moment += 1
        folder = tmp_path / str(moment)
        places = CardPlaces(folder / "root", folder / "boot", folder / "data")
        for made in (places.boot / "a", places.card):
            made.mkdir(parents=True)
        (places.boot / "config.txt").write_text("os_prefix=a/\n")
        slots.write_slots(places.boot, slots.SlotState("a"))
        (folder / "p3").write_bytes(bytes(4 << 20))
        target = Target("b", folder / "p3", COMMAND_LINE)
        with crash_at(moment) as crashing:
            write_slot(pack, target, places)
        assert slots.named_slot((places.boot / "config.txt").read_bytes()) == "a"
        assert not slots.read_slots(places.boot).trying
        if not crashing.has_crashed:
            break
        write_slot(pack, target, places)
        assert target.device.read_bytes()[: len(ROOT)] == ROOT
        assert {path.name for path in (places.boot / "b").iterdir()} == set(SLOT_FILES)
    assert moment > 10


def test_a_card_that_gives_back_something_else_is_noticed(pack, places, target, monkeypatch):
    real = other_slot._write_whole
    monkeypatch.setattr(other_slot, "_write_whole", lambda fd, data: real(fd, data[:-1] + b"!"))
    with pytest.raises(HashMismatchError, match="gives back"):
        write_slot(pack, target, places)


def test_a_file_that_was_changed_after_its_install_is_not_written(pack, places, target, tmp_path):
    folder = tmp_path / "changed"
    folder.mkdir()
    for path in pack.files_dir.iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    (folder / "vmlinuz").write_bytes(b"mine" + SLOT_FILES["vmlinuz"][4:])
    with pytest.raises(HashMismatchError, match="vmlinuz"):
        write_slot(SystemPack("image", pack.index, folder), target, places)
    assert not (places.boot / "b" / "vmlinuz").exists()


def test_a_link_in_the_place_of_a_file_is_not_followed(pack, places, target, tmp_path):
    folder = tmp_path / "linked"
    folder.mkdir()
    (folder / "root.squashfs").symlink_to(pack.files_dir / "root.squashfs")
    with pytest.raises(LocalError, match=r"root\.squashfs"):
        write_slot(SystemPack("image", pack.index, folder), target, places)


@pytest.mark.parametrize(
    "state", [slots.SlotState("b", trying=True, tries=3), slots.SlotState("a", trying=True)]
)
def test_nothing_is_written_while_a_slot_is_tried(pack, places, target, state):
    slots.write_slots(places.boot, state)
    with pytest.raises(UsageError, match="on trial"):
        write_slot(pack, target, places)


def test_the_slot_that_starts_next_is_not_written(pack, places, target):
    (places.boot / "config.txt").write_text("os_prefix=b/\n")
    with pytest.raises(UsageError, match="starts next"):
        write_slot(pack, target, places)


def test_what_this_machine_cannot_take_is_refused(pack, places, target, monkeypatch):
    def why(**changed):
        return refuse(pack, target, places, **({"board": BOARD, "machine": MACHINE} | changed))

    assert why() == why(board="") == ""
    assert why(machine="riscv64") == f"it is for {MACHINE}, this machine is riscv64"
    assert why(board="raspberrypi,5-model-b") == "it has no device tree for this board, raspberrypi,5-model-b"
    monkeypatch.setattr(other_slot, "_free_for_slot", lambda _boot, _slot: 5_000)
    assert "bytes of the boot partition, 5000 are free" in why()
    target.device.write_bytes(bytes(1000))
    assert why() == f"its root has {len(ROOT)} bytes, the partition 1000"


@pytest.mark.parametrize(
    ("mounts", "line", "slot", "device"),
    [
        (MOUNTS, COMMAND_LINE, "b", "/dev/mmcblk0p3"),
        (MOUNTS.replace("mmcblk0p", "vda"), "hub.slot=b", "a", "/dev/vda2"),
    ],
)
def test_the_target_is_the_slot_that_does_not_run(mounts, line, slot, device):
    found = find_target(mounts, line)
    assert (found.slot, found.device) == (slot, Path(device))


@pytest.mark.parametrize("mounts", ["", "/dev/sda2 /data ext4 rw 0 0\n", "tmpfs /data tmpfs rw 0 0\n"])
def test_another_disk_is_no_card(mounts):
    with pytest.raises(LocalError, match="no hub's card"):
        find_target(mounts, COMMAND_LINE)


def test_a_command_line_names_this_disk():
    target = Target("b", Path("/dev/vda3"), "hub.slot=a hub.disk=12345678")
    assert command_line_for("hub.disk=48554231 hub.slot=a x", target) == "hub.disk=12345678 hub.slot=b x"


def test_the_hash_is_that_of_the_index(pack):
    assert pack.entry("root.squashfs").sha256 == hashlib.sha256(ROOT).hexdigest()
