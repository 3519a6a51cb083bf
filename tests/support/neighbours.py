"""A hub that shares: the files of a built pack in its store, as after an install, and a real portal."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from content_packs.built import BuiltPack
from content_packs.contents import contents_of
from content_packs.depot import INDEX_NAME
from hub.library.store import Store
from hub.settings import HubPaths
from hub.sync.neighbour_http import Patience
from support.serving import Served, serving, write_settings

HURRIED = Patience(connect_s=1, silence_s=1, answer_s=2, busy_s=1, window_s=1)


def put_in_store(built: BuiltPack, paths: HubPaths) -> None:
    """Keep the files of a built pack and its index where an install keeps them."""
    store = Store(paths.store, "")
    contents = contents_of(built)
    for number, entry in enumerate(contents.entries):
        _write(store.path(entry.sha256), contents.read(number))
    tree = paths.packs / built.index.pack.id / str(built.index.pack.version)
    tree.mkdir(parents=True)
    shutil.copyfile(built.folder / INDEX_NAME, tree / INDEX_NAME)


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


@contextmanager
def sharing(built: BuiltPack, folder: Path) -> Iterator[Served]:
    """Yield the portal of a hub in `folder` that has a pack."""
    paths = HubPaths(folder)
    put_in_store(built, paths)
    write_settings(paths, "[kiwix]\nenabled = false\n")
    with serving(paths) as served:
        yield served
