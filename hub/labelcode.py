"""The code on the hub's printed label: who reads it stands in front of the hub.

On the hub itself lies only a hash, so that nobody reads the code from a card; `hub card boot` writes it, or
`hub accounts code`. The code lets set the first password, and reset one that was forgotten.
"""

import os

from content_packs.durable import write_durably
from content_packs.errors import UsageError, local_error
from content_packs.spare import read_whole
from hub.passwords import hash_secret, is_secret
from hub.school import codes
from hub.settings import HubPaths

_LONGEST_TYPED = 100
_MODE = 0o640


def write_label_code(paths: HubPaths, code: str) -> None:
    """Keep a hash of `code`; the one before counts no more. At each boot of a card: nothing is written anew.

    Raises:
        UsageError: no such code.
        LocalError: the disk refuses.
    """
    signs = codes.plain_code(code)
    if not codes.is_label_code(codes.group_signs(signs)):
        raise UsageError(
            f"label code: expected 8 of the signs {codes.SIGNS}, got {len(signs)} letters and digits",
            hint=f"Give the code as it stands on the label, such as {codes.EXAMPLE}.",
        )
    if is_label_code(paths, signs):
        return
    data = hash_secret(signs).encode() + b"\n"
    try:
        for path in (paths.label_code, paths.spare / paths.label_code.name):
            write_durably(path, data, mode=_MODE)
            give_to_owner(paths, path)
    except OSError as error:
        raise local_error(error, f"writing {paths.label_code}") from error


def has_label_code(paths: HubPaths) -> bool:
    """Whether this hub has a label."""
    return _read(paths) is not None


def is_label_code(paths: HubPaths, text: str) -> bool:
    """Whether `text` is the code, however it is spaced; takes as long where there is none.

    Raises:
        BusyError: too many passwords are being checked.
    """
    return is_secret(_read(paths), codes.plain_code(text[:_LONGEST_TYPED]))


def give_to_owner(paths: HubPaths, *files: os.PathLike[str]) -> None:
    """Where root writes (on the card), let the account that owns the hub's folder have these files."""
    if os.geteuid() == 0:
        owner = paths.dir.stat()
        for file in files:
            os.chown(file, owner.st_uid, owner.st_gid, follow_symlinks=False)


def _read(paths: HubPaths) -> str | None:
    try:
        spare = paths.spare / paths.label_code.name
        kept = read_whole(paths.label_code, spare, lambda data: data.startswith(b"$argon2id$"), mode=_MODE)
    except OSError as error:
        raise local_error(error, f"reading {paths.label_code}") from error
    return None if kept is None else kept.data.decode("ascii", "replace").strip()
