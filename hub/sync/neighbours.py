"""Other hubs of this network, asked before the uplink: they cost nothing, and are trusted by hash alone.

Whoever lies, hangs, is slow or goes away costs a bounded time and is left aside for this sync; what it gave
stays if its hash is right, and the uplink brings the rest.
"""

from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from itertools import chain

from content_packs import neighbour
from content_packs.blocks import check_hash
from content_packs.built import read_checked_json
from content_packs.compression import decompress, most_compressed
from content_packs.errors import BadDataError, HashMismatchError, LinkError, NotFoundError
from content_packs.index import Index, LargeObject
from content_packs.trust import Offer
from hub.library.parts import SlicedPart
from hub.library.store import Store
from hub.sync.neighbour_http import Connection, Patience
from hub.sync.plan import WORKING_BYTES

Advance = Callable[[int], None]
Watch = Callable[[Offer, int], Advance]
FindNeighbours = Callable[[], Sequence[str]]
MOST_NEIGHBOURS = 5  # asked in one sync: strangers that only pretend to be hubs cannot hold it up for long


@dataclass(slots=True)
class Neighbours:
    """The neighbours of one sync; they are looked for when the first file is wanted."""

    find: FindNeighbours
    hub_id: str  # our own
    patience: Patience = field(default_factory=Patience)
    received_bytes: int = 0
    left_aside: dict[str, str] = field(default_factory=dict)  # URL → why
    _connections: dict[str, Connection] | None = None

    def bring(self, offers: Sequence[Offer], store: Store, *, room_bytes: int, watch: Watch) -> None:
        """Bring what neighbours have of these packs: what the office wants first, then small before large.

        A pack whose files would take more than what is left of `room_bytes` is left to the plan. `watch` is
        told each pack with its missing bytes, and returns whom to tell what of it comes.

        Raises:
            OSError: this disk refuses.
        """
        self.fetch_indexes(offers, store)
        missing = {offer: _count_missing(offer, store) for offer in offers}
        for offer in sorted(missing, key=lambda offer: (-offer.priority, missing[offer], offer.pack_id)):
            size = missing[offer]
            if not size or size + min(WORKING_BYTES, size) > room_bytes or not any(self._asked()):
                continue
            room_bytes -= size
            if (index := _read_index(offer, store)) is not None:
                self.fetch_files([index], store, watch(offer, size))

    def fetch_indexes(self, offers: Iterable[Offer], store: Store) -> None:
        """Put into the store the indexes that it lacks and that a neighbour has.

        Raises:
            OSError: this disk refuses.
        """
        asked, missing = self._asked(), list(offers)
        while missing := [o for o in missing if store.find(o.index_json_sha256, o.index_json_size) is None]:
            if (connection := next(asked, None)) is None:
                return
            with self._tried(connection):
                _Neighbour(connection).fetch_indexes(missing, store)

    def fetch_files(self, indexes: Sequence[Index], store: Store, advance: Advance) -> None:
        """Put into the store the files of these packs that it lacks and that a neighbour has.

        What a neighbour began, it or another one or the uplink goes on with.

        Raises:
            OSError: this disk refuses.
        """
        asked = self._asked()
        while (wanted := _list_missing(indexes, store)).hashes:
            if (connection := next(asked, None)) is None:
                return
            # What `advance` raises is no fault of the neighbour: it may be the uplink that broke meanwhile.
            with closing(self._fetch_from(connection, wanted, store)) as counts:
                for count in counts:
                    advance(count)

    def _fetch_from(self, connection: Connection, wanted: "_Missing", store: Store) -> Generator[int]:
        with self._tried(connection):
            yield from _Neighbour(connection).fetch_files(wanted, store)

    def _asked(self) -> Iterator[Connection]:
        if self._connections is None:
            urls = list(dict.fromkeys(self.find()))[:MOST_NEIGHBOURS]
            self._connections = {url: Connection(url, self.hub_id, self.patience) for url in urls}
        yield from (c for url, c in self._connections.items() if url not in self.left_aside)

    def describe(self) -> list[str]:
        """Return a sentence for each neighbour that was left aside."""
        return [f"neighbour left aside: {why}" for why in self.left_aside.values()]

    @contextmanager
    def _tried(self, connection: Connection) -> Iterator[None]:
        """Leave a neighbour aside that is of no use. Never call within it what is not the neighbour's."""
        before = connection.received_bytes
        try:
            with closing(connection):
                yield
        except (LinkError, BadDataError) as error:
            self.left_aside[connection.url] = error.message
        finally:
            self.received_bytes += connection.received_bytes - before


@dataclass(frozen=True, slots=True)
class _Missing:
    """What the store lacks, each once."""

    small: dict[str, int]  # hash → size
    large: dict[str, LargeObject]

    @property
    def hashes(self) -> list[str]:
        return [*self.small, *self.large]

    @property
    def size_bytes(self) -> int:
        return sum(self.small.values()) + sum(obj.size for obj in self.large.values())


