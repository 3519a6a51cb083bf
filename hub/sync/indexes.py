"""Fetch the indexes of the versions that are offered: small, signed, and they say exactly what is missing."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from content_packs import depot
from content_packs.blocks import check_hash
from content_packs.built import read_checked
from content_packs.errors import BadDataError, BadIndexError
from content_packs.index import Index
from content_packs.transports.transport import Transport
from content_packs.trust import Offer
from hub.library.store import Store
from hub.sync.fetch import list_pieces, missing_bytes
from hub.sync.plan import Need

MAX_PACKED_BYTES = 64 * depot.MIB  # compressed; 200,000 files take about 10 MB
_TOGETHER_BYTES = 8 * depot.MIB  # asked for at once, and so in memory at once


@dataclass(frozen=True, slots=True)
class Indexed:
    """What the indexes said: what each pack needs, every hash that is wanted, and what was wrong."""

    needs: Mapping[str, Need]
    wanted: frozenset[str]
    faults: Mapping[str, BadDataError]


def fetch_indexes(offers: Sequence[Offer], transport: Transport, store: Store) -> Indexed:
    """Fetch into the store the indexes that it lacks, many in one go, and count what each pack needs.

    Raises:
        LinkError: the link failed. A wrong or missing index is a fault of its pack alone.
    """
    needs: dict[str, Need] = {}
    wanted: set[str] = set()
    faults: dict[str, BadDataError] = {}
    missing = [o for o in offers if store.find(o.index_sha256, o.index_length) is None]
    for together in _batches(missing):
        faults |= _fetch(together, transport, store)
    for offer in offers:
        if offer.pack_id in faults:
            continue
        try:
            index, _ = open_index(offer, store)
        except BadDataError as error:
            faults[offer.pack_id] = error
            continue
        needs[offer.pack_id] = count_need(index, store)
        wanted |= {offer.index_sha256, *_hashes(index)}
    return Indexed(needs, frozenset(wanted), faults)


def open_index(offer: Offer, store: Store) -> tuple[Index, bytes]:
    """Return an index that `fetch_indexes` put into the store, with its bytes.

    Raises:
        BadDataError: it is not what was signed, or is malformed.
    """
    path = store.find(offer.index_sha256, offer.index_length)
    if path is None:
        raise BadDataError(f"index of {offer.pack_id} v{offer.version}: is gone", hint="Run the sync again.")
    data = path.read_bytes()
    index = read_checked(data)
    if (index.pack.id, index.pack.version) != (offer.pack_id, offer.version):
        raise BadIndexError(
            f"index of {offer.pack_id} v{offer.version}: is of {index.pack.id} v{index.pack.version}"
        )
    return index, data


def count_need(index: Index, store: Store) -> Need:
    """Return what a pack needs beyond what the store has, parts of files included."""
    pieces = list_pieces(index, store)
    missing = {e.sha256: e.size for e in index.all_files() if store.find(e.sha256, e.size) is None}
    begun = sum(min(store.part_size(p.sha256), p.size) for p in pieces if p.block is None)
    return Need(missing_bytes(pieces, store), max(0, sum(missing.values()) - begun))


def _hashes(index: Index) -> Iterable[str]:
    yield from (entry.sha256 for entry in index.all_files())
    yield from (block.sha256 for block in index.blocks)


def _batches(offers: Sequence[Offer]) -> Iterator[list[Offer]]:
    together: list[Offer] = []
    for offer in offers:
        if together and sum(o.index_length for o in (*together, offer)) > _TOGETHER_BYTES:
            yield together
            together = []
        together.append(offer)
    if together:
        yield together


def _fetch(offers: Sequence[Offer], transport: Transport, store: Store) -> dict[str, BadDataError]:
    """Fetch indexes together; where one of them is wrong, one by one, so that the others still come."""
    try:
        _fetch_together(offers, transport, store)
    except BadDataError as error:
        if len(offers) == 1:
            return {offers[0].pack_id: error}
        return {pack_id: fault for o in offers for pack_id, fault in _fetch([o], transport, store).items()}
    return {}


def _fetch_together(offers: Sequence[Offer], transport: Transport, store: Store) -> None:
    lengths = [offer.index_length for offer in offers]
    if max(lengths) > MAX_PACKED_BYTES:
        raise BadDataError(f"an index of {max(lengths)} bytes is more than a hub reads")
    paths = [depot.index_path(offer.pack_id, offer.version) for offer in offers]
    for offer, path, data in zip(
        offers, paths, transport.read_files(paths, max_bytes=max(lengths)), strict=True
    ):
        if data is None:
            hint = "The office should publish this version again."
            raise BadDataError(f"{path}: signed, but not in the depot", hint=hint)
        check_hash(data, offer.index_sha256, path)
        store.add(offer.index_sha256, data)
