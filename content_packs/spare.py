"""A spare copy of a file that nobody can make again, so that a power cut or a bad sector does not take it.

The file is what counts: a person may change it, and the copy follows at the next start. Only where the file
is gone, or is what a power cut leaves, does the copy take its place.
"""

import contextlib
import errno
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from content_packs.durable import write_durably
from content_packs.owner import read_plain


@dataclass(frozen=True, slots=True)
class Whole:
    """The content to go by. `refused` is what lies in the file instead, for whoever wrote it to correct."""

    data: bytes
    refused: bytes | None = None


def read_whole(
    path: Path, spare: Path, is_whole: Callable[[bytes], bool], *, by_hand: bool = False, mode: int = 0o644
) -> Whole | None:
    """Return what is in `path`, or else in its spare copy, and make both the same; None: neither is whole.

    With `by_hand` people write the file, and what is not whole may be a typing error: it is left as it is
    unless it looks like what a power cut leaves. A disk that cannot be written is no reason to fail here.

    Raises:
        OSError: the file may not be read.
    """
    own, copy = _read(path), _read(spare)
    if own is not None and is_whole(own):
        if copy != own:
            _write(spare, own, mode)
        return Whole(own)
    if copy is None or not is_whole(copy):
        return None
    if own is not None and by_hand and not looks_cut(own, copy):
        return Whole(copy, refused=own)
    _write(path, copy, mode)
    return Whole(copy)


def looks_cut(data: bytes, before: bytes) -> bool:
    """Whether a file that held `before` is now empty, zeroed, or ends too early."""
    is_utf16 = data.startswith((b"\xff\xfe", b"\xfe\xff"))
    return not data.strip() or (b"\0" in data and not is_utf16) or before.startswith(data)


def _read(path: Path) -> bytes | None:
    try:
        return read_plain(path)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        if error.errno in (errno.EIO, errno.EINVAL):  # a bad sector, or no file; the copy lies elsewhere
            return None
        raise


def _write(path: Path, data: bytes, mode: int) -> None:
    with contextlib.suppress(OSError):
        write_durably(path, data, mode=mode)
