"""Fetch what a pack needs and the store lacks: every byte once, checked, resumed where it stopped."""

from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime
from typing import BinaryIO, Protocol

from content_packs import depot
from content_packs.blocks import unpack_block, unpack_slices
from content_packs.errors import (
    BadDataError,
    Error,
    HashMismatchError,
    IdentityError,
    LinkTimeoutError,
    LocalError,
)
from content_packs.index import Index, LargeObject
from content_packs.transports.transport import Range, Transport
from hub.library.parts import SlicedPart
from hub.library.store import Store
from hub.sync import deltas
from hub.sync.route import OnDisk, Parcel, PatchOf, RouteStep, choose_parcels
from hub.sync.wrong import WrongBytes

Advance = Callable[[int], None]

_MOST_PATCHES_BARRED = 100  # of a delta with more that are of no use nothing is asked for any more
_DAMAGED = "The depot is damaged: the office should check its disk and publish the pack again."


def list_parcels(
    index: Index, store: Store, steps: Sequence[RouteStep] = (), wrong: WrongBytes | None = None
) -> list[Parcel]:
    """Return the patches, blocks and objects that bring every file which the store lacks."""
    is_barred = wrong.is_barred if wrong is not None else _nothing_is_barred
    return choose_parcels(index, steps, look_on_disk(store), is_barred)


def _nothing_is_barred(_: str) -> bool:
    return False


def look_on_disk(store: Store) -> OnDisk:
    """Return what the store has, as `choose_parcels` asks for it."""

    def slices(obj: LargeObject) -> set[int]:
        return store.open_sliced(obj.sha256, obj.size, obj.slices).good

    return OnDisk(lambda sha256, size: store.find(sha256, size) is not None, store.part_size, slices)


def missing_bytes(parcels: Sequence[Parcel], store: Store) -> int:
    """Return how many bytes are still to travel."""
    return sum(_left(parcel, store) for parcel in parcels)


def _left(parcel: Parcel, store: Store) -> int:
    if not parcel.slices:
        return max(0, parcel.size - store.part_size(parcel.sha256))
    part = store.open_sliced(parcel.sha256, parcel.size, parcel.slices)
    return sum(length for _, length in part.missing(but=parcel.brought))


def fetch_parcels(
    index: Index,
    transport: Transport,
    store: Store,
    advance: Advance,
    *,
    steps: Sequence[RouteStep] = (),
    wrong: WrongBytes | None = None,
    notes: list[str] | None = None,
) -> None:
    """Fetch all that `index` needs and `store` lacks, in one pipelined run.

    What was fetched and verified stays in the store whatever happens, and the next call goes on from there,
    also inside a parcel. Bytes that lay on this disk before and turn out wrong are fetched once more. Where a
    patch is of no use, blocks are fetched instead, `wrong` remembers not to ask for it again, and `notes`
    says so.

    Raises:
        HashMismatchError, NotFoundError: the depot's bytes are wrong; they were dropped.
        LinkError: the link failed; call again.
    """
    wrong = wrong or WrongBytes(None, "", datetime.now(UTC))
    # Each round that is not the last drops bytes that were on this disk, or bars a patch: there are few.
    while True:
        this = _Round(index, transport, store, advance, wrong, [] if notes is None else notes)
        if this.run(list_parcels(index, store, steps, wrong)):
            return


class _Receiver(Protocol):
    """Takes the bytes of one parcel."""

    parcel: Parcel

    def ranges(self) -> Iterator[Range]:
        """Yield where the bytes that are still missing lie in the depot."""

    def take(self, wanted: Range, data: bytes) -> None:
        """Keep bytes that came, in order."""

    def finish(self) -> bool:
        """Verify what is there and put it into the store; False: some of it is to be fetched again.

        Raises:
            BadDataError: what came from the depot just now is wrong.
        """

    def close(self) -> None:
        """Let go of files."""


