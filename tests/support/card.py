"""A card as a file: an overlay over an image, of any size, whose boot partition tests read and edit."""

import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

SECTOR = 512
MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Partition:
    """One entry of the partition table, in bytes."""

    kind: int
    start: int
    size: int


@dataclass(frozen=True, slots=True)
class Card:
    """A card in a qcow2 file; nothing may run from it while these functions are called."""

    path: Path

    @classmethod
    def of_image(cls, image: Path, path: Path, *, size: str) -> "Card":
        """Make a card of `size` (as qemu-img says it: 32G) that holds `image`, which stays as it is."""
        _run("qemu-img", "create", "-q", "-f", "qcow2", "-b", image.resolve(), "-F", "raw", path, size)
        return cls(path)

    def read(self, offset: int, count: int) -> bytes:
        """Return bytes of the card."""
        step = MIB if offset % MIB == 0 and count >= MIB else SECTOR
        first, last = offset // step, -(-(offset + count) // step)
        part = self.path.with_suffix(".read")
        _run(
            *("qemu-img", "dd", "-f", "qcow2", "-O", "raw", f"if={self.path}", f"of={part}"),
            *(f"bs={step}", f"skip={first}", f"count={last}"),  # count is from the start, as this dd has it
        )
        data = part.read_bytes()
        part.unlink()
        return data[offset - first * step :][:count]

    def write(self, offset: int, data: bytes) -> None:
        """Put bytes on the card, by whole sectors."""
        assert offset % SECTOR == 0
        assert len(data) % SECTOR == 0
        part = self.path.with_suffix(".write")
        part.write_bytes(data)
        _run("qemu-io", "-f", "qcow2", "-c", f"write -q -s {part} {offset} {len(data)}", self.path)
        part.unlink()

    def partitions(self) -> list[Partition]:
        """Return the four entries of the partition table."""
        return read_table(self.read(0, SECTOR))

    def boot_partition(self) -> Path:
        """Copy the boot partition to a file beside the card and return it, for mtools."""
        fat = self.path.with_suffix(".fat")
        boot = self.partitions()[0]
        fat.write_bytes(self.read(boot.start, boot.size))
        return fat

    def boot_file(self, name: str) -> bytes:
        """Return a file of the boot partition, such as `config.txt` or `a/vmlinuz`."""
        return boot_file(self.boot_partition(), name)

    def boot_names(self, folder: str = "") -> list[str]:
        """Return what lies in a folder of the boot partition."""
        listed = subprocess.run(
            ["mdir", "-b", "-i", self.boot_partition(), f"::{folder}"],
            check=True,
            capture_output=True,
            text=True,
        )
        return [line.rstrip("/").rpartition("/")[2] for line in listed.stdout.split()]

    def put_boot_file(self, name: str, data: bytes) -> None:
        """Write a file of the boot partition, as a technician does in a card reader."""
        fat = self.boot_partition()
        copy = self.path.with_suffix(".file")
        copy.write_bytes(data)
        _run("mcopy", "-o", "-i", fat, copy, f"::{name}")
        self.write(self.partitions()[0].start, fat.read_bytes())

    def put_boot_folder(self, name: str) -> None:
        """Make a folder of the boot partition, where it is not there yet."""
        fat = self.boot_partition()
        if subprocess.run(["mdir", "-b", "-i", fat, f"::{name}"], capture_output=True).returncode == 0:
            return
        _run("mmd", "-i", fat, f"::{name}")
        self.write(self.partitions()[0].start, fat.read_bytes())

    def named_slot(self) -> str:
        """Return the slot that the firmware would start: what `os_prefix=` of config.txt says."""
        return named_slot(self.boot_file("config.txt"))


def boot_file(fat: Path, name: str) -> bytes:
    """Return a file of a boot partition that was copied out."""
    return subprocess.run(
        ["mcopy", "-n", "-i", fat, f"::{name}", "-"], check=True, capture_output=True
    ).stdout


def named_slot(config: bytes) -> str:
    """Return the slot that a config.txt names."""
    match = re.search(rb"^os_prefix=([ab])/", config, re.MULTILINE)
    assert match, "config.txt has no os_prefix= line"
    return match.group(1).decode()


def read_table(sector: bytes) -> list[Partition]:
    """Return the entries of a partition table (MBR)."""
    entries = [sector[446 + 16 * number :][:16] for number in range(4)]
    return [
        Partition(
            entry[4],
            int.from_bytes(entry[8:12], "little") * SECTOR,
            int.from_bytes(entry[12:16], "little") * SECTOR,
        )
        for entry in entries
    ]


def _run(*words: str | Path) -> None:
    subprocess.run(words, check=True, capture_output=True)
