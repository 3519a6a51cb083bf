"""A depot in a folder: on this disk, or on a stick that somebody carried here."""

import contextlib
import errno
import os
import stat
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Self

from content_packs.errors import LocalError, local_error
from content_packs.transports import rules
from content_packs.transports.transport import Range

PIECE_BYTES = 1024 * 1024
_FILE_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC  # NONBLOCK: a FIFO must not stop us
_FOLDER_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_DIRECTORY | os.O_CLOEXEC


def open_local(folder: Path) -> "LocalTransport":
    """Open the depot in `folder`.

    Raises:
        LocalError: no such folder, or it cannot be read.
    """
    try:
        root = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise LocalError(
            f"{folder}: no such folder",
            hint="Plug the stick in and wait until it is mounted, or correct the path.",
        ) from error
    except OSError as error:
        raise local_error(error, f"opening the depot {folder}") from error
    return LocalTransport(folder, root)


class LocalTransport:
    """Reads a depot folder; never follows a link and never leaves the folder."""

    def __init__(self, folder: Path, root: int) -> None:
        self._folder = folder
        self._root = root

    @property
    def url(self) -> str:
        """The folder."""
        return str(self._folder)

    def read_files(self, paths: Sequence[str], *, max_bytes: int) -> list[bytes | None]:
        """See Transport."""
        return [self._read_file(path, max_bytes) for path in paths]

    def _read_file(self, path: str, max_bytes: int) -> bytes | None:
        with self._reading(path), self._opened(path) as file:
            if file is None:
                return None
            pieces = []
            left = max_bytes + 1
            while left and (piece := os.read(file, min(left, PIECE_BYTES))):
                pieces.append(piece)
                left -= len(piece)
        if not left:
            raise rules.too_large(path, max_bytes)
        return b"".join(pieces)

    def read_ranges(self, ranges: Sequence[Range]) -> Generator[tuple[Range, bytes]]:
        """See Transport."""
        rules.check_ranges(ranges)
        for wanted in ranges:
            with self._reading(wanted.path), self._opened(wanted.path) as file:
                if file is None:
                    raise rules.missing(wanted.path)
                yield from _pieces(file, wanted)

    def close(self) -> None:
        """See Transport."""
        if self._root >= 0:
            os.close(self._root)
            self._root = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    @contextmanager
    def _reading(self, path: str) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise local_error(error, f"reading {path} from the depot {self._folder}") from error

    @contextmanager
    def _opened(self, path: str) -> Iterator[int | None]:
        """Give the descriptor of a plain file, None where there is none; enters folder by folder."""
        *folders, name = rules.check_depot_path(path).split("/")
        with contextlib.ExitStack() as stack:
            try:
                folder = self._root
                for part in folders:
                    folder = _open(stack, part, _FOLDER_FLAGS, folder)
                file = _open(stack, name, _FILE_FLAGS, folder)
            except FileNotFoundError:
                file = None
            except OSError as error:
                if error.errno in (errno.ELOOP, errno.ENOTDIR, errno.ENXIO):
                    raise rules.not_a_file(path) from error
                raise
            if file is not None and not stat.S_ISREG(os.fstat(file).st_mode):
                raise rules.not_a_file(path)
            yield file


def _open(stack: contextlib.ExitStack, name: str, flags: int, folder: int) -> int:
    descriptor = os.open(name, flags, dir_fd=folder)
    stack.callback(os.close, descriptor)
    return descriptor


def _pieces(file: int, wanted: Range) -> Generator[tuple[Range, bytes]]:
    at, end = wanted.offset, wanted.offset + wanted.length
    while at < end:
        piece = os.pread(file, min(PIECE_BYTES, end - at), at)
        if not piece:
            raise rules.ends_early(wanted, at)
        at += len(piece)
        yield wanted, piece