class _Round:
    """One pipelined run over all parcels."""

    def __init__(
        self,
        index: Index,
        transport: Transport,
        store: Store,
        advance: Advance,
        wrong: WrongBytes,
        notes: list[str],
    ) -> None:
        self._index, self._transport, self._store = index, transport, store
        self._advance, self._wrong, self._notes = advance, wrong, notes
        self._parts: dict[str, SlicedPart] = {}
        self._again = False
        self._faults: list[BadDataError] = []
        self._lost: set[str] = set()  # large files of which a block is wrong
        self._barred: dict[str, list[str]] = {}  # delta → patches of it that are of no use
        self._noted: list[str] = []  # blocks and objects that came wrong
        self._heard: set[str] = set()  # deltas of which bytes came

    def run(self, parcels: Sequence[Parcel]) -> bool:
        """Return whether all is there; False where another round is needed.

        Raises:
            BadDataError: the first of the faults, after all that is right was fetched.
        """
        self._store.incoming.mkdir(parents=True, exist_ok=True)
        receivers = [self._receiver(parcel) for parcel in parcels if not self._is_refused(parcel)]
        try:
            self._receive(deque((receiver, list(receiver.ranges())) for receiver in receivers))
        finally:
            for receiver in receivers:
                receiver.close()
            for part in self._parts.values():
                part.close()
            self._write_wrong()
        if self._faults and not self._again:
            raise self._faults[0]
        return not self._again

    def part(self, step: RouteStep | None, sha256: str) -> SlicedPart:
        """Return the one part of a large file that this round writes to."""
        if sha256 not in self._parts:
            obj = (self._index if step is None else step).objects[sha256]
            self._parts[sha256] = self._store.open_sliced(sha256, obj.size, obj.slices)
        return self._parts[sha256]

    def _is_refused(self, parcel: Parcel) -> bool:
        until = self._wrong.until(parcel.sha256)
        if until is not None:
            self._faults.append(
                HashMismatchError(
                    f"{_what(parcel)}: came wrong from this depot several times; "
                    f"it is asked for again after {until:%Y-%m-%d %H:%M} UTC or when the office publishes",
                    hint=_DAMAGED,
                )
            )
            self._lost.update(obj.sha256 for obj, _ in parcel.packed)
        return until is not None

    def _receiver(self, parcel: Parcel) -> "_Receiver":
        if parcel.patch is not None:
            return _PatchReceiver(parcel, parcel.patch, self._store, self.part)
        if parcel.block is not None:
            return _BlockReceiver(parcel, self._index, self._store, self.part)
        return _ObjectReceiver(parcel, self.part(None, parcel.sha256), self._store)

    def _receive(self, waiting: "deque[tuple[_Receiver, list[Range]]]") -> None:
        wanted = [part for _, ranges in waiting for part in ranges]
        self._finish_whole(waiting)
        left = 0
        with closing(self._transport.read_ranges(wanted)) as stream:
            while (came := self._next(stream, waiting)) is not None:
                part, data = came
                receiver, ranges = waiting[0]
                left = left or ranges[0].length
                receiver.take(part, data)
                left -= len(data)
                self._advance(len(data))
                if not left:
                    ranges.pop(0)
                    self._finish_whole(waiting)

    def _next(
        self, stream: Iterator[tuple[Range, bytes]], waiting: "deque[tuple[_Receiver, list[Range]]]"
    ) -> tuple[Range, bytes] | None:
        """Return what comes next; None at the end, or where what follows is a delta that cannot be read."""
        patch = waiting[0][0].parcel.patch if waiting else None
        try:
            came = next(stream, None)
        except LinkTimeoutError:
            if patch is not None and patch.step.name not in self._heard:
                self._wrong.note_silence(patch.step.name)
            raise
        except (BadDataError, LocalError, IdentityError) as error:
            if patch is None:
                raise
            self._bar_delta(patch.step, error)
            return None
        if patch is not None and patch.step.name not in self._heard:
            self._heard.add(patch.step.name)
            self._wrong.forget_silence(patch.step.name)
        return came

    def _finish_whole(self, waiting: "deque[tuple[_Receiver, list[Range]]]") -> None:
        """Finish those at the front that wait for nothing more, in their order: patches build on patches."""
        while waiting and not waiting[0][1]:
            self._finish(waiting.popleft()[0])

    def _finish(self, receiver: "_Receiver") -> None:
        if receiver.parcel.sha256 in self._lost:
            return
        try:
            if not receiver.finish():
                self._again = True
        except BadDataError as error:
            self._bar(receiver.parcel, error)

    def _bar_delta(self, step: RouteStep, error: Error) -> None:
        """Without a delta's file none of its patches comes; without another file the pack does not."""
        self._wrong.bar(step.name)
        self._notes.append(f"{error.message}; blocks are fetched instead")
        self._again = True

    def _bar(self, parcel: Parcel, error: BadDataError) -> None:
        if parcel.patch is not None:
            barred = self._barred.setdefault(parcel.patch.step.name, [])
            if not barred:
                self._notes.append(f"{error.message}; blocks are fetched instead")
            barred.append(parcel.sha256)
            self._again = True
        else:
            self._noted.append(parcel.sha256)
            self._faults.append(error)
            self._lost.update(obj.sha256 for obj, _ in parcel.packed)

    def _write_wrong(self) -> None:
        """Remember what came wrong in this round, at once: what is remembered has a bound."""
        for delta, patches in self._barred.items():
            self._wrong.bar(*(patches if len(patches) <= _MOST_PATCHES_BARRED else [delta]))
        self._wrong.note(*self._noted)


