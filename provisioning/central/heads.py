"""The heads in the depot: for each enrolled hub one file with all metadata that it needs now."""

from collections.abc import Mapping
from pathlib import Path

from tuf.api.metadata import Root, Snapshot, Targets, Timestamp

from content_packs import depot
from content_packs.durable import write_durably
from content_packs.head import encode_head
from provisioning.central import roles
from provisioning.central.metadata import Current
from provisioning.central.wanted import Wanted


def list_head_files(current: Current, hub_id: str, packs: Mapping[str, int]) -> list[str]:
    """Return the names of the metadata files that a hub with these packs needs."""
    bins = {roles.find_bin(current.targets, depot.assignment_target(hub_id))}
    bins |= {roles.find_bin(current.targets, depot.index_path(*pack)) for pack in packs.items()}
    needed = [Timestamp.type, Snapshot.type, Targets.type, *roles.BIN_OWNERS, *sorted(bins)]
    if current.root.version > 1:
        needed.insert(0, Root.type)  # the newest one; a hub reads those between from tuf/
    return [current.name_of(role) for role in needed]


def make_head(current: Current, hub_id: str, packs: Mapping[str, int]) -> bytes:
    """Return the head of a hub with these packs."""
    return encode_head({name: current.files[name] for name in list_head_files(current, hub_id, packs)})


def write_heads(folder: Path, current: Current, wanted: Wanted) -> None:
    """Bring every head up to date; remove those of hubs that are not enrolled, and what a crash left."""
    folder.mkdir(exist_ok=True)
    for path in folder.iterdir():
        if path.name not in wanted.by_hub:
            path.unlink()
    for hub_id, packs in wanted.by_hub.items():
        data = make_head(current, hub_id, packs)
        path = folder / hub_id
        if not path.exists() or path.read_bytes() != data:
            write_durably(path, data)
