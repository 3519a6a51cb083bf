"""The metadata that a hub has verified, kept whole and twice: rollback protection must outlive a bad sector.

TUF's client works in a scratch folder that is filled from here; only when everything was verified is the
result kept. So a refused refresh changes nothing, and no mixture of two states is ever stored.
"""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from content_packs.durable import write_durably
from content_packs.errors import BadDataError, local_error
from content_packs.head import decode_head, encode_head, pack_text, unpack_text
from content_packs.owner import read_plain

COPIES = ("metadata.zst", "metadata-copy.zst")  # written in this order, so the first is never the older
HEAD = "head.zst"  # the head that was verified last: only to be told what is newer; a new one is soon read
ROOT_HISTORY = "root_history"  # where TUF's client keeps roots
_VERSIONED_ROOT = re.compile(r"\d+\.root\.json")


def read_cache(trust_dir: Path) -> dict[str, bytes]:
    """Return the files of the first copy that is whole; nothing where there is none."""
    for name in COPIES:
        try:
            return decode_head(read_plain(trust_dir / name))
        except (FileNotFoundError, BadDataError):
            continue  # zero-length or damaged after a power cut: the other copy, else the depot, has it
        except OSError as error:
            raise local_error(error, f"reading {trust_dir / name}") from error
    return {}


def write_cache(trust_dir: Path, files: Mapping[str, bytes]) -> None:
    """Keep verified files; a copy that already holds just these is not written again."""
    data = encode_head(files)
    for name in COPIES:
        _keep(trust_dir / name, data)


def read_head_text(trust_dir: Path) -> bytes | None:
    """Return the text of the head that was verified last; None where it is not known."""
    try:
        return unpack_text((trust_dir / HEAD).read_bytes()) or None
    except (FileNotFoundError, BadDataError):
        return None
    except OSError as error:
        raise local_error(error, f"reading {trust_dir / HEAD}") from error


def write_head_text(trust_dir: Path, text: bytes) -> None:
    """Keep the text of a head that was verified."""
    _keep(trust_dir / HEAD, pack_text(text))


def _keep(path: Path, data: bytes) -> None:
    try:
        if not path.is_file() or path.read_bytes() != data:
            write_durably(path, data)
    except OSError as error:
        raise local_error(error, f"writing {path}") from error


def fill_scratch(scratch: Path, files: Mapping[str, bytes]) -> None:
    """Lay out cached files as TUF's client expects its own."""
    (scratch / ROOT_HISTORY).mkdir()
    for name, data in files.items():
        _place(scratch, name).write_bytes(data)


def read_scratch(scratch: Path, roles: Iterable[str], root_version: int) -> dict[str, bytes]:
    """Return the files of these roles, and the roots up to `root_version`, as the client left them."""
    names = [f"{role}.json" for role in roles if role != "root"]
    names += [path.name for path in (scratch / ROOT_HISTORY).iterdir()]
    return {name: _place(scratch, name).read_bytes() for name in names if _is_kept(name, root_version)}


def _place(scratch: Path, name: str) -> Path:
    return scratch / ROOT_HISTORY / name if _VERSIONED_ROOT.fullmatch(name) else scratch / name


def _is_kept(name: str, root_version: int) -> bool:
    return not _VERSIONED_ROOT.fullmatch(name) or int(name.split(".")[0]) <= root_version
