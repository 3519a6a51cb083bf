"""Decide how a version comes here: by a delta, a chain of deltas, blocks, or a mixture. Pure.

Sizes in signed metadata choose the deltas whose heads are read. With the heads read it is known what each
patch makes and what this disk lacks, and every patch is weighed against the blocks that it would save.
"""

import hashlib
from collections.abc import Callable, Collection, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from content_packs import depot
from content_packs.built import entries_by_block
from content_packs.delta import Patch
from content_packs.depot import SLICE_BYTES
from content_packs.index import Block, FileEntry, Index, LargeObject
from content_packs.trust import DeltaOffer, Offer

_SMALL = -1  # where a large file has the number of a slice
FileSlice = tuple[str, int]  # SHA-256 of a file, and which slice of it: what is there or is not


def find_route(
    offer: Offer, whole: Collection[int], is_barred: Callable[[DeltaOffer], bool]
) -> tuple[DeltaOffer, ...]:
    """Return the deltas that lead from a version in `whole` to that of the offer with the fewest bytes.

    None where there are none, or where a hub without any version would fetch less.
    """
    cheapest: dict[int, tuple[int, tuple[DeltaOffer, ...]]] = dict.fromkeys(whole, (0, ()))
    for delta in sorted(offer.deltas, key=lambda d: (d.from_version, d.to_version)):
        if delta.from_version not in cheapest or is_barred(delta):
            continue
        size, route = cheapest[delta.from_version]
        candidate = (size + delta.size, (*route, delta))
        if delta.to_version not in cheapest or candidate[0] < cheapest[delta.to_version][0]:
            cheapest[delta.to_version] = candidate
    size, route = cheapest.get(offer.version, (0, ()))
    return route if size < offer.index_length + offer.download_bytes else ()


@dataclass(frozen=True, slots=True)
class RouteStep:
    """One delta of a route, its head read. Files are (SHA-256, bytes), by their number."""

    path: str
    index_json_sha256: str  # of the later version
    patches: tuple[Patch, ...]
    old: tuple[tuple[str, int], ...]
    new: tuple[tuple[str, int], ...]
    objects: Mapping[str, LargeObject]  # of the later version

    @property
    def name(self) -> str:
        """What the whole delta is called where it is of no use."""
        return name_delta(self.path, self.index_json_sha256)

    def name_of(self, patch: Patch) -> str:
        """Return what the part of a patch is called."""
        return name_part(self.path, self.index_json_sha256, patch.start, patch.size)


def name_part(path: str, index_json_sha256: str, start: int, size: int) -> str:
    """Return a name for bytes of a delta, of the form of a SHA-256."""
    return hashlib.sha256(f"{path} {index_json_sha256} {start} {size}".encode()).hexdigest()


def name_delta(path: str, index_json_sha256: str) -> str:
    """Return a name for a whole delta, of the form of a SHA-256."""
    return name_part(path, index_json_sha256, 0, 0)


@dataclass(frozen=True, slots=True)
class PatchOf:
    """A patch of a step."""

    step: RouteStep
    patch: Patch

    @property
    def name(self) -> str:
        """What its part is called."""
        return self.step.name_of(self.patch)


@dataclass(frozen=True, slots=True)
class Parcel:
    """What is fetched as one: a patch, a block, or the slices of a large file that nothing else brings.

    `sha256` is of the bytes as they travel; of a patch it is only a name.
    """

    sha256: str
    size: int
    slices: tuple[str, ...] = ()  # of an object: the hash of each SLICE_BYTES
    block: Block | None = None
    entries: tuple[FileEntry, ...] = ()  # of a block: the files that the store lacks
    packed: tuple[tuple[LargeObject, range], ...] = ()  # of a block: the files and their slices in it
    patch: PatchOf | None = None
    brought: frozenset[int] = frozenset()  # of an object: slices that patches and blocks bring


@dataclass(frozen=True, slots=True)
class OnDisk:
    """What this disk has."""

    has: Callable[[str, int], bool]  # a whole file of that hash and size
    begun: Callable[[str], int]  # bytes of the part of that name
    slices: Callable[[LargeObject], Container[int]]  # that are there of a large file's part


