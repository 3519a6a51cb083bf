"""Find what resembles what, by content: anchors are places that content itself picks out, wherever it moved.

An anchor is a place where a pair of bytes from two small sets stands; what follows it is looked up. So a
window finds its former place after an insertion, and a file its former self under another name.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

_KEY_BYTES = 24  # what follows an anchor, and must be the same on both sides
_SAMPLE_BYTES = 256 * 1024
_MAX_PLACES = 8  # of one key; what is to be found everywhere says nothing
_MIN_SPACING = 64  # bytes between anchors, on the average, at least
Place = tuple[int, int]  # file number, offset


def find_anchors(sample: bytes, spacing: int) -> re.Pattern[bytes]:
    """Return a pattern that matches about every `spacing` bytes of data like `sample`: the same for the same.

    Both bytes of the pair come from one set of byte values, which grows until pairs are frequent enough.
    """
    sample = sample[:_SAMPLE_BYTES]
    wanted = max(len(sample) // max(spacing, _MIN_SPACING), 1)
    counts = Counter(sample)
    pairs = Counter(pairwise(sample))
    chosen: list[int] = []
    found = 0
    # The frequent values of text and of tables are in every other place: begin with those in the middle.
    by_count = sorted(counts, key=lambda value: (counts[value], value), reverse=True)
    for value in by_count[len(by_count) // 8 :]:
        more = pairs[value, value] + sum(pairs[value, v] + pairs[v, value] for v in chosen)
        if found + more > 4 * wanted:
            continue
        chosen.append(value)
        found += more
        if found >= wanted:
            break
    if found < wanted / 8 and pairs:  # few words, over and over: any pair is frequent
        rarest = min(pairs, key=lambda pair: (pairs[pair], pair))
        return re.compile(re.escape(bytes(rarest)), re.DOTALL)
    values = b"".join(re.escape(bytes([value])) for value in sorted(chosen or counts or [0]))
    return re.compile(b"[" + values + b"]{2}", re.DOTALL)


def anchor_keys(data: bytes, anchors: re.Pattern[bytes]) -> Iterator[tuple[int, bytes]]:
    """Yield (offset, the bytes from there on) of each anchor that has enough after it."""
    last = len(data) - _KEY_BYTES
    for match in anchors.finditer(data):
        offset = match.start()
        if offset > last:
            return
        yield offset, data[offset : offset + _KEY_BYTES]


@dataclass
class Places:
    """Where each key stands in the old files."""

    anchors: re.Pattern[bytes]
    by_key: dict[bytes, list[Place]] = field(default_factory=dict)

    def add(self, number: int, data: bytes, offset: int = 0) -> None:
        """Take in the bytes of an old file from `offset` on."""
        for at, key in anchor_keys(data, self.anchors):
            places = self.by_key.setdefault(key, [])
            if len(places) <= _MAX_PLACES:
                places.append((number, offset + at))

    def find(self, data: bytes) -> tuple[list[Place], int]:
        """Return the old places of what these bytes hold, and how many anchors they have."""
        found: list[Place] = []
        count = 0
        for _, key in anchor_keys(data, self.anchors):
            count += 1
            places = self.by_key.get(key, ())
            if len(places) <= _MAX_PLACES:
                found += places
        return found, count


def rank_files(places: Iterable[Place]) -> list[int]:
    """Return the files that were found, the most often found first."""
    votes = Counter(number for number, _ in places)
    return sorted(votes, key=lambda number: (-votes[number], number))


def best_cells(places: Iterable[Place], *, cell_bytes: int, most: int, least_votes: float) -> list[Place]:
    """Return at most `most` cells (file, offset) that were found most often, in the order of the files."""
    votes = Counter((number, offset // cell_bytes) for number, offset in places)
    ranked = sorted((cell for cell in votes if votes[cell] >= least_votes), key=lambda c: (-votes[c], c))
    return [(number, cell * cell_bytes) for number, cell in sorted(ranked[:most])]


_STEM = re.compile(r"[0-9a-f]{6,}|[0-9]+")


def name_key(path: str) -> str:
    """Return a path without what builds and editions put into names: `js/main.3f2a9c.js` is `js/main..js`."""
    return _STEM.sub("", path.lower())


def group_by_name(paths: Mapping[int, str]) -> dict[str, list[int]]:
    """Return file numbers by `name_key`."""
    groups: dict[str, list[int]] = defaultdict(list)
    for number, path in paths.items():
        groups[name_key(path)].append(number)
    return groups


def nearest_size(numbers: Sequence[int], sizes: Sequence[int], size: int) -> int:
    """Return the file whose size is nearest to `size`; of equals the first."""
    return min(numbers, key=lambda number: (abs(sizes[number] - size), number))
