"""A depot in a folder behind a link that is cut at any byte, and where something may happen at any read."""

from collections import Counter
from collections.abc import Callable, Generator, Mapping, Sequence
from pathlib import Path
from typing import Self

from content_packs.errors import LinkDownError
from content_packs.transports import rules
from content_packs.transports.local import open_local
from content_packs.transports.transport import Range


class CutFolder:
    """See Transport. The link is down for good after `cut_after` bytes, of both directions together.

    `happens` is called once, before read number `at_read`: a small file, or a piece of a range.
    """

    url = "memory:a depot in a folder"  # no folder by its scheme: so it counts as an uplink

    def __init__(
        self,
        depot: Path,
        *,
        cut_after: int | None = None,
        read_only: bool = False,
        at_read: int | None = None,
        happens: Callable[[], None] = lambda: None,
    ) -> None:
        self._inner = open_local(depot)
        self._left, self._read_only = cut_after, read_only
        self._until_it_happens, self._happens = at_read, happens
        self.received_bytes = self.sent_bytes = 0
        self.read: Counter[str] = Counter()  # path → bytes

    def read_files(self, paths: Sequence[str], *, max_bytes: int) -> list[bytes | None]:
        found = []
        for path in paths:
            self._look()
            [data] = self._inner.read_files([path], max_bytes=max_bytes)
            self._receive(path, len(data or b""))
            self._check()
            found.append(data)
        return found

    def read_ranges(self, ranges: Sequence[Range]) -> Generator[tuple[Range, bytes]]:
        self._look()
        for part, data in self._inner.read_ranges(ranges):
            if came := self._receive(part.path, len(data)):
                yield part, data[:came]
            self._check()
            self._look()

    def write_files(self, folder: str, files: Mapping[str, bytes]) -> None:
        if self._read_only:
            raise rules.not_writable(folder, "it is read-only")
        for name, data in files.items():
            self.sent_bytes += self._carried(len(data))
            self._check()
            self._inner.write_files(folder, {name: data})

    def close(self) -> None:
        self._inner.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def _receive(self, path: str, size: int) -> int:
        came = self._carried(size)
        self.received_bytes += came
        self.read[path] += came
        return came

    def _carried(self, size: int) -> int:
        """Return how much of the next bytes gets through; less than all is the end of the link."""
        if self._left is None:
            return size
        carried = min(size, max(0, self._left))
        self._left -= size
        return carried

    def _check(self) -> None:
        if self._left is not None and self._left < 0:
            raise LinkDownError("the link was cut", hint="It was told to be.")

    def _look(self) -> None:
        if self._until_it_happens is None:
            return
        self._until_it_happens -= 1
        if self._until_it_happens < 0:
            self._until_it_happens = None
            self._happens()