def choose_parcels(
    index: Index, steps: Sequence[RouteStep], here: OnDisk, is_barred: Callable[[str], bool] = lambda _: False
) -> list[Parcel]:
    """Return what to fetch for all that `index` has and this disk lacks: patches, blocks, objects.

    Patches come in the order in which they can be applied. `is_barred` is told names of deltas and patches.
    """
    plain = _Choice(index, here)
    if not steps or not plain.needed:
        return plain.parcels()
    usable = _usable(steps, here, is_barred)
    choice = _Choice(index, here)
    choice.weigh(
        [PatchOf(step, patch) for step, patches in zip(steps, usable, strict=True) for patch in patches]
    )
    choice.add_earlier(steps, usable)
    return min(choice, plain, key=lambda one: one.cost()).parcels()


@dataclass(slots=True)
class _Choice:
    """What of an index is needed, and what was chosen to bring it."""

    index: Index
    here: OnDisk
    needed: dict[FileSlice, int | None] = field(default_factory=dict)  # → number of its block, if in one
    patches: list[PatchOf] = field(default_factory=list)
    patched: set[FileSlice] = field(default_factory=set)
    blocks: set[int] = field(default_factory=set)  # that are fetched though patches would make what they hold

    def __post_init__(self) -> None:
        for entry in self.index.all_files():
            if (entry.sha256, _SMALL) in self.needed or self.here.has(entry.sha256, entry.size):
                continue
            if entry.block is not None:
                self.needed[entry.sha256, _SMALL] = entry.block
        for obj in self.index.objects.values():
            if not self.here.has(obj.sha256, obj.size):
                there = self.here.slices(obj)
                slices = (n for n in range(len(obj.slices)) if n not in there)
                self.needed |= {(obj.sha256, n): obj.block_of(n) for n in slices}

    def weigh(self, usable: Sequence[PatchOf]) -> None:
        """Take the patches that cost less than the blocks and slices that they save."""
        makes = [[u for u in _makes(one) if u in self.needed] for one in usable]
        made = {unit for units in makes for unit in units}
        self.blocks = {block for unit, block in self._in_block() if unit not in made}
        for one, units in sorted(zip(usable, makes, strict=True), key=lambda pair: pair[0].patch.size):
            wanted = [u for u in units if u not in self.patched and self.needed[u] not in self.blocks]
            saved = {number for u in wanted if (number := self.needed[u]) is not None}
            saved_bytes = self._left(saved) + self._plain_bytes(wanted)
            if wanted and self._cost_of(one) < saved_bytes:
                self.patches.append(one)
                self.patched.update(wanted)
            else:
                self.blocks |= saved

    def add_earlier(self, steps: Sequence[RouteStep], usable: Sequence[Sequence[Patch]]) -> None:
        """Take what the chosen patches need of the versions between; put all into the order of the steps."""
        ordered: list[PatchOf] = []
        lacking: set[tuple[str, int]] = set()  # files of a step's later version
        for step, patches in zip(reversed(steps), reversed(usable), strict=True):
            chosen = {one.patch.start: one for one in self.patches if one.step is step}
            wanted = {unit for sha256, size in lacking for unit in _units(step, sha256, size, self.here)}
            wanted -= {unit for one in chosen.values() for unit in _makes(one)}
            for patch in patches:
                one = PatchOf(step, patch)
                if wanted and (brings := wanted.intersection(_makes(one))):
                    chosen[patch.start] = one
                    wanted -= brings
                    self.patched.update(self.needed.keys() & set(_makes(one)))
            old = {step.old[piece.file] for one in chosen.values() for piece in one.patch.old}
            lacking = {file for file in old if not self.here.has(*file)}
            ordered = [chosen[start] for start in sorted(chosen)] + ordered
        self.patches = ordered

    def cost(self) -> int:
        """Return how many bytes are still to travel."""
        patches = sum(self._cost_of(one) for one in self.patches)
        slices = self._plain_bytes(unit for unit in self.needed if unit not in self.patched)
        return self._left(self._block_numbers()) + patches + slices

    def parcels(self) -> list[Parcel]:
        """Return what was chosen, small blocks and objects first."""
        found = [Parcel(one.name, one.patch.size, patch=one) for one in self.patches]
        numbers = self._block_numbers()
        for number, entries in sorted(entries_by_block(self.index).items()):
            if number in numbers:
                block = self.index.blocks[number]
                wanted = tuple(e for e in entries if (e.sha256, _SMALL) in self.needed)
                found.append(Parcel(block.sha256, block.size, block=block, entries=wanted))
        lacking = [o for o in self.index.objects.values() if not self.here.has(o.sha256, o.size)]
        lacking.sort(key=lambda o: (o.size, o.sha256))
        packed = self._list_packed(lacking, numbers)
        for obj in lacking:
            for block in self.index.blocks_of(obj):
                if together := packed.pop(block.sha256, None):
                    found.append(Parcel(block.sha256, block.size, block=block, packed=tuple(together)))
            patched = (n for n in range(len(obj.slices)) if (obj.sha256, n) in self.patched)
            brought = frozenset(patched if obj.first_block is None else range(len(obj.slices)))
            found.append(Parcel(obj.sha256, obj.size, obj.slices, brought=brought))
        return found

    def _list_packed(
        self, objects: Sequence[LargeObject], numbers: set[int]
    ) -> dict[str, list[tuple[LargeObject, range]]]:
        """Return which slices lie in each block that is fetched; equal blocks are fetched once."""
        packed: dict[str, list[tuple[LargeObject, range]]] = {}
        for obj in objects:
            for number, block in enumerate(self.index.blocks_of(obj), start=obj.first_block or 0):
                if number in numbers:
                    packed.setdefault(block.sha256, []).append((obj, obj.slices_of(number)))
        return packed

    def _in_block(self) -> Iterator[tuple[FileSlice, int]]:
        yield from ((unit, block) for unit, block in self.needed.items() if block is not None)

    def _block_numbers(self) -> set[int]:
        return {block for unit, block in self._in_block() if unit not in self.patched}

    def _left(self, numbers: Iterable[int]) -> int:
        sizes = {block.sha256: block.size for block in (self.index.blocks[number] for number in numbers)}
        return sum(max(0, size - self.here.begun(sha256)) for sha256, size in sizes.items())

    def _plain_bytes(self, units: Iterable[FileSlice]) -> int:
        """Return the bytes of those slices that lie in no block."""
        plain = (unit for unit in units if self.needed[unit] is None)
        return sum(self.index.objects[sha256].length_of(number) for sha256, number in plain)

    def _cost_of(self, one: PatchOf) -> int:
        return max(0, one.patch.size - self.here.begun(one.name))


