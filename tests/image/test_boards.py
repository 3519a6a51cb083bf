"""What each board of os_list needs lies in the image, found without booting it (acceptance test 9)."""

import subprocess

import pytest

from image.oslist import DEVICES
from support.card import SECTOR, boot_file, read_table

# Device tree, chip of the Wi-Fi, and the name by which the kernel asks for the board's own settings of it.
BOARDS = {
    "pi3-64bit": {
        "raspberrypi,3-model-b": ("bcm2837-rpi-3-b.dtb", "43430"),
        "raspberrypi,3-model-b-plus": ("bcm2837-rpi-3-b-plus.dtb", "43455"),
        "raspberrypi,3-model-a-plus": ("bcm2837-rpi-3-a-plus.dtb", "43455"),
    },
    "pi4-64bit": {
        "raspberrypi,4-model-b": ("bcm2711-rpi-4-b.dtb", "43455"),
        "raspberrypi,400": ("bcm2711-rpi-400.dtb", "43456"),
    },
}
# gpu_mem=16 of config.txt makes the firmware take the small ones, whose names end in cd.
FIRMWARE = {
    "pi3-64bit": ("bootcode.bin", "start.elf", "fixup.dat", "start_cd.elf", "fixup_cd.dat"),
    "pi4-64bit": ("start4.elf", "fixup4.dat", "start4cd.elf", "fixup4cd.dat"),
}
ALL = [pytest.param(name, *found, id=name) for boards in BOARDS.values() for name, found in boards.items()]


@pytest.fixture(scope="module")
def fat(image, tmp_path_factory):
    with image.open("rb") as file:
        part = read_table(file.read(SECTOR))[0]
        file.seek(part.start)
        path = tmp_path_factory.mktemp("fat") / "boot.fat"
        path.write_bytes(file.read(part.size))
    return path


@pytest.fixture(scope="module")
def root(image, tmp_path_factory):
    """The parts of slot a that drive a radio."""
    with image.open("rb") as file:
        start = read_table(file.read(SECTOR))[1].start
    place = tmp_path_factory.mktemp("root") / "root"
    parts = ("usr/lib/firmware", "usr/lib/modules/*/kernel/drivers/net/wireless/broadcom")
    command = ["unsquashfs", "-no-progress", "-quiet", "-offset", str(start), "-dest", place, image, *parts]
    subprocess.run(command, check=True, capture_output=True)
    return place


def test_each_device_of_the_list_is_looked_at():
    assert set(BOARDS) == set(FIRMWARE) == set(DEVICES)


@pytest.mark.parametrize("device", FIRMWARE)
def test_the_boards_own_boot_files_are_there(fat, device):
    assert all(len(boot_file(fat, name)) > 1000 for name in FIRMWARE[device])


@pytest.mark.parametrize(("board", "tree", "chip"), ALL)
def test_a_board_finds_its_device_tree(fat, board, tree, chip):
    data = boot_file(fat, f"a/{tree}")

    assert data.startswith(b"\xd0\x0d\xfe\xed")
    assert board.encode() + b"\0" in data


@pytest.mark.parametrize(("board", "tree", "chip"), ALL)
def test_a_board_finds_the_program_of_its_radio(root, board, tree, chip):
    brcm = root / "usr/lib/firmware/brcm"
    own, for_all = (brcm / f"brcmfmac{chip}-sdio.{board}.txt", brcm / f"brcmfmac{chip}-sdio.txt")

    assert (brcm / f"brcmfmac{chip}-sdio.bin").stat().st_size > 100_000  # of links, what they lead to
    assert any(path.is_file() and b"boardflags" in path.read_bytes() for path in (own, for_all))
    assert list(root.glob("usr/lib/modules/*/kernel/drivers/net/wireless/broadcom/*/brcmfmac/brcmfmac.ko*"))


def test_the_folder_that_is_started_has_all_that_the_kernel_needs(fat):
    assert b"\nos_prefix=a/\n" in boot_file(fat, "config.txt")
    assert boot_file(fat, "a/vmlinuz")[:2] == b"MZ"
    assert boot_file(fat, "a/cmdline.txt").count(b"\n") == 1
    assert len(boot_file(fat, "a/initrd.img")) > 1_000_000
