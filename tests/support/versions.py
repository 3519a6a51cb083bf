"""Versions of one pack with deltas between them in an unsigned depot, and a hub that fetches them."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

from content_packs import depot
from content_packs.built import BuiltPack
from content_packs.contents import contents_of
from content_packs.delta_build import write_delta
from content_packs.errors import LinkDownError
from content_packs.index import unpack_index
from content_packs.transports.local import open_local
from content_packs.transports.transport import Transport
from content_packs.trust import DeltaOffer, Offer
from hub.library.install import install
from hub.library.installed import pack_installed_index
from hub.library.store import Store
from hub.settings import HubPaths
from hub.sync.fetch import fetch_parcels
from hub.sync.indexes import Here, fetch_indexes, open_pack
from hub.sync.wrong import WrongBytes, open_wrong
from support.built import build, make_paths, put_in_depot
from support.sources import read_tree

NOW = datetime(2026, 11, 23, tzinfo=UTC)


class CountedRoad:
    """A transport that counts what it gives by file name, and whose link is cut after so many bytes."""

    def __init__(self, inner, cut_after: int | None = None) -> None:
        self.inner, self.cut_after = inner, cut_after
        self.given: Counter[str] = Counter()
        self.runs = 0

    def read_ranges(self, ranges):
        self.runs += 1
        for part, data in self.inner.read_ranges(ranges):
            left = len(data)
            if self.cut_after is not None:
                left = min(left, self.cut_after - self.given.total())
            if left:
                self.given[part.path.rpartition("/")[2]] += left
                yield part, data[:left]
            if left < len(data):
                raise LinkDownError("cut")


@dataclass
class Depot:
    """A depot of one pack in a folder, without signatures."""

    folder: Path
    built: dict[int, BuiltPack] = field(default_factory=dict)
    deltas: dict[int, list[DeltaOffer]] = field(default_factory=dict)

    def add(self, built: BuiltPack, *, since: tuple[int, ...] = ()) -> None:
        """Publish a version, with deltas from these earlier ones."""
        version = built.index.pack.version
        put_in_depot(built, self.folder)
        self.built[version] = built
        self.deltas[version] = [self._make_delta(number, version) for number in since]

    def _make_delta(self, old: int, new: int) -> DeltaOffer:
        was, now = contents_of(self.built[old]), contents_of(self.built[new])
        target = self.folder / depot.delta_path(now.index.pack.id, new, old)
        made = write_delta(was, now, target)
        json_sha256 = sha256(now.index_json).hexdigest()
        return DeltaOffer(old, new, made.size, made.head_size, json_sha256, len(now.index_json))

    def offer(self, version: int, *, chain: tuple[int, ...] = ()) -> Offer:
        """Return what metadata would say; `chain`: versions whose own deltas it names too."""
        built = self.built[version]
        index, index_json = built.index, unpack_index(built.index_bytes)
        return Offer(
            pack_id=index.pack.id,
            version=version,
            kind=index.pack.kind,
            title=index.pack.title,
            language=index.pack.language,
            index_sha256=sha256(built.index_bytes).hexdigest(),
            index_length=len(built.index_bytes),
            index_json_sha256=sha256(index_json).hexdigest(),
            index_json_size=len(index_json),
            download_bytes=index.download_bytes,
            unpacked_bytes=index.unpacked_bytes,
            deltas=tuple(d for v in (version, *chain) for d in self.deltas[v]),
        )


class Hub:
    """A hub's disk: brings a version as a sync does, below trust and plan."""

    def __init__(self, folder: Path, depot_dir: Path) -> None:
        self.paths: HubPaths = make_paths(folder)
        self.open_depot: Callable[[], Transport] = lambda: open_local(depot_dir)
        self.notes: list[str] = []
        self.state = "a depot"

    def here(self, boot_id: str = "boot-1") -> Here:
        store = Store(self.paths.store, boot_id)
        store.incoming.mkdir(parents=True, exist_ok=True)
        wrong: WrongBytes = open_wrong(self.paths.store, self.state, now=NOW)
        return Here(self.paths, store, wrong)

    def bring(self, offer: Offer, *, cut_after: int | None = None, boot_id: str = "boot-1") -> CountedRoad:
        """Fetch and install what is offered; return the road with its counts, also after a cut."""
        here, road = self.here(boot_id), CountedRoad(self.open_depot(), cut_after)
        try:
            found = fetch_indexes([offer], road, here)
            for fault in found.faults.values():
                raise fault
            self.notes += found.notes
            opened = open_pack(offer, here)
            self.need = found.needs[offer.pack_id]
            fetch_parcels(
                opened.index,
                road,
                here.store,
                lambda _: None,
                steps=opened.steps,
                wrong=here.wrong,
                notes=self.notes,
            )
        except LinkDownError:
            return road
        install(self.paths, here.store, opened.index, pack_installed_index(opened.index_json))
        return road

    def files(self) -> dict[str, bytes]:
        """Return what learners see."""
        (pack,) = (p for p in self.paths.packs.iterdir() if not p.name.startswith("."))
        return read_tree(pack / "current" / "files")


def build_version(folder: Path, files: dict[str, bytes], version: int) -> BuiltPack:
    """Build one version from its files."""
    return build(folder, files, version=version)
