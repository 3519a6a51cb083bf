"""What a kind finds out about a source, outside of a build."""

from contextlib import nullcontext
from pathlib import Path

from content_packs.kinds import KINDS
from content_packs.kinds.kind import Described, Workshop
from content_packs.source import PackSource


def describe(source: PackSource, folder: Path) -> Described:
    """Describe `source`; its extras lie in `folder`, which is made."""
    folder.mkdir(parents=True)
    return KINDS[source.values["kind"]].describe(
        source, Workshop(folder, lambda *_: nullcontext(lambda _: None))
    )
