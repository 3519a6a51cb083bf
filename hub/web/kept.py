"""What takes a while to make, made once and kept, however many ask at the same time. No Flask in here."""

import threading
from collections.abc import Callable, Hashable
from functools import wraps
from typing import Generic, TypeVar

from hub.library.installed import InstalledPack

T = TypeVar("T")
_MOST_PACKS = 256  # more than any hub has; a pack's own lists are in memory anyway


class Kept(Generic[T]):
    """The values made last, at most `most` of them. One is made at a time; who finds one waits for nobody."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._lock = threading.Lock()
        self._values: dict[Hashable, tuple[object, T]] = {}

    def get(self, key: Hashable, make: Callable[[], T], *, of: object = None) -> T:
        """Return the value of `key`, made anew where there is none or it was made of something else."""
        found = self._values.get(key)
        if found is not None and found[0] is of:
            return found[1]
        with self._lock:
            found = self._values.get(key)
            if found is None or found[0] is not of:
                found = (of, make())
                self._values.pop(key, None)
                self._values[key] = found
                while len(self._values) > self._most:
                    del self._values[next(iter(self._values))]
            return found[1]


def once_a_pack(make: Callable[[InstalledPack], T]) -> Callable[[InstalledPack], T]:
    """Keep what `make` returns as long as the shelf has this very pack."""
    kept: Kept[T] = Kept(_MOST_PACKS)

    @wraps(make)
    def answer(pack: InstalledPack) -> T:
        return kept.get(pack.dir, lambda: make(pack), of=pack)

    return answer
