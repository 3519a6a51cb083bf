"""Choose what a delta patches from what: small files in groups, large files in windows.

A group of small files is patched from their predecessors (same path, else the likest by name or content)
together, so that what moved from one file to another is found as well. A window of a large file is patched
from the places of the old file that hold the same content, wherever they are.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from content_packs.blocks import RAW_RATIO, block_order
from content_packs.compression import compress
from content_packs.contents import Contents
from content_packs.delta import MAX_NEW_BYTES, MAX_OLD_BYTES, Piece
from content_packs.depot import MIB
from content_packs.index import FileEntry
from content_packs.similar import (
    Place,
    Places,
    best_cells,
    find_anchors,
    group_by_name,
    name_key,
    nearest_size,
    rank_files,
)

_MAX_ANCHORS = 1_000_000  # some 150 MB of memory
_MAX_SEARCHED_BYTES = 512 * MIB  # of old small files
_CELL_BYTES = 128 * 1024
_LEAST_SHARE = 1 / 16  # of a cell must be found in a window, else reading it is not worth it
_PROBE_LEVEL = 3
_SAMPLES = 16
_SAMPLE_BYTES = 256 * 1024
_FRIENDS = 3  # how many likely predecessors of a file without a namesake are taken


@dataclass(frozen=True, slots=True)
class Candidate:
    """Pieces of the later version, and the prefixes that may help them, the cheapest to read first."""

    new: tuple[Piece, ...]
    olds: tuple[tuple[Piece, ...], ...]


@dataclass(frozen=True, slots=True)
class Candidates:
    """Candidates that are of use only together; dropped unless they come below `limit_bytes` in all."""

    candidates: Iterable[Candidate]
    limit_bytes: int | None = None


def plan_candidates(old: Contents, new: Contents) -> Iterator[Candidates]:
    """Yield what the delta from `old` to `new` should hold."""
    added = list_added(old, new)
    small = [number for number in added if new.entries[number].block is not None]
    for candidate in group_small(old, new, small):
        yield Candidates([candidate])
    for number in added:
        entry = new.entries[number]
        if entry.block is None:
            fetched = new.index.travel_bytes(new.index.objects[entry.sha256])
            yield Candidates(window_large(old, new, number), int(fetched * RAW_RATIO))


def list_added(old: Contents, new: Contents) -> list[int]:
    """Return the files of `new` that `old` has under no name, each content once."""
    seen = {entry.sha256 for entry in old.entries}
    added = []
    for number, entry in enumerate(new.entries):
        if entry.sha256 not in seen:
            seen.add(entry.sha256)
            added.append(number)
    return added


def whole(contents: Contents, numbers: Iterable[int]) -> tuple[Piece, ...]:
    """Return whole files as pieces."""
    return tuple(Piece(number, 0, contents.entries[number].size) for number in numbers)


# --- small files ---


def group_small(old: Contents, new: Contents, added: Sequence[int]) -> Iterator[Candidate]:
    """Yield groups of these small files with their predecessors, those left out that would gain nothing."""
    if not added:
        return
    search = _SmallSearch(old, new, added)
    ordered = sorted(added, key=lambda number: block_order(new.entries[number].path))
    group: list[int] = []
    friends: dict[int, None] = {}
    for number in ordered:
        preds = search.predecessors(number)
        if not _gains(old, new, number, preds):
            continue
        both = friends | dict.fromkeys(preds)
        if group and (_total(new, [*group, number]) > MAX_NEW_BYTES or _total(old, both) > MAX_OLD_BYTES):
            yield search.candidate(group, list(friends))
            group, both = [], dict.fromkeys(preds)
        group.append(number)
        friends = both
    if group:
        yield search.candidate(group, list(friends))


def _total(contents: Contents, numbers: Iterable[int]) -> int:
    return sum(contents.entries[number].size for number in numbers)


def _gains(old: Contents, new: Contents, number: int, preds: Sequence[int]) -> bool:
    """Tell whether a file belongs into a patch; what does not compress is fetched as its own block."""
    entry = new.entries[number]
    if entry.block is None or new.index.blocks[entry.block].codec == "zstd":
        return True
    prefix = b"".join(old.read(pred) for pred in preds)
    return (
        bool(prefix)
        and len(compress(new.read(number), prefix=prefix, level=_PROBE_LEVEL)) < entry.size * RAW_RATIO
    )


class _SmallSearch:
    """Finds predecessors of small files by path, by name and by content."""

    def __init__(self, old: Contents, new: Contents, added: Sequence[int]) -> None:
        self._old, self._new = old, new
        kept = {entry.sha256 for entry in new.entries}
        small = {n: e for n, e in enumerate(old.entries) if e.block is not None and e.size}
        self._by_path = {_tree_path(old, n): n for n in small}
        # What is gone from its path is the likeliest to have moved.
        searched = sorted(small, key=lambda n: (small[n].sha256 in kept, n))
        self._by_name = group_by_name({n: e.path for n, e in small.items() if e.sha256 not in kept})
        total = sum(entry.size for entry in small.values())
        sample = b"".join(new.read(n, 0, 2048) for n in added[:: len(added) // 100 + 1])
        self._places = Places(find_anchors(sample, total // _MAX_ANCHORS))
        left, seen = _MAX_SEARCHED_BYTES, set()
        for number in searched:
            left -= small[number].size
            if left > 0 and small[number].sha256 not in seen:
                seen.add(small[number].sha256)
                self._places.add(number, old.read(number))

    def predecessors(self, number: int) -> list[int]:
        """Return the old files that are the likeliest to help this new one."""
        entry = self._new.entries[number]
        same = self._by_path.get(_tree_path(self._new, number))
        if same is not None:
            return [same]
        named = self._by_name.get(name_key(entry.path), ())
        found, _ = self._places.find(self._new.read(number))
        sizes = [e.size for e in self._old.entries]
        likely = [nearest_size(named, sizes, entry.size)] if named else []
        return list(dict.fromkeys(likely + rank_files(found)[:_FRIENDS]))

    def candidate(self, group: Sequence[int], friends: Sequence[int]) -> Candidate:
        """Return a group with its predecessors, and as a second choice more files with the same content."""
        more = dict.fromkeys(friends)
        left = MAX_OLD_BYTES - _total(self._old, more)
        found = [place for n in group for place in self._places.find(self._new.read(n))[0]]
        for number in rank_files(found):
            if number not in more and self._old.entries[number].size <= left:
                more[number] = None
                left -= self._old.entries[number].size
        olds = dict.fromkeys((whole(self._old, sorted(friends)), whole(self._old, sorted(more))))
        return Candidate(whole(self._new, group), tuple(olds))


def _tree_path(contents: Contents, number: int) -> tuple[bool, str]:
    """Return the path of a file and whether it is an extra: two trees may have equal paths."""
    return number >= len(contents.index.files), contents.entries[number].path


# --- large files ---


def window_large(old: Contents, new: Contents, number: int) -> Iterator[Candidate]:
    """Yield the windows of one large file with the old places that hold the same content.

    None, where samples show that nothing of it is found in the old file, nor does it compress.
    """
    entry = new.entries[number]
    sources = _large_predecessors(old, new, number)
    places = _index_sources(old, new, number, sources)
    if not any(
        _is_promising(new.read(number, offset, _SAMPLE_BYTES), places) for offset in _samples(entry.size)
    ):
        return
    for offset in range(0, entry.size, MAX_NEW_BYTES):
        data = new.read(number, offset, MAX_NEW_BYTES)
        near = _cells_near(old, sources, (offset + len(data) / 2) / entry.size)
        olds = (tuple(_join_cells(old, cells)) for cells in _choose_cells(data, places, near))
        yield Candidate((Piece(number, offset, len(data)),), tuple(dict.fromkeys(olds)))


def _choose_cells(data: bytes, places: Places, near: Iterable[Place]) -> Iterator[list[Place]]:
    """Yield the cells that surely help, then as many as a patch may read, near ones too."""
    found, anchors = places.find(data)
    most = MAX_OLD_BYTES // _CELL_BYTES
    least_votes = _LEAST_SHARE * anchors * _CELL_BYTES / len(data)
    yield best_cells(found, cell_bytes=_CELL_BYTES, most=most, least_votes=least_votes)
    any_votes = best_cells(found, cell_bytes=_CELL_BYTES, most=most, least_votes=0)
    yield sorted(list(dict.fromkeys([*any_votes, *near]))[:most])


def _cells_near(old: Contents, sources: Iterable[int], share: float) -> list[Place]:
    """Return as many cells as a patch may read, those at the same share of the whole first."""
    most = MAX_OLD_BYTES // _CELL_BYTES
    cells = []
    for source in sources:
        size = old.entries[source].size
        middle = int(share * size) // _CELL_BYTES
        for cell in range(max(0, middle - most), min(-(-size // _CELL_BYTES), middle + most)):
            cells.append((abs(cell - middle), source, cell * _CELL_BYTES))
    return [(source, offset) for _, source, offset in sorted(cells)[:most]]


def _index_sources(old: Contents, new: Contents, number: int, sources: Sequence[int]) -> Places:
    entry = new.entries[number]
    largest = max([entry.size, *(old.entries[source].size for source in sources)])
    sample = new.read(number, entry.size // 2, _SAMPLE_BYTES)
    places = Places(find_anchors(sample, largest // _MAX_ANCHORS))
    for source in sources:
        for offset in range(0, old.entries[source].size, MAX_NEW_BYTES):
            places.add(source, old.read(source, offset, MAX_NEW_BYTES), offset)
    return places


def _samples(size: int) -> range:
    """Return where to look into a file of `size` bytes."""
    return range(0, size, max(size // _SAMPLES, _SAMPLE_BYTES))


def _is_promising(data: bytes, places: Places) -> bool:
    found, anchors = places.find(data)
    if len(found) > (1 - RAW_RATIO) * anchors:
        return True
    return len(compress(data, level=_PROBE_LEVEL)) < RAW_RATIO * len(data)


def _join_cells(old: Contents, cells: Iterable[tuple[int, int]]) -> Iterator[Piece]:
    """Yield cells as pieces, neighbours as one."""
    last: Piece | None = None
    for number, offset in cells:
        length = min(_CELL_BYTES, old.entries[number].size - offset)
        if last and (last.file, last.offset + last.length) == (number, offset):
            last = Piece(number, last.offset, last.length + length)
            continue
        if last:
            yield last
        last = Piece(number, offset, length)
    if last:
        yield last


def _large_predecessors(old: Contents, new: Contents, number: int) -> list[int]:
    """Return the old large file of the same path, else the likest by name and size."""
    large = {n: e for n, e in enumerate(old.entries) if e.block is None}
    same = [n for n in large if _tree_path(old, n) == _tree_path(new, number)]
    if same:
        return same
    entry = new.entries[number]
    kept = {e.sha256 for e in new.entries}

    def unlikeness(n: int) -> tuple[bool, bool, bool, int, int]:
        other: FileEntry = large[n]
        return (
            other.sha256 in kept,
            name_key(other.path) != name_key(entry.path),
            other.path.rpartition(".")[2] != entry.path.rpartition(".")[2],
            abs(other.size - entry.size),
            n,
        )

    return sorted(large, key=unlikeness)[:1]