def whole_slices(obj: LargeObject, offset: int, length: int) -> range:
    """Return the slices that lie as a whole in bytes `offset` to `offset + length` of a large file."""
    end = offset + length
    return range(-(-offset // SLICE_BYTES), len(obj.slices) if end == obj.size else end // SLICE_BYTES)


def _makes(one: PatchOf) -> Iterator[FileSlice]:
    """Yield what a patch makes of the later version and what can be told to be right by itself."""
    step = one.step
    for piece in one.patch.new:
        sha256, size = step.new[piece.file]
        if (obj := step.objects.get(sha256)) is not None:
            yield from ((sha256, n) for n in whole_slices(obj, piece.offset, piece.length))
        elif (piece.offset, piece.length) == (0, size):
            yield sha256, _SMALL


def _units(step: RouteStep, sha256: str, size: int, here: OnDisk) -> set[FileSlice]:
    """Return what is lacking of one file of a step's later version."""
    if here.has(sha256, size):
        return set()
    obj = step.objects.get(sha256)
    if obj is None:
        return {(sha256, _SMALL)}
    there = here.slices(obj)
    return {(sha256, n) for n in range(len(obj.slices)) if n not in there}


def _usable(steps: Sequence[RouteStep], here: OnDisk, is_barred: Callable[[str], bool]) -> list[list[Patch]]:
    """Return for each step the patches whose old files are here, or are made by the step before."""
    usable: list[list[Patch]] = []
    made: set[str] = set()  # by the step before
    for step in steps:
        is_delta_barred = is_barred(step.name)
        good = [
            patch
            for patch in step.patches
            if not (is_delta_barred or is_barred(step.name_of(patch)))
            and all(step.old[p.file][0] in made or here.has(*step.old[p.file]) for p in patch.old)
        ]
        usable.append(good)
        units = {unit for patch in good for unit in _makes(PatchOf(step, patch))}
        made = {sha256 for sha256, size in step.new if _units(step, sha256, size, here) <= units}
    return usable


def delta_path(offer: Offer, delta: DeltaOffer) -> str:
    """Return where a delta of an offer lies in the depot."""
    return depot.delta_path(offer.pack_id, delta.to_version, delta.from_version)
