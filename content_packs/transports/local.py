"""A depot in a folder: on this disk, or on a stick that somebody carried here."""

import contextlib
import errno
import os
import stat
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Self

from content_packs.errors import LocalError, local_error
from content_packs.transports import rules
from content_packs.transports.transport import Range

PIECE_BYTES = 1024 * 1024
_FILE_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC  # NONBLOCK: a FIFO must not stop us
_NEW_FLAGS = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
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
    """Reads and writes a depot folder; never follows a link and never leaves the folder."""

    def __init__(self, folder: Path, root: int) -> None:
        self._folder = folder
        self._root = root
        self._received_bytes = self._sent_bytes = 0

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
                self._received_bytes += len(piece)
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
                for piece in _pieces(file, wanted):
                    self._received_bytes += len(piece)
                    yield wanted, piece

    def write_files(self, folder: str, files: Mapping[str, bytes]) -> None:
        """See Transport."""
        for name in files:
            rules.check_new_name(folder, name)
        with self._writing(folder), contextlib.ExitStack() as stack:
            descriptor = _made(stack, self._root, folder)
            for name, data in files.items():
                if not _is_there(descriptor, name):
                    _write_durably(descriptor, name, data)
                    self._sent_bytes += len(data)
            os.fsync(descriptor)

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
    def _writing(self, folder: str) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            if error.errno in (errno.EROFS, errno.EACCES, errno.EPERM):
                raise rules.not_writable(f"{self._folder}/{folder}", str(error.strerror)) from error
            if error.errno in (errno.ELOOP, errno.ENOTDIR):
                raise rules.not_a_folder(folder) from error
            raise local_error(error, f"writing {folder} in the depot {self._folder}") from error

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


def _pieces(file: int, wanted: Range) -> Generator[bytes]:
    at, end = wanted.offset, wanted.offset + wanted.length
    while at < end:
        piece = os.pread(file, min(PIECE_BYTES, end - at), at)
        if not piece:
            raise rules.ends_early(wanted, at)
        at += len(piece)
        yield piece


def _made(stack: contextlib.ExitStack, root: int, folder: str) -> int:
    """Return the descriptor of a folder below `root`; it and those above it are made if need be, durably."""
    descriptor = root
    for name in folder.split("/"):
        try:
            os.mkdir(name, dir_fd=descriptor)
        except FileExistsError:
            pass
        except OSError:
            if not _is_there(descriptor, name):  # a read-only disk says so first, whether it is there or not
                raise
        else:
            os.fsync(descriptor)
        descriptor = _open(stack, name, _FOLDER_FLAGS, descriptor)
    return descriptor


def _is_there(folder: int, name: str) -> bool:
    with contextlib.suppress(FileNotFoundError):
        os.stat(name, dir_fd=folder, follow_symlinks=False)
        return True
    return False


def _write_durably(folder: int, name: str, data: bytes) -> None:
    temporary = f".{name}.tmp"
    with contextlib.suppress(FileNotFoundError):
        os.unlink(temporary, dir_fd=folder)
    with os.fdopen(os.open(temporary, _NEW_FLAGS, 0o644, dir_fd=folder), "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    os.rename(temporary, name, src_dir_fd=folder, dst_dir_fd=folder)
