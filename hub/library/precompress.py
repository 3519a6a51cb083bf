"""The gzip forms of a pack's text files, made once, after its install, for the front door to send.

python -m hub.library.precompress DIR

    packs/<id>/<version>/gzip/<path>.z.gz    of files/<path>; appears whole, goes with its version
    packs/<id>/<version>/gzip.part/          being made

Nothing is ever looked up by a name that a pack can choose: a pack may hold x.html and x.html.gz, or x.html.z.
They can always be made again; `hub repair` throws them away for that.
"""

import gzip
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, closing
from pathlib import Path

import click

from content_packs import console
from content_packs.depot import MIB
from content_packs.durable import fsync_dir, locked, sync_filesystem
from hub.db import open_db
from hub.library.installed import FILES, InstalledPack, list_packs, list_trees
from hub.library.lowest import lower_priority
from hub.settings import HubPaths, read_settings

GZIP = "gzip"
SUFFIX = ".z.gz"
_PART = "gzip.part"
_LEVEL = 6  # 9 takes twice as long for 1 % less: docs/adr/0011
_LEAST_BYTES = 1024  # a smaller one fits the first packets anyway
_MOST_BYTES = 16 * MIB
_WORTH = 0.9  # of its size: what does not become smaller than that is sent as it is
# What gzip makes smaller; the front door looks for the others' forms no more than we make them.
TEXT_SUFFIXES = frozenset(
    {
        *(".html", ".htm", ".xhtml", ".css", ".js", ".mjs", ".json", ".svg", ".txt", ".md", ".markdown"),
        *(".csv", ".xml", ".vtt", ".srt", ".wasm", ".ttf", ".otf", ".ico"),
    }
)


def lacking(packs: Iterable[InstalledPack]) -> list[InstalledPack]:
    """Return the packs whose gzip forms are still to be made."""
    return [pack for pack in packs if not (pack.dir / GZIP).is_dir() and pack.content_dir.is_dir()]


def precompress(paths: HubPaths, *, reserve_bytes: int) -> int:
    """Make what is lacking; return how many packs that were.

    A pack that would leave less than `reserve_bytes` free stays without. May be killed at any moment: what is
    half made is begun anew.

    Raises:
        LocalError: hub.db cannot be read.
        OSError: the disk refuses.
    """
    done = 0
    with closing(open_db(paths.db)) as db:
        packs = lacking(list_packs(db, paths))
    for pack in packs:
        with paused(paths):  # pack by pack: a repair would not wait for all of them
            if lacking([pack]):
                done += _compress(paths, pack, reserve_bytes)
    return done


def paused(paths: HubPaths) -> AbstractContextManager[None]:
    """Wait until no process makes gzip forms, and let none begin while this lasts."""
    return locked(paths.lock("precompress"), doing="compressing for the front door", wait=True)


def drop(version_dir: Path) -> None:
    """Throw away the gzip forms of a version; they are made again.

    The caller holds `paused` until the files are as they shall be.
    """
    shutil.rmtree(version_dir / GZIP, ignore_errors=True)
    shutil.rmtree(version_dir / _PART, ignore_errors=True)


def spawn(paths: HubPaths) -> "subprocess.Popen[bytes]":
    """Start it in a process of its own; the caller polls it."""
    command = [sys.executable, "-m", "hub.library.precompress", str(paths.dir)]
    return subprocess.Popen(command, stdin=subprocess.DEVNULL)


def _compress(paths: HubPaths, pack: InstalledPack, reserve_bytes: int) -> bool:
    part, target = pack.dir / _PART, pack.dir / GZIP
    shutil.rmtree(part, ignore_errors=True)
    try:
        part.mkdir()
        earlier = _earlier(paths, pack)
        for source in _texts(pack.content_dir):
            if shutil.disk_usage(part).free < reserve_bytes:
                shutil.rmtree(part, ignore_errors=True)
                return False
            _compress_file(source, part, pack, earlier)
        sync_filesystem(part)
        part.rename(target)
        fsync_dir(pack.dir)
    except FileNotFoundError:  # this version has been dropped meanwhile
        return False
    return True


def _texts(folder: Path) -> Iterator[Path]:
    for place, _, names in os.walk(folder):
        for name in names:
            path = Path(place, name)
            if path.suffix.lower() in TEXT_SUFFIXES and _LEAST_BYTES <= path.stat().st_size <= _MOST_BYTES:
                yield path


def _earlier(paths: HubPaths, pack: InstalledPack) -> list[Path]:
    """Return the folders of the other versions that are here: what has not changed is there already."""
    folder = paths.packs / pack.pack.id
    return [
        folder / str(version) for version in list_trees(paths, pack.pack.id) if version != pack.pack.version
    ]


def _compress_file(source: Path, part: Path, pack: InstalledPack, earlier: list[Path]) -> None:
    name = source.relative_to(pack.content_dir)
    target = part / name.with_name(name.name + SUFFIX)
    target.parent.mkdir(parents=True, exist_ok=True)
    stat = source.stat()
    for version in earlier:
        made = version / GZIP / name.with_name(name.name + SUFFIX)
        same = version / FILES / name
        # The store has each file once: the same inode is the same content.
        if made.is_file() and same.is_file() and same.stat().st_ino == stat.st_ino:
            os.link(made, target)
            return
    data = source.read_bytes()
    packed = gzip.compress(data, _LEVEL, mtime=0)
    if len(packed) <= _WORTH * len(data):
        target.write_bytes(packed)
        os.utime(target, ns=(stat.st_mtime_ns, stat.st_mtime_ns))
        target.chmod(0o444)


@click.command()
@click.argument("folder", type=click.Path(path_type=Path, exists=True, file_okay=False))
def _command(folder: Path) -> None:
    """Make the gzip forms that a hub's installed packs lack."""
    lower_priority()
    paths = HubPaths(folder.absolute())
    reserve = read_settings(paths).sync.reserve(shutil.disk_usage(paths.dir).total)
    precompress(paths, reserve_bytes=reserve)


def main() -> None:
    """Run the command; leaves with an exit code of DESIGN §11."""
    console.run(_command)


if __name__ == "__main__":
    main()