def _read_index(offer: Offer, store: Store) -> Index | None:
    """Return the index of a version if it is here; whether it is right is said by who installs it."""
    path = store.find(offer.index_json_sha256, offer.index_json_size)
    try:
        return read_checked_json(path.read_bytes()) if path is not None else None
    except BadDataError:
        return None


def _count_missing(offer: Offer, store: Store) -> int:
    """Return how many bytes of files the store lacks; 0 where nobody knows, as the index is not here."""
    index = _read_index(offer, store)
    return _list_missing([index], store).size_bytes if index is not None else 0


def _list_missing(indexes: Sequence[Index], store: Store) -> _Missing:
    found = _Missing({}, {})
    for index in indexes:
        for entry in index.all_files():
            if entry.sha256 in found.small or entry.sha256 in found.large:
                continue
            if store.find(entry.sha256, entry.size) is not None:
                continue
            if entry.block is None:
                found.large[entry.sha256] = index.objects[entry.sha256]
            else:
                found.small[entry.sha256] = entry.size
    return found


@dataclass(frozen=True, slots=True)
class _Neighbour:
    """One neighbour that answers.

    Every method raises LinkError or BadDataError where it is of no use, and OSError where this disk is not.
    """

    http: Connection

    def fetch_indexes(self, offers: Iterable[Offer], store: Store) -> None:
        for offer in offers:
            path = neighbour.index_path(offer.pack_id, offer.version)
            try:
                data = self.http.get(path, max_bytes=most_compressed(offer.index_json_size))
            except NotFoundError:
                continue
            what = f"{self.http.url}: index of {offer.pack_id} v{offer.version}"
            text = decompress(data, max_bytes=offer.index_json_size, what=what)
            check_hash(text, offer.index_json_sha256, what)
            store.add(offer.index_json_sha256, text)

    def fetch_files(self, wanted: _Missing, store: Store) -> Iterator[int]:
        """Yield how many bytes came, again and again."""
        has = set(self._list_had(wanted.hashes))
        small = [(sha256, size) for sha256, size in wanted.small.items() if sha256 in has]
        for together in _batches(small):
            yield from self._fetch_small(together, store)
        large = [obj for obj in wanted.large.values() if obj.sha256 in has]
        for obj in sorted(large, key=lambda obj: obj.size):
            yield from self._fetch_large(obj, store)

    def _list_had(self, hashes: Sequence[str]) -> Iterator[str]:
        for start in range(0, len(hashes), neighbour.MAX_HASHES):
            asked = hashes[start : start + neighbour.MAX_HASHES]
            body = neighbour.pack_hashes(asked)
            answer = b"".join(self.http.read(neighbour.HAVE_PATH, len(asked), body=body))
            yield from (sha256 for sha256, flag in zip(asked, answer, strict=True) if flag == ord("1"))

    def _fetch_small(self, together: Sequence[tuple[str, int]], store: Store) -> Iterator[int]:
        body = neighbour.pack_hashes(sha256 for sha256, _ in together)
        stream = self.http.read(neighbour.FILES_PATH, sum(size for _, size in together), body=body)
        waiting, buffer = deque(together), bytearray()
        for data in chain([b""], stream):  # files of no bytes wait for none
            yield len(data)
            buffer += data
            while waiting and waiting[0][1] <= len(buffer):
                sha256, size = waiting.popleft()
                content = bytes(buffer[:size])
                del buffer[:size]
                check_hash(content, sha256, f"{self.http.url}: file")
                store.add(sha256, content)

    def _fetch_large(self, obj: LargeObject, store: Store) -> Iterator[int]:
        with closing(store.open_sliced(obj.sha256, obj.size, obj.slices)) as part:
            while not part.is_whole:  # once more where this disk had damaged the beginning of a slice
                for start, length in list(part.missing()):
                    yield from self._fetch_run(part, start, length)
            if part.hash() != obj.sha256:
                part.forget()
                raise BadDataError(f"file {obj.sha256[:12]}…: its slices are not those of the whole")
        store.finish_part(obj.sha256)

    def _fetch_run(self, part: SlicedPart, start: int, length: int) -> Iterator[int]:
        path = neighbour.file_path(part.path.stem)
        end = start + length
        while start < end:
            asked = min(end - start, neighbour.MAX_ANSWER_BYTES)
            for data in self.http.read(path, asked, start=start, total=part.size):
                yield len(data)
                if wrong := part.write(start, data):
                    raise HashMismatchError(f"{self.http.url}{path}: slice {wrong[0]} is damaged")
                start += len(data)


def _batches(files: Iterable[tuple[str, int]]) -> Iterator[list[tuple[str, int]]]:
    together: list[tuple[str, int]] = []
    size = 0
    for file in files:
        is_full = size + file[1] > neighbour.MAX_ANSWER_BYTES or len(together) == neighbour.MAX_HASHES
        if together and is_full:
            yield together
            together, size = [], 0
        together.append(file)
        size += file[1]
    if together:
        yield together
