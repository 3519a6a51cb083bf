"""Acceptance test 9 of field-notes/image.md: what a Pi's boot ROM reads, of an image by the real tools."""

import hashlib
import subprocess
from dataclasses import replace

import pytest

from image import bmap
from image.config import MIB, Sizes
from image.mbr import FAT32, LINUX, read_table
from image.step import Build, run_steps
from image.steps import boot, disk
from image.steps.squashfs import squashfs

SMALL = Sizes(boot=40 * MIB, root=8 * MIB, data=64 * MIB)


def make_image(config):
    """Return a small card with the layout of the real one."""
    for folder in (config.work / "stamps", config.work / "log", config.fat / "a"):
        folder.mkdir(parents=True)
    (config.fat / "config.txt").write_text(boot.CONFIG_TXT)
    (config.fat / "a" / "cmdline.txt").write_text(boot.cmdline("a", config.disk_id))
    squashfs(config).write_bytes(b"hsqs" + bytes(5000) + b"end")
    step = replace(disk.STEP, after=())
    run_steps([step], Build(config, ()), lambda _: None)
    return config.image


@pytest.fixture
def image(config):
    return make_image(replace(config, sizes=SMALL))


def test_the_first_partition_is_what_a_pi_starts_from(image, config):
    table = read_table(image)
    first = table.partitions[0]
    assert (first.kind, first.start, first.size, first.bootable) == (FAT32, 8 * MIB, SMALL.boot, True)
    assert not table.has_gpt
    assert table.disk_id == config.disk_id
    assert [each.kind for each in table.partitions] == [FAT32, LINUX, LINUX, LINUX]
    assert [each.size for each in table.partitions[1:]] == [SMALL.root, SMALL.root, SMALL.data]
    assert table.partitions[3].start + table.partitions[3].size == image.stat().st_size, (
        "data is last, to grow"
    )


def test_the_fat_partition_is_read_by_others(image):
    listed = subprocess.run(
        ["mdir", "-/", "-b", "-i", f"{image}@@{8 * MIB}", "::/"], capture_output=True, text=True, check=True
    )
    assert "::/a/cmdline.txt" in listed.stdout
    assert "::/config.txt" in listed.stdout


def test_slot_b_is_empty_and_the_data_partition_whole(image, tmp_path):
    _, root, empty, data = read_table(image).partitions
    with image.open("rb") as file:
        file.seek(root.start)
        assert file.read(4) == b"hsqs"
        file.seek(empty.start)
        assert not any(file.read(empty.size))
        file.seek(data.start)
        (tmp_path / "data").write_bytes(file.read(data.size))
    subprocess.run(["e2fsck", "-fn", str(tmp_path / "data")], check=True, capture_output=True)


def test_two_builds_are_the_same_bytes(config, tmp_path):
    digests = []
    for name in ("one", "two"):
        each = replace(config, sizes=SMALL, work=tmp_path / name)
        digests.append(hashlib.sha256(make_image(each).read_bytes()).hexdigest())
    assert digests[0] == digests[1]


def test_the_block_map_restores_the_image(image, tmp_path):
    document, copy = tmp_path / "image.bmap", tmp_path / "copy"
    document.write_text(bmap.make_bmap(image))
    subprocess.run(
        ["bmaptool", "copy", "--bmap", str(document), str(image), str(copy)], check=True, capture_output=True
    )
    assert copy.read_bytes() == image.read_bytes()
    assert (
        sum(each.last - each.first + 1 for each in bmap.find_ranges(image)) * bmap.BLOCK_BYTES
        < image.stat().st_size / 4
    )


def test_a_file_without_table_is_refused(tmp_path):
    (tmp_path / "none").write_bytes(bytes(1024))
    with pytest.raises(ValueError, match="no partition table"):
        read_table(tmp_path / "none")


def test_the_command_line_is_one_line_that_names_slot_and_disk():
    line = boot.cmdline("b", 0x48554231)
    assert line.count("\n") == 1
    assert "hub.slot=b hub.disk=48554231" in line
    assert "root=" not in line
