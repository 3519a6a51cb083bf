"""What removing versions of a pack would free: exact, since files that others link to stay."""

from collections import Counter
from collections.abc import Container

from content_packs.errors import BadDataError
from hub.library import installed
from hub.library.store import Store
from hub.settings import HubPaths
from hub.sync.plan import Room


def measure_room(paths: HubPaths, store: Store, pack_id: str, *, keep: Container[str]) -> Room:
    """Return what the versions of a pack hold that no other tree links to and `keep` does not name.

    A tree whose index cannot be read counts for nothing.
    """
    current = installed.current_version(paths, pack_id)
    kept = tuple(v for v in installed.list_trees(paths, pack_id) if v != current)
    of_kept = _count_links(paths, pack_id, kept)
    of_all = of_kept + _count_links(paths, pack_id, () if current is None else (current,))
    return Room(current, kept, _freed(store, of_kept, keep), _freed(store, of_all, keep))


def _count_links(paths: HubPaths, pack_id: str, versions: tuple[int, ...]) -> Counter[str]:
    """Return how often each file is linked to from these trees, by its SHA-256."""
    links: Counter[str] = Counter()
    for version in versions:
        try:
            index = installed.read_installed_index(paths, pack_id, version)
        except (BadDataError, OSError):
            continue
        links.update(entry.sha256 for entry in index.all_files())
    return links


def _freed(store: Store, links: Counter[str], keep: Container[str]) -> int:
    freed = 0
    for sha256, count in links.items():
        try:
            status = store.path(sha256).stat()
        except FileNotFoundError:
            continue
        if sha256 not in keep and status.st_nlink <= count + 1:
            freed += status.st_size
    return freed
