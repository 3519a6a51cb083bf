"""A hub that has version 1 of a lesson and shall have version 2, as new for each test."""

import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from hub.settings import HubPaths, read_settings
from hub.sync.report import Progress, SyncReport
from hub.sync.session import sync as run_sync
from support.relay import Relay
from support.road import Road
from support.sources import read_tree

Lesson = Callable[[Path, int], tuple[Path, dict[str, bytes]]]  # folder, version → pack source, its files


class Update:
    """An office that published versions 1 and 2 of `lesson`, and a hub with version 1 of it."""

    def __init__(self, folder: Path, lesson: Lesson) -> None:
        self.road = Road(folder)
        self.files: dict[int, dict[str, bytes]] = {}
        self._lesson = lesson
        for version in (1, 2):
            self.publish(version)
            if version == 1:
                self.road.assign("lesson")
                assert self.road.sync().code == 0
        self._places = [self.road.hub, self.road.central]
        for place in self._places:
            _copy(place, _spare(place))

    def publish(self, version: int, *options: str) -> None:
        """Publish one more version; an earlier call may have built it already."""
        source, self.files[version] = self._lesson(self.road.folder, version)
        self.road.publish(source, options=options)

    def renew(self) -> Road:
        """Put hub and office back to how they were."""
        for place in self._places:
            _renew(place)
        return self.road

    def renew_hub(self) -> None:
        """Put the hub alone back."""
        _renew(self.road.hub)


def _renew(place: Path) -> None:
    shutil.rmtree(place)
    _copy(_spare(place), place)


def _spare(place: Path) -> Path:
    return place.with_name(f"spare-{place.name}")


def _copy(folder: Path, target: Path) -> None:
    """Copy a tree with its hard links: what no version links to, a hub takes for rubbish."""
    subprocess.run(["cp", "-a", str(folder), str(target)], check=True)


@contextmanager
def relayed(road: Road, *, delay_s: float = 0.0, bits_per_s: float | None = None) -> Iterator[Relay]:
    """Put a relay between the hub and the depot."""
    with Relay(road.sshd.port, delay_s=delay_s, bits_per_s=bits_per_s) as relay:
        path = road.hub / "hub.toml"
        text = path.read_text()
        path.write_text(text.replace(f":{road.sshd.port}/", f":{relay.port}/"))
        yield relay
        path.write_text(text)


def sync_here(road: Road, progress: Progress | None = None) -> SyncReport:
    """Sync in this process, without the search: where only the link and the disk matter."""
    paths = HubPaths(road.hub)
    return run_sync(paths, read_settings(paths), source=None, progress=progress or Progress())


def done_by(report: SyncReport) -> list[str]:
    """What a sync did, in words."""
    return [str(action) for action in report.done]


def shown(road: Road) -> dict[str, bytes]:
    """What learners see of the lesson."""
    return read_tree(road.hub / "packs/lesson/current/files")


def spoil(path: Path, at: int | None = None, length: int = 1) -> None:
    """Change bytes of a file, in the middle unless told where; it keeps its size."""
    data = bytearray(path.read_bytes())
    at = len(data) // 2 if at is None else at
    data[at : at + length] = bytes(byte ^ 0x55 for byte in data[at : at + length])
    path.unlink()
    path.write_bytes(data)


def new_object(road: Road) -> Path:
    """The depot's file of a large object that the hub does not have."""
    store = road.hub / "store"
    found = (road.depot / "objects").rglob("000")
    return next(p for p in found if not (store / p.parent.name[:2] / p.parent.name).exists())
