"""Finished pages that the front door may send by itself, and how they are taken back.

run/pages → a folder in memory, made by the portal at its start; worthless, and gone, after a reboot
    current → one generation: the pages of the library as it is now; missing while nobody vouches for any
    static/   the stylesheet and icons, under names that hold their hash

The rule: who changes what is installed holds the lock, takes `current` away, commits, and only then lets go.
The portal adds a page under the same lock, and only where hub.db is still what it was when the page was
begun. So no page of the old library can be there once the new one is: docs/adr/0012.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from content_packs.durable import locked
from hub.settings import HubPaths

CURRENT = "current"
STATIC = "static"
LOCK = "pages"


@contextmanager
def withdrawn(paths: HubPaths) -> Iterator[None]:
    """Take all finished pages back, and let none be made until the caller has committed the change.

    Raises:
        OSError: the disk refuses; nothing may be changed.
    """
    with locked(paths.lock(LOCK), doing="changing the library", wait=True):
        (paths.pages / CURRENT).unlink(missing_ok=True)
        yield
