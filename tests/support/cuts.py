"""A link that is cut after so many bytes."""

from collections.abc import Iterable, Iterator

from content_packs.errors import LinkDownError
from content_packs.transports.transport import Range, Transport


class CutTransport:
    """Reads from another transport until the link is cut, and counts what it gave."""

    def __init__(self, inner: Transport, cut_after: int | None = None) -> None:
        self.inner, self.cut_after, self.given = inner, cut_after, 0

    def read_ranges(self, ranges: Iterable[Range]) -> Iterator[tuple[Range, bytes]]:
        for part, data in self.inner.read_ranges(ranges):
            left = len(data) if self.cut_after is None else min(len(data), self.cut_after - self.given)
            if left:
                self.given += left
                yield part, data[:left]
            if left < len(data):
                raise LinkDownError("cut")
