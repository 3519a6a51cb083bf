"""The code on the hub's printed label: who reads it stands in front of the hub.

Twelve digits (40 bits): no letters that a Ukrainian keyboard writes otherwise, and a phone shows its digits.
On the hub itself lies only a hash, so that nobody reads the code from a card; `hub card boot` writes it, or
`hub accounts code`. The code lets set the first password, and reset one that was forgotten.
"""

import os
import secrets

from content_packs.durable import write_durably
from content_packs.errors import UsageError, local_error
from content_packs.spare import read_whole
from hub.passwords import hash_secret, is_secret
from hub.settings import HubPaths

_DIGITS = 12
_GROUP = 4
_MODE = 0o640


def make_code() -> str:
    """Return a new code as it is printed: 1234-5678-9012."""
    digits = "".join(str(secrets.randbelow(10)) for _ in range(_DIGITS))
    return "-".join(digits[at : at + _GROUP] for at in range(0, _DIGITS, _GROUP))


def write_label_code(paths: HubPaths, code: str) -> None:
    """Keep a hash of `code`; the one before counts no more.

    Raises:
        UsageError: not twelve digits.
        LocalError: the disk refuses.
    """
    digits = _digits(code)
    if len(digits) != _DIGITS:
        raise UsageError(
            f"label code: expected {_DIGITS} digits, got {len(digits)}",
            hint="Give the code as it stands on the label, such as 1234-5678-9012.",
        )
    data = hash_secret(digits).encode() + b"\n"
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
    return is_secret(_read(paths), _digits(text))


def give_to_owner(paths: HubPaths, *files: os.PathLike[str]) -> None:
    """Where root writes (on the card), let the account that owns the hub's folder have these files."""
    if os.geteuid() == 0:
        owner = paths.dir.stat()
        for file in files:
            os.chown(file, owner.st_uid, owner.st_gid)


def _digits(text: str) -> str:
    return "".join(filter(str.isdecimal, text[:100]))


def _read(paths: HubPaths) -> str | None:
    try:
        spare = paths.spare / paths.label_code.name
        kept = read_whole(paths.label_code, spare, lambda data: data.startswith(b"$argon2id$"), mode=_MODE)
    except OSError as error:
        raise local_error(error, f"reading {paths.label_code}") from error
    return None if kept is None else kept.data.decode("ascii", "replace").strip()
