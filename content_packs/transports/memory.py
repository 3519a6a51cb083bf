"""A depot in a dict, for tests of what lies above: as the others to the byte, and it can be cut at any."""

from collections.abc import Generator, Mapping, MutableMapping, Sequence
from typing import Self

from content_packs.errors import LinkDownError
from content_packs.transports import rules
from content_packs.transports.transport import Range

PIECE_BYTES = 32 * 1024


class MemoryTransport:
    """Reads and writes `files` (path → content), which several transports may share.

    After `cut_after_bytes`, of both directions together, the link is down for good; None: never.
    """

    def __init__(
        self,
        files: MutableMapping[str, bytes],
        *,
        cut_after_bytes: int | None = None,
        read_only: bool = False,
        piece_bytes: int = PIECE_BYTES,
    ) -> None:
        self._files = files
        self._left_bytes = cut_after_bytes
        self._read_only = read_only
        self._piece_bytes = piece_bytes
        self._received_bytes = self._sent_bytes = 0
        self._is_down = False

    @property
    def url(self) -> str:
        """A name for messages."""
        return "memory:"

    def read_files(self, paths: Sequence[str], *, max_bytes: int) -> list[bytes | None]:
        """See Transport."""
        for path in paths:
            rules.check_depot_path(path)
        return [self._read_file(path, max_bytes) for path in paths]

    def read_ranges(self, ranges: Sequence[Range]) -> Generator[tuple[Range, bytes]]:
        """See Transport."""
        rules.check_ranges(ranges)
        for wanted in ranges:
            content = self._content(wanted.path)
            if content is None:
                raise rules.missing(wanted.path)
            at, end = wanted.offset, wanted.offset + wanted.length
            while at < end:
                piece = content[at : min(at + self._piece_bytes, end)]
                if not piece:
                    raise rules.ends_early(wanted, at)
                at += len(piece)
                yield from self._received(wanted, piece)

    def write_files(self, folder: str, files: Mapping[str, bytes]) -> None:
        """See Transport."""
        for name in files:
            rules.check_new_name(folder, name)
        if self._read_only:
            raise rules.not_writable(folder, "it is read-only")
        for name, data in files.items():
            path = f"{folder}/{name}"
            if self._content(path) is None:
                self._sent_bytes += self._carried(len(data))
                self._check_link()
                self._files[path] = bytes(data)

    @property
    def received_bytes(self) -> int:
        """See Transport."""
        return self._received_bytes

    @property
    def sent_bytes(self) -> int:
        """See Transport."""
        return self._sent_bytes

    def close(self) -> None:
        """See Transport."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def _read_file(self, path: str, max_bytes: int) -> bytes | None:
        content = self._content(path)
        if content is None:
            return None
        self._received_bytes += self._carried(min(len(content), max_bytes + 1))
        self._check_link()
        if len(content) > max_bytes:
            raise rules.too_large(path, max_bytes)
        return content

    def _content(self, path: str) -> bytes | None:
        self._check_link()
        if any(name.startswith(f"{path}/") for name in self._files):
            raise rules.not_a_file(path)
        return self._files.get(path)

    def _received(self, wanted: Range, piece: bytes) -> Generator[tuple[Range, bytes]]:
        self._check_link()
        arrived = piece[: self._carried(len(piece))]
        self._received_bytes += len(arrived)
        if arrived:
            yield wanted, arrived
        self._check_link()

    def _carried(self, size_bytes: int) -> int:
        """Return how much of the next `size_bytes` gets through."""
        if self._left_bytes is None:
            return size_bytes
        carried = min(size_bytes, self._left_bytes)
        self._left_bytes -= carried
        self._is_down = carried < size_bytes
        return carried

    def _check_link(self) -> None:
        if self._is_down:
            raise LinkDownError("the link to the depot in memory was cut", hint="It was told to.")
