"""The initramfs is an archive that other programs read, with modules in an order that loads."""

import lzma
import stat
import subprocess
from datetime import UTC, datetime

import pytest

from image.initramfs.cpio import character_device, file, folder, link, write_archive
from image.initramfs.modules import ModuleMissingError, depends_of, read_modules

AT = 1_790_000_000
ENTRIES = [
    folder("bin"),
    file("bin/busybox", b"\x7fELF" + b"x" * 1001, 0o755),
    link("bin/sh", "busybox"),
    folder("dev", 0o700),
    character_device("dev/console", 5, 1),
    file("empty", b""),
    file("імʼя", b"four"),
]


@pytest.mark.parametrize("length", range(4))
def test_gnu_cpio_unpacks_what_was_packed(tmp_path, length):
    """Names and contents of every length modulo four: both are padded."""
    entries = [file("x" * (length + 1), b"y" * length), file("z", b"z" * (length + 1))]
    subprocess.run(
        ["cpio", "-id", "--quiet"], input=write_archive(entries, modified_at=AT), check=True, cwd=tmp_path
    )
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {
        "x" * (length + 1): b"y" * length,
        "z": b"z" * (length + 1),
    }


def listing(program):
    packed = write_archive(ENTRIES, modified_at=AT)
    words = [program, "-itv", "--quiet"] if program == "cpio" else [program, "-itv"]
    env = {"TZ": "UTC", "LC_ALL": "C.UTF-8", "PATH": "/usr/bin:/bin"}
    done = subprocess.run(words, input=packed, check=True, capture_output=True, env=env)
    return [line.split() for line in done.stdout.decode().splitlines()]


@pytest.mark.parametrize("program", ["cpio", "bsdcpio"])
def test_other_programs_list_types_modes_owners_and_links(program):
    lines = listing(program)
    assert [line[0] for line in lines] == [
        "drwxr-xr-x", "-rwxr-xr-x", "lrwxrwxrwx", "drwx------", "crw-------", "-rw-r--r--", "-rw-r--r--",
    ]  # fmt: skip
    assert [line[-1] for line in lines] == [
        "bin",
        "bin/busybox",
        "busybox",
        "dev",
        "dev/console",
        "empty",
        "імʼя",
    ]
    assert {tuple(line[2:4]) for line in lines} in ({("root", "root")}, {("0", "0")})
    assert "".join(lines[4][4:6]).startswith("5,1")
    day = datetime.fromtimestamp(AT, UTC)
    assert all(day.strftime("%b") in line for line in lines)


def test_the_same_entries_make_the_same_bytes():
    assert write_archive(ENTRIES, modified_at=AT) == write_archive(list(ENTRIES), modified_at=AT)
    assert write_archive(ENTRIES, modified_at=AT) != write_archive(ENTRIES, modified_at=AT + 1)
    assert stat.S_ISDIR(ENTRIES[0].mode)


def a_module(*depends):
    return b"\x7fELF\0\0code\0license=GPL\0depends=" + ",".join(depends).encode() + b"\0name=x\0"


@pytest.fixture
def kernel(tmp_path):
    fs = tmp_path / "kernel" / "fs"
    fs.mkdir(parents=True)
    (tmp_path / "modules.builtin").write_text("kernel/lib/crc16.ko\n")
    (fs / "ext4.ko.xz").write_bytes(lzma.compress(a_module("jbd2", "mb-cache", "crc16")))
    (fs / "jbd2.ko").write_bytes(a_module("crc16"))
    (fs / "mb-cache.ko.xz").write_bytes(lzma.compress(a_module()))
    (fs / "vfat.ko.xz").write_bytes(lzma.compress(a_module("fat")))
    return tmp_path


def test_modules_come_unpacked_after_what_they_stand_on(kernel):
    modules = read_modules(kernel, ["ext4"])
    assert list(modules) == ["jbd2", "mb_cache", "ext4"]
    assert depends_of(modules["ext4"]) == ["jbd2", "mb_cache", "crc16"]


def test_what_is_built_in_is_left_out(kernel):
    assert read_modules(kernel, ["crc16"]) == {}


def test_a_module_that_the_kernel_lacks_is_named(kernel):
    with pytest.raises(ModuleMissingError, match="fat"):
        read_modules(kernel, ["vfat"])
