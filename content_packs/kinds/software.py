"""The kind "software": a version of the hub's own software, as wheels that need no network. No lesson.

The signed index is what a hub goes by; manifest.json is where a builder says what the wheels are for.
"""

import re
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any

from content_packs.kinds.kind import Described, Document, InstalledTree, Kind, Workshop
from content_packs.kinds.manifest import MANIFEST, check_manifest, fits_pattern, read_manifest
from content_packs.kinds.members import Member, check_members, number, text
from content_packs.source import Finding, PackSource

OURS = "classroom_hub"  # the wheel that brings the command `hub`
MAX_WHEELS = 500
_WHEEL = re.compile(
    r"[A-Za-z0-9][A-Za-z0-9_.+]*-[A-Za-z0-9_.+!]+(-\d[A-Za-z0-9_.]*)?(-[A-Za-z0-9_.]+){3}\.whl"
)
_MEMBERS: Mapping[str, Member] = {
    "software": text(100, shortest=1),
    "built_at": number(least=1),
    "needs_image": number(),
    "python": Member("a version such as 3.13", fits_pattern(r"[0-9]\.[0-9]{1,2}")),
    "machine": Member("a machine such as aarch64", fits_pattern(r"[a-z0-9_]{1,20}")),
}
_HINT = "`hub-image build` writes both beside each other: docs/howto/admin.en.md."


def check_details(details: Mapping[str, Any]) -> Iterator[str]:
    """Yield what is wrong with the members of a software pack's index."""
    yield from check_members(details, _MEMBERS)


def is_wheel(path: str) -> bool:
    """Whether a path of the content is a wheel in its first folder, by the rules for their names."""
    return PurePosixPath(path).name == path and _WHEEL.fullmatch(path) is not None


def _check(source: PackSource) -> Iterator[Finding]:
    yield from check_manifest(source, check_details, _HINT)
    paths = [file.path for file in source.files if file.path != MANIFEST]
    wheels = [path for path in paths if is_wheel(path)]
    if not any(path.startswith(f"{OURS}-") for path in wheels):
        yield Finding(source.place("."), f"has no wheel {OURS}-….whl: no command `hub` would be in it", _HINT)
    if len(wheels) > MAX_WHEELS:
        yield Finding(source.place("."), f"has {len(wheels)} wheels: expected at most {MAX_WHEELS}", _HINT)
    for path in sorted(set(paths) - set(wheels)):
        yield Finding(
            source.place(path), "is no wheel: no hub installs it", severity="warning", code="beside"
        )


def _describe(source: PackSource, _: Workshop) -> Described:
    return Described(read_manifest(source, _MEMBERS), {})


def _documents(_: InstalledTree) -> Iterator[Document]:
    """Yield nothing: it is no lesson."""
    yield from ()


KIND = Kind("software", check_details, _check, _describe, _documents, for_learners=False)
