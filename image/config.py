"""What is built: one frozen object, made once by the command and passed to every step."""

from dataclasses import dataclass
from pathlib import Path

MIB = 1 << 20

SUITE = "trixie"  # Debian 13: systemd 257, Python 3.13, Linux 6.12: docs/adr/0014
ARCHITECTURE = "arm64"
COMPONENTS = ("main", "non-free-firmware")
PYTHON = "3.13"  # of that Debian
MACHINE = "aarch64"

# The MBR's signature, "HUB1": the same on every card, so it tells a hub's card and nothing more.
DISK_ID = 0x48554231
FAT_ID = 0x48554230
FAT_LABEL = "HUB"  # what Windows shows
DATA_UUID = "48554231-da7a-4000-8000-000000000004"
DATA_LABEL = "hub-data"
BASE_EPOCH = 1_767_225_600  # 2026-01-01: the time of what Debian's own scripts write


@dataclass(frozen=True, slots=True)
class Sizes:
    """The four partitions, in bytes; each starts at a multiple of `align`."""

    align: int = 8 * MIB  # as SD cards erase: field-notes/image.md §1.5
    boot: int = 256 * MIB
    root: int = 1024 * MIB  # two of them, for one version and the next
    data: int = 64 * MIB  # grown on first boot


@dataclass(frozen=True, slots=True)
class ImageConfig:
    """Everything a build depends on but the layers themselves."""

    source: Path  # the repository
    wheel: Path  # of the hub's software
    work: Path  # what steps leave for those after them, and the cache
    out: Path  # the finished artefacts
    version: str
    epoch: int  # seconds since 1970: of the last commit; every file of ours bears it
    mirrors: tuple[str, ...]  # lines of sources.list
    host_architecture: str = "amd64"
    disk_id: int = DISK_ID
    sizes: Sizes = Sizes()
    zstd_level: int = 15
    xz_level: int = 3  # the root is compressed already: more costs minutes for one per cent

    @property
    def name(self) -> str:
        """Name of the image, without suffix."""
        return f"hub-{self.version}"

    @property
    def debs(self) -> Path:
        """Debian packages, kept between builds."""
        return self.work / "cache" / "debs"

    @property
    def wheels(self) -> Path:
        """Python packages, kept between builds."""
        return self.work / "cache" / "wheels"

    @property
    def layers(self) -> Path:
        """The declarative layers."""
        return self.source / "image" / "layers"

    @property
    def files(self) -> Path:
        """The tree that layers take files from."""
        return self.source / "image" / "files"

    @property
    def root(self) -> Path:
        """The tree that becomes the read-only root."""
        return self.work / "root"

    @property
    def fat(self) -> Path:
        """The tree that becomes the FAT partition."""
        return self.work / "fat"

    @property
    def image(self) -> Path:
        """The whole card."""
        return self.work / "hub.img"
