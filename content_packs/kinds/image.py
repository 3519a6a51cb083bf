"""The kind "image": one slot of a card, the read-only root and what the firmware starts. No lesson.

Not the whole image that is flashed: a hub writes it into the slot that does not run.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from content_packs.kinds.kind import Described, Document, InstalledTree, Kind, Workshop
from content_packs.kinds.manifest import MANIFEST, check_manifest, fits_pattern, read_manifest
from content_packs.kinds.members import Member, check_members, number, text
from content_packs.source import Finding, PackSource

ROOT = "root.squashfs"
STARTED = ("vmlinuz", "initrd.img", "cmdline.txt")  # what a slot's folder on the boot partition needs
TREE = ".dtb"  # and the boards' device trees
MAX_ROOT_BYTES = 1 << 30  # the partition of a slot: image/config.py
MAX_STARTED_BYTES = 110 << 20  # two slots and the firmware share 256 MB
_SQUASHFS = b"hsqs"
_MEMBERS: Mapping[str, Member] = {
    "image": text(100, shortest=1),
    "built_at": number(least=1),
    "machine": Member("a machine such as aarch64", fits_pattern(r"[a-z0-9_]{1,20}")),
}
_HINT = "`hub-image build` writes all of them: docs/howto/admin.en.md."


def check_details(details: Mapping[str, Any]) -> Iterator[str]:
    """Yield what is wrong with the members of an image pack's index."""
    yield from check_members(details, _MEMBERS)


def is_slot_file(path: str) -> bool:
    """Whether a path of the content belongs into a slot's folder on the boot partition."""
    return path in STARTED or ("/" not in path and path.endswith(TREE))


def _check(source: PackSource) -> Iterator[Finding]:
    yield from check_manifest(source, check_details, _HINT)
    files = {file.path: file for file in source.files}
    for name in (ROOT, *STARTED):
        if name not in files:
            yield Finding(source.place("."), f"has no {name}: no card starts without it", _HINT)
    if not any(path.endswith(TREE) for path in files):
        yield Finding(source.place("."), f"has no board's device tree (*{TREE})", _HINT)
    if ROOT in files:
        with files[ROOT].location.open("rb") as file:
            if file.read(len(_SQUASHFS)) != _SQUASHFS:
                yield Finding(source.place(ROOT), "is no squashfs", _HINT)
        if files[ROOT].size > MAX_ROOT_BYTES:
            words = (
                f"is {files[ROOT].size} bytes large: expected at most {MAX_ROOT_BYTES}, a slot's partition"
            )
            yield Finding(source.place(ROOT), words)
    started = sum(file.size for file in files.values() if is_slot_file(file.path))
    if started > MAX_STARTED_BYTES:
        words = f"kernel, initrd and trees are {started} bytes: expected at most {MAX_STARTED_BYTES}"
        yield Finding(source.place("."), words)
    for path in sorted(path for path in files if not is_slot_file(path) and path not in (ROOT, MANIFEST)):
        yield Finding(
            source.place(path), "is no part of a slot: no hub writes it", severity="warning", code="beside"
        )


def _describe(source: PackSource, _: Workshop) -> Described:
    return Described(read_manifest(source, _MEMBERS), {})


def _documents(_: InstalledTree) -> Iterator[Document]:
    """Yield nothing: it is no lesson."""
    yield from ()


KIND = Kind("image", check_details, _check, _describe, _documents, for_learners=False)
