"""Built packs, a depot of them without signatures, and a hub directory: for tests below the trust."""

import random
import shutil
from collections.abc import Mapping
from pathlib import Path

from content_packs.build import build_pack
from content_packs.built import BuiltPack
from hub.settings import HubPaths
from support.sources import write_source

MIB = 1024 * 1024


def random_bytes(size: int, seed: int = 0) -> bytes:
    """Return bytes that do not compress, the same for the same seed."""
    return random.Random(seed).randbytes(size)


def database(size: int, seed: int = 0) -> bytes:
    """Return bytes like those of a database: pages of 4 KiB, a quarter full of what does not compress."""
    filled = random_bytes(-(-size // 4), seed)
    return b"".join(filled[at : at + 1024] + bytes(3072) for at in range(0, len(filled), 1024))[:size]


def build(folder: Path, files: Mapping[str, bytes] | None = None, **fields: object) -> BuiltPack:
    """Write a source into `folder` and build it."""
    version = fields.get("version", 1)
    source = write_source(folder / f"source-{version}", files, **fields)
    return build_pack(source, folder / f"built-{version}")


def put_in_depot(built: BuiltPack, depot_dir: Path) -> None:
    """Copy a built pack to where a depot has it."""
    for path, location in built.list_files():
        target = depot_dir / path
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(location, target)


def make_paths(folder: Path) -> HubPaths:
    """Return a hub's paths with the folders that a sync finds."""
    paths = HubPaths(folder)
    paths.packs.mkdir(parents=True)
    return paths
