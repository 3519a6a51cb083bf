"""Fetch what says exactly what is missing: heads of deltas where there is a route, else whole indexes."""

from collections.abc import Container, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace

from content_packs import depot
from content_packs.blocks import check_hash
from content_packs.built import read_checked_json
from content_packs.compression import decompress
from content_packs.delta import read_head
from content_packs.errors import (
    BadDataError,
    BadIndexError,
    Error,
    HashMismatchError,
    IdentityError,
    LinkTimeoutError,
    LocalError,
)
from content_packs.index import Index, read_index_json
from content_packs.kinds import KINDS
from content_packs.transports.transport import Range, Transport
from content_packs.trust import DeltaOffer, Offer
from hub.library import installed
from hub.library.store import Store
from hub.settings import HubPaths
from hub.sync.fetch import list_parcels, missing_bytes
from hub.sync.plan import Need
from hub.sync.route import Parcel, RouteStep, delta_path, find_route, name_delta, name_part
from hub.sync.wrong import WrongBytes

MAX_PACKED_BYTES = 64 * depot.MIB  # compressed; 200,000 files take about 10 MB


@dataclass(frozen=True, slots=True)
class Here:
    """What a sync has to go on: earlier versions, the store, and what came wrong before."""

    paths: HubPaths
    store: Store
    wrong: WrongBytes
    uses_deltas: bool = True

    def route(self, offer: Offer) -> tuple[DeltaOffer, ...]:
        """Return the deltas to come by, none where blocks are the way."""
        if not self.uses_deltas:
            return ()
        whole = installed.list_versions(self.paths, offer.pack_id)
        return find_route(offer, whole, lambda delta: self._is_barred(offer, delta))

    def _is_barred(self, offer: Offer, delta: DeltaOffer) -> bool:
        head = _head(offer, delta)
        names = (head.name, name_delta(head.path, delta.index_json_sha256))
        return any(self.wrong.is_barred(name) for name in names)


@dataclass(frozen=True, slots=True)
class Opened:
    """One version, its index read, and the deltas that help to make it."""

    index: Index
    index_json: bytes
    steps: tuple[RouteStep, ...]


@dataclass(frozen=True, slots=True)
class Indexed:
    """What the indexes said of each pack: what it needs, every name that it wants, and what was wrong."""

    needs: dict[str, Need]
    names: dict[str, frozenset[str]]  # of files, blocks, patches and heads: what must not be cleared away
    faults: dict[str, BadDataError]
    notes: list[str]  # what was done in another way than planned, and why

    @property
    def wanted(self) -> frozenset[str]:
        """Every name that some pack wants."""
        return frozenset[str]().union(*self.names.values())

    def updated(self, newer: "Indexed") -> "Indexed":
        """Return what is known after some of these packs were counted once more."""
        return replace(self, needs={**self.needs, **newer.needs}, names={**self.names, **newer.names})


def fetch_indexes(offers: Sequence[Offer], transport: Transport, here: Here) -> Indexed:
    """Fetch into the store what it lacks of indexes and heads, all in one go, and count what each pack needs.

    A delta that is of no use is noted, and another way is taken.

    Raises:
        LinkError: the link failed. A wrong or missing index is a fault of its pack alone.
    """
    found = Indexed({}, {}, {}, [])
    left = list(offers)
    fresh: set[str] = set()  # names of parts all of which came in this sync
    while left:  # each round settles an offer, bars a delta, or drops what this disk has damaged
        parts = [part for offer in left for part in _list_parts(offer, here)]
        fresh |= {part.name for part in parts if not here.store.part_size(part.name)}
        wrong = _fetch_parts(parts, transport, here)
        left = [offer for offer in left if not _settle(offer, here, wrong, found, fresh)]
    return found


def read_indexes(offers: Sequence[Offer], here: Here) -> Indexed:
    """Count what the packs need of which all indexes and heads are here; nothing is fetched."""
    found = Indexed({}, {}, {}, [])
    for offer in offers:
        if all(part.is_whole(here.store) for part in _list_parts(offer, here)):
            _settle(offer, here, {}, found, set())
    return found


def _settle(
    offer: Offer, here: Here, wrong: Mapping[str, BadDataError], found: Indexed, fresh: Container[str]
) -> bool:
    """Note what a version needs, or what is wrong with it; False where another way to it is to be tried."""
    had_part = here.store.part_size(offer.index_sha256) > 0
    try:
        for delta in here.route(offer):
            if fault := wrong.get(_head(offer, delta).name):
                raise _DeltaError(delta, fault)
        if fault := wrong.get(offer.index_sha256):
            raise fault
        opened = open_pack(offer, here)
    except _DeltaError as error:
        name = _head(offer, error.delta).name
        here.store.drop_part(name)
        if name not in fresh and name not in wrong:
            return False
        here.wrong.bar(name)
        found.notes.append(f"{offer.pack_id} v{offer.version}: {error.message}; blocks are fetched instead")
        return False
    except BadDataError as error:
        if had_part and offer.index_sha256 not in fresh and offer.index_sha256 not in wrong:
            return False
        found.faults[offer.pack_id] = error
        return True
    found.needs[offer.pack_id] = count_need(opened, here)
    found.names[offer.pack_id] = _list_names(offer, opened, here)
    return True