class _Appended(ABC):
    """Collects a parcel that is verified as a whole in its part file, from front to back."""

    def __init__(self, parcel: Parcel, store: Store) -> None:
        self.parcel = parcel
        self.store = store
        self.path = store.resume_part(parcel.sha256, parcel.size)
        self.size = self.path.stat().st_size if self.path.is_file() else 0
        self.was_resumed = self.size > 0
        self._file: BinaryIO | None = None

    def take(self, _: Range, data: bytes) -> None:
        if self._file is None:
            self._file = self.path.open("ab", buffering=0)
        view = memoryview(data)
        while view:
            view = view[self._file.write(view) :]
        self.size += len(data)

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None

    def finish(self) -> bool:
        self.close()
        try:
            self.use(self.path.read_bytes())
        except BadDataError:
            self.path.unlink()
            if self.was_resumed:
                return False
            raise
        self.path.unlink()
        return True

    @abstractmethod
    def use(self, data: bytes) -> None:
        """Verify the whole parcel and put what it holds into the store; BadDataError where it is wrong."""


class _BlockReceiver(_Appended):
    def __init__(self, parcel: Parcel, index: Index, store: Store, parts: deltas.Parts) -> None:
        super().__init__(parcel, store)
        self._pack, self._parts = index.pack, parts

    def ranges(self) -> Iterator[Range]:
        block = self.parcel.block
        if block is not None and self.size < block.size:
            path = depot.blocks_path(self._pack.id, self._pack.version, block.part)
            yield Range(path, block.start + self.size, block.size - self.size)

    def use(self, data: bytes) -> None:
        block, entries = self.parcel.block, self.parcel.entries
        assert block is not None, "a block's receiver has a block"  # noqa: S101
        try:
            if self.parcel.packed:
                self._write_slices(unpack_slices(block, data))
            for entry, content in unpack_block(block, data, entries) if entries else ():
                self.store.add(entry.sha256, content)
        except BadDataError as error:
            raise _wrong_bytes(self.parcel) from error

    def _write_slices(self, slices: Iterator[bytes]) -> None:
        """Put slices into the parts of large files; what a patch or an earlier run brought stays."""
        lacking = [one for one in self.parcel.packed if self.store.find(one[0].sha256, one[0].size) is None]
        for place, data in enumerate(slices):
            for obj, numbers in lacking:
                part, number = self._parts(None, obj.sha256), numbers[place]
                if number not in part.good and part.write(number * depot.SLICE_BYTES, data):
                    raise HashMismatchError(f"object {obj.sha256[:12]}…: slice {number}: another one came")


class _PatchReceiver(_Appended):
    def __init__(self, parcel: Parcel, one: PatchOf, store: Store, parts: deltas.Parts) -> None:
        super().__init__(parcel, store)
        self._one, self._parts = one, parts

    def ranges(self) -> Iterator[Range]:
        patch = self._one.patch
        if self.size < patch.size:
            yield Range(self._one.step.path, patch.start + self.size, patch.size - self.size)

    def use(self, data: bytes) -> None:
        deltas.apply(self._one, data, self.store, self._parts)


class _ObjectReceiver:
    """Collects slices of a large file, each where it belongs."""

    def __init__(self, parcel: Parcel, part: SlicedPart, store: Store) -> None:
        self.parcel = parcel
        self._part, self._store = part, store
        self._offset = 0
        self._at: Range | None = None
        self._wrong = False
        self._starts: dict[Range, int] = {}

    def ranges(self) -> Iterator[Range]:
        for offset, length in self._part.missing(but=self.parcel.brought):
            while length:
                number, inside = divmod(offset, depot.PART_BYTES)
                step = min(depot.PART_BYTES - inside, length)
                wanted = Range(depot.object_part_path(self.parcel.sha256, number), inside, step)
                self._starts[wanted] = offset
                yield wanted
                offset, length = offset + step, length - step

    def take(self, wanted: Range, data: bytes) -> None:
        if wanted != self._at:
            self._at, self._offset = wanted, self._starts[wanted]
        if self._part.write(self._offset, data):
            self._wrong = True
        self._offset += len(data)

    def finish(self) -> bool:
        if self._wrong:
            raise _wrong_bytes(self.parcel)
        if not self._part.is_whole:
            return False  # a slice that began in an earlier run, or that a patch should have brought
        if self._store.find(self.parcel.sha256, self.parcel.size) is not None:
            return True
        return deltas.finish_object(self._part, self.parcel.sha256, self._store)

    def close(self) -> None:
        self._part.close()


def _what(parcel: Parcel) -> str:
    return f"{'block' if parcel.block else 'object'} {parcel.sha256[:12]}…"


def _wrong_bytes(parcel: Parcel) -> HashMismatchError:
    return HashMismatchError(f"{_what(parcel)}: the depot's bytes do not have the signed hash", hint=_DAMAGED)
