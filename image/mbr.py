"""The partition table of a card, read: what a Raspberry Pi's boot ROM and firmware see first."""

import struct
from dataclasses import dataclass
from pathlib import Path

SECTOR_BYTES = 512
_ENTRIES_AT = 446
_ENTRY = struct.Struct("<B3sB3sII")
_SIGNATURE_AT = 440
FAT32 = 0x0C
LINUX = 0x83
GPT = 0xEE


@dataclass(frozen=True, slots=True)
class Partition:
    """One of the four entries."""

    bootable: bool
    kind: int
    start: int  # bytes
    size: int  # bytes


@dataclass(frozen=True, slots=True)
class Table:
    """A whole table."""

    disk_id: int
    partitions: tuple[Partition, ...]
    has_gpt: bool  # a GPT's header in the second sector, or a protective entry


def read_table(image: Path) -> Table:
    """Return the table of an image or a card; ValueError where it has none."""
    with image.open("rb") as file:
        first, second = file.read(SECTOR_BYTES), file.read(SECTOR_BYTES)
    if first[510:512] != b"\x55\xaa":
        raise ValueError(f"{image}: no partition table: expected 55aa at 510, got {first[510:512].hex()}")
    entries = [_ENTRY.unpack_from(first, _ENTRIES_AT + number * _ENTRY.size) for number in range(4)]
    partitions = tuple(
        Partition(flag == 0x80, kind, start * SECTOR_BYTES, count * SECTOR_BYTES)
        for flag, _, kind, _, start, count in entries
        if kind
    )
    has_gpt = second.startswith(b"EFI PART") or any(each.kind == GPT for each in partitions)
    return Table(struct.unpack_from("<I", first, _SIGNATURE_AT)[0], partitions, has_gpt)
