"""Deltas of published packs: from which versions, which are kept, and what the metadata say of them."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path

from content_packs import depot
from content_packs.built import BuiltPack
from content_packs.contents import Contents, contents_in_depot, contents_of
from content_packs.delta_build import MadeDelta, added_bytes, blocks_cost, write_delta
from content_packs.errors import BadDataError, local_error
from provisioning.central.fleet import DeltaRow, Published
from provisioning.central.office import readable_by_hubs

MAX_SOURCES = 3  # versions that a delta is made from
MAX_CHAIN_STEPS = 3  # steps between earlier versions that the metadata of a version name besides
KEEP_NEWEST = 0.90  # of what a hub would fetch of blocks: above, a delta is not worth its place
KEEP_OLDER = 0.50  # of the full download: hubs that far behind are few
Advance = Callable[[int], None]
Progress = Callable[[str, int], AbstractContextManager[Advance]]  # label, bytes of new files in all


@dataclass(frozen=True, slots=True)
class OfferedDelta:
    """A delta on offer: bytes of `from_version` make those of `to`."""

    delta: DeltaRow
    to: Published


def choose_sources(version: int, on_disk: Iterable[int], held: Iterable[int]) -> list[int]:
    """Return the versions to make deltas from, newest first: the one before, then what hubs may have."""
    earlier = sorted((v for v in on_disk if v < version), reverse=True)
    wanted = set(held)
    return [v for v in earlier if v == earlier[0] or v in wanted][:MAX_SOURCES]


def is_worth_keeping(made: MadeDelta, *, of_blocks: int, download_bytes: int, is_newest: bool) -> bool:
    """Tell whether a delta saves enough; `of_blocks` is what a hub would fetch without it."""
    if made.cost > KEEP_NEWEST * of_blocks:
        return False
    return is_newest or made.cost < KEEP_OLDER * download_bytes


def list_steps(pack: Published, packs: Iterable[Published], rows: Iterable[DeltaRow]) -> list[OfferedDelta]:
    """Return the deltas that lead to a version: those that end there, then steps that lead to their starts.

    A step ends at a version that is on offer, since only then its file stays for as long as it is named.
    """
    on_offer = {p.version: p for p in packs if p.pack_id == pack.pack_id and p.on_offer}
    steps = [
        OfferedDelta(row, on_offer[row.version])
        for row in sorted(rows, key=lambda row: (row.version, row.from_version), reverse=True)
        if row.pack_id == pack.pack_id and row.version in on_offer and row.version <= pack.version
    ]
    direct = [step for step in steps if step.delta.version == pack.version]
    reached = {step.delta.from_version for step in direct}
    chain: list[OfferedDelta] = []
    for step in steps:
        if step.delta.version in reached and step.delta.from_version not in reached:
            reached.add(step.delta.from_version)
            chain.append(step)
    return direct + chain[:MAX_CHAIN_STEPS]


def make_deltas(
    folder: Path,
    built: BuiltPack,
    sources: Sequence[int],
    *,
    builts: Mapping[tuple[str, int], BuiltPack],
    into: Path | None = None,
    progress: Progress = lambda *_: nullcontext(lambda _: None),
) -> list[DeltaRow]:
    """Write the deltas to a built pack into the depot in `folder`, and return those that are worth keeping.

    `builts` are versions that may not be in the depot yet. With `into` the files go there instead, which
    is how to learn their sizes. An earlier version that is damaged in the depot gets no delta.

    Raises:
        LocalError: the disk refuses.
    """
    pack = built.index.pack
    new = contents_of(built)
    rows = []
    for source in sources:
        target = (into or folder) / depot.delta_path(pack.id, pack.version, source)
        known = builts.get((pack.id, source))
        try:
            old = contents_of(known) if known else contents_in_depot(folder, pack.id, source)
            made = _make(old, new, target, f"{pack.id} v{source} → v{pack.version}", progress)
        except BadDataError:
            continue  # hubs fetch blocks; `central gc` and `packs verify` name the damage
        if is_worth_keeping(
            made,
            of_blocks=blocks_cost(old, new),
            download_bytes=built.index.download_bytes,
            is_newest=source == sources[0],
        ):
            rows.append(DeltaRow(pack.id, pack.version, source, made.size, made.head_size))
        else:
            target.unlink(missing_ok=True)
    return rows


def _make(old: Contents, new: Contents, target: Path, label: str, progress: Progress) -> MadeDelta:
    try:
        with readable_by_hubs(), progress(f"patching {label}", added_bytes(old, new)) as advance:
            target.parent.mkdir(parents=True, exist_ok=True)
            return write_delta(old, new, target, advance=advance)
    except OSError as error:
        raise local_error(error, f"writing {target}") from error
