"""The one small interface between a depot, wherever it lies, and those who read it."""

from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, Self


@dataclass(frozen=True, slots=True)
class Range:
    """Bytes `offset` to `offset + length` of one depot file; `length` may be 0."""

    path: str
    offset: int
    length: int


class Transport(Protocol):
    """Reads a depot. Paths are relative, with `/`, as in docs/format/depot-v1.md.

    Every method raises only LinkError, IdentityError, LocalError and, for what is permanently wrong with
    one file, BadDataError. No step waits longer than its timeout. Not safe for use by two threads at once.
    """

    @property
    def url(self) -> str:
        """Where the depot is, as the settings name it; for messages."""

    def read_files(self, paths: Sequence[str], *, max_bytes: int) -> list[bytes | None]:
        """Return the whole content of small files in the order asked; None for a file that is not there.

        All are asked for at once: on a slow link this costs the round trips of one file.

        Raises:
            BadDataError: a file is larger than `max_bytes`.
        """

    def read_ranges(self, ranges: Sequence[Range]) -> Generator[tuple[Range, bytes]]:
        """Yield the bytes of each range, in order, in pieces of the transport's choosing, none empty.

        Requests are kept in flight across ranges and files, so many small ranges cost no round trip each.
        A caller may stop early by closing the iterator; the transport stays usable.

        Raises:
            NotFoundError: a file is not there, or ends before the range does.
        """

    def write_files(self, folder: str, files: Mapping[str, bytes]) -> None:
        """Put small new files (name → content) into a folder of the depot, each whole.

        A file that is there already under its name stays as it is: names say what is in them. All are sent at
        once. After an error of the depot's disk one may lie there broken; it is to be sent again. May be
        called between two pieces of `read_ranges`, which goes on afterwards.

        Raises:
            NotWritableError: this depot takes nothing from hubs (read-only, https, a neighbour).
        """

    @property
    def received_bytes(self) -> int:
        """Bytes that came from the depot so far, as close to the wire as this transport can count."""

    @property
    def sent_bytes(self) -> int:
        """Bytes that went to the depot so far."""

    def close(self) -> None:
        """Let go of the connection; safe to call twice."""

    def __enter__(self) -> Self: ...
    def __exit__(self, *exc: object) -> None: ...