class _DeltaError(BadDataError):
    """One delta of a route is of no use."""

    def __init__(self, delta: DeltaOffer, cause: Exception) -> None:
        super().__init__(f"the delta from version {delta.from_version} is of no use ({cause})")
        self.delta = delta


def open_pack(offer: Offer, here: Here) -> Opened:
    """Return a version whose index or heads `fetch_indexes` brought; the index is in the store afterwards.

    Raises:
        BadDataError: it is not what was signed, or is malformed.
    """
    heads = [_head(offer, delta) for delta in here.route(offer)]
    if heads and all(head.is_whole(here.store) for head in heads):
        index_json, steps = _read_steps(offer, here)
    else:
        index_json, steps = _read_index_json(offer, here), ()
    index = read_checked_json(index_json)
    found = (index.pack.id, index.pack.version, index.pack.kind)
    if found != (offer.pack_id, offer.version, offer.kind):
        raise BadIndexError(
            f"index of {offer.pack_id} v{offer.version} ({offer.kind}): "
            f"is of {index.pack.id} v{index.pack.version} ({index.pack.kind})"
        )
    if here.store.find(offer.index_json_sha256, offer.index_json_size) is None:
        here.store.add(offer.index_json_sha256, index_json)
    return Opened(index, index_json, steps)


def _read_steps(offer: Offer, here: Here) -> tuple[bytes, tuple[RouteStep, ...]]:
    """Return the index of a version and the steps to it, from heads that are here."""
    route = here.route(offer)
    steps: list[RouteStep] = []
    delta = route[0]
    try:
        index_json = installed.read_installed_index_json(here.paths, offer.pack_id, delta.from_version)
        old = _list_files(read_index_json(index_json, kinds=KINDS))
        for delta in route:
            head = _head(offer, delta)
            read = read_head(
                here.store.resume_part(head.name, head.size).read_bytes(),
                old_index_json=index_json,
                index_json_sha256=delta.index_json_sha256,
                index_json_size=delta.index_json_size,
            )
            index_json = read.index_json
            index = read_index_json(index_json, kinds=KINDS)
            new = _list_files(index)
            steps.append(RouteStep(head.path, delta.index_json_sha256, read.patches, old, new, index.objects))
            old = new
    except (BadDataError, OSError) as error:
        raise _DeltaError(delta, error) from error
    return index_json, tuple(steps)


def _list_files(index: Index) -> tuple[tuple[str, int], ...]:
    return tuple((entry.sha256, entry.size) for entry in index.all_files())


def _read_index_json(offer: Offer, here: Here) -> bytes:
    """Return the index from the store, or from the part of index.zst, which is dropped afterwards."""
    stored = here.store.find(offer.index_json_sha256, offer.index_json_size)
    if stored is not None:
        return stored.read_bytes()
    what = depot.index_path(offer.pack_id, offer.version)
    path = here.store.resume_part(offer.index_sha256, offer.index_length)
    try:
        packed = path.read_bytes() if path.is_file() else b""
        check_hash(packed, offer.index_sha256, what)
        index_json = decompress(packed, max_bytes=offer.index_json_size, what=what)
        check_hash(index_json, offer.index_json_sha256, what)
    except BadDataError:
        here.wrong.note(offer.index_sha256)
        raise
    finally:
        here.store.drop_part(offer.index_sha256)
    return index_json


def count_need(opened: Opened, here: Here) -> Need:
    """Return what a pack needs beyond what the store has, parts of files included."""
    index, store = opened.index, here.store
    parcels = list_parcels(index, store, opened.steps, here.wrong)
    missing = {e.sha256: e.size for e in index.all_files() if store.find(e.sha256, e.size) is None}
    begun = sum(min(store.part_size(p.sha256), p.size) for p in parcels if p.slices)
    between = _bytes_between(parcels, opened, store)
    return Need(missing_bytes(parcels, store), max(0, sum(missing.values()) - begun) + between)


def _bytes_between(parcels: Sequence[Parcel], opened: Opened, store: Store) -> int:
    """Return what files of versions between take that are made only to make others of them."""
    patches = [parcel.patch for parcel in parcels if parcel.patch is not None]
    made = {one.step.new[piece.file] for one in patches for piece in one.patch.new}
    made -= {(entry.sha256, entry.size) for entry in opened.index.all_files()}
    return sum(size for sha256, size in made if store.find(sha256, size) is None)


def _list_names(offer: Offer, opened: Opened, here: Here) -> frozenset[str]:
    index = opened.index
    names = {offer.index_json_sha256, offer.index_sha256}
    names.update(entry.sha256 for entry in index.all_files())
    names.update(block.sha256 for block in index.blocks)
    names.update(_head(offer, delta).name for delta in here.route(offer))
    for step in opened.steps:
        names.update(step.name_of(patch) for patch in step.patches)
        names.update(sha256 for sha256, _ in step.new)
    return frozenset(names)


@dataclass(frozen=True, slots=True)
class _Part:
    """The head of a delta, or a packed index: collected under its name, resumed where it stopped."""

    name: str
    path: str
    size: int
    is_delta: bool = False  # where it cannot be had, there is another way

    def is_whole(self, store: Store) -> bool:
        return store.part_size(self.name) == self.size


def _head(offer: Offer, delta: DeltaOffer) -> _Part:
    path = delta_path(offer, delta)
    name = name_part(path, delta.index_json_sha256, 0, delta.head_size)
    return _Part(name, path, delta.head_size, is_delta=True)


def _list_parts(offer: Offer, here: Here) -> list[_Part]:
    """Return what is to be fetched to know what a version needs and how it comes here."""
    has_index = here.store.find(offer.index_json_sha256, offer.index_json_size) is not None
    heads = [_head(offer, delta) for delta in here.route(offer)]
    if heads and not (has_index and _is_complete(offer, here)):
        return heads
    path = depot.index_path(offer.pack_id, offer.version)
    return [] if has_index else [_Part(offer.index_sha256, path, offer.index_length)]


def _is_complete(offer: Offer, here: Here) -> bool:
    """Whether the store lacks no file of a version whose index it has."""
    try:
        index = read_checked_json(_read_index_json(offer, here))
    except BadDataError:
        return True  # `open_pack` says what is wrong
    return all(here.store.find(e.sha256, e.size) for e in index.all_files())


def _fetch_parts(parts: Sequence[_Part], transport: Transport, here: Here) -> dict[str, BadDataError]:
    """Fetch parts together; where one of them is missing, the others still come. Return what was wrong."""
    wrong: dict[str, BadDataError] = {}
    left = [part for part in parts if not _is_refused(part, here, wrong)]
    while left := [part for part in left if not part.is_whole(here.store)]:
        try:
            _receive(left, transport, here)
        except (BadDataError, LocalError, IdentityError) as error:
            missing = next(part for part in left if not part.is_whole(here.store))
            wrong[missing.name] = _fault_of(missing, error)
            left.remove(missing)
    return wrong


def _fault_of(part: _Part, error: Error) -> BadDataError:
    """Return what is wrong with a part; raise what ends the sync, as it is no fault of a delta alone."""
    if isinstance(error, BadDataError):
        return error
    if not part.is_delta:
        raise error
    return BadDataError(error.message, hint=error.hint)


def _is_refused(part: _Part, here: Here, wrong: dict[str, BadDataError]) -> bool:
    if part.size > MAX_PACKED_BYTES:
        wrong[part.name] = BadDataError(f"{part.path}: {part.size} bytes are more than a hub reads")
    elif until := here.wrong.until(part.name):
        wrong[part.name] = HashMismatchError(
            f"{part.path}: came wrong from this depot several times; it is asked for again after "
            f"{until:%Y-%m-%d %H:%M} UTC or when the office publishes",
            hint="The depot is damaged: the office should check its disk and publish the pack again.",
        )
    return part.name in wrong


def _receive(parts: Sequence[_Part], transport: Transport, here: Here) -> None:
    before = {part.name: here.store.part_size(part.name) for part in parts}
    try:
        _receive_parts(parts, transport, here.store)
    except LinkTimeoutError:
        silent = next(part for part in parts if not part.is_whole(here.store))
        if silent.is_delta and here.store.part_size(silent.name) == before[silent.name]:
            here.wrong.note_silence(silent.name)
        raise
    finally:
        for part in parts:
            if here.store.part_size(part.name) > before[part.name]:
                here.wrong.forget_silence(part.name)


def _receive_parts(parts: Sequence[_Part], transport: Transport, store: Store) -> None:
    ranges, names = [], []
    for part in parts:
        path = store.resume_part(part.name, part.size)
        there = path.stat().st_size if path.is_file() else 0
        ranges.append(Range(part.path, there, part.size - there))
        names.append(path)
    waiting = iter(zip(names, ranges, strict=True))
    left = 0
    with closing(transport.read_ranges(ranges)) as stream:
        for _, data in stream:
            if not left:
                path, wanted = next(waiting)
                left = wanted.length
            left -= len(data)
            with path.open("ab") as file:
                file.write(data)
