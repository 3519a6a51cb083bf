"""Every failure of this project, in five kinds.

    Error(message, *, hint=None)
    ├── LinkError        try again later, quietly                                        exit 75
    ├── BadDataError     the bytes are wrong: quarantine, report, do not retry           exit 65
    ├── IdentityError    stop talking: a key changed or was refused; ask the office      exit 77
    ├── LocalError       this machine cannot: disk, permission, a process that is down   exit 74
    └── UsageError       a bad argument or setting, with the field and allowed values    exit 64

Messages name the thing, what was expected and what was found; the hint says what to do next.
"""

import os
from typing import ClassVar


class Error(Exception):
    """A failure that a person or a caller can act on."""

    code: ClassVar[str] = "error"
    exit_code: ClassVar[int] = os.EX_SOFTWARE

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class LinkError(Error):
    """The uplink or the depot did not answer as it should: try again later."""

    code = "link"
    exit_code = os.EX_TEMPFAIL


class LinkDownError(LinkError):
    """No connection, or it was cut."""

    code = "link-down"


class LinkTimeoutError(LinkError):
    """A step took longer than its timeout."""

    code = "link-timeout"


class DepotBusyError(LinkError):
    """The depot refuses for now: too many connections, or it is being moved."""

    code = "depot-busy"


class BadDataError(Error):
    """Bytes are not what they should be; trying again changes nothing."""

    code = "bad-data"
    exit_code = os.EX_DATAERR


class BadSourceError(BadDataError):
    """A pack source has faults that `packs check` explains."""

    code = "bad-source"


class BadIndexError(BadDataError):
    """A pack's index is malformed or contradicts itself."""

    code = "bad-index"


class HashMismatchError(BadDataError):
    """Bytes do not hash to the name they were asked for by."""

    code = "hash-mismatch"


class BadSignatureError(BadDataError):
    """Metadata is not signed by the keys that may sign it."""

    code = "bad-signature"


class VersionRollbackError(BadDataError):
    """Signed metadata is older than what was already seen."""

    code = "version-rollback"


class UnknownFormatError(BadDataError):
    """Written by a newer or a different program."""

    code = "unknown-format"


class NotFoundError(BadDataError):
    """A file that must exist does not; permanent until somebody publishes it."""

    code = "not-found"


class IdentityError(Error):
    """The other side is not who it should be, or does not accept who we are."""

    code = "identity"
    exit_code = os.EX_NOPERM


class HostKeyChangedError(IdentityError):
    """The depot's host key is none of the pinned ones."""

    code = "host-key-changed"


class HubKeyRefusedError(IdentityError):
    """The depot does not accept this hub's key."""

    code = "hub-key-refused"


class NotWritableError(IdentityError):
    """The depot takes no files from this hub."""

    code = "not-writable"


class LocalError(Error):
    """This machine cannot do it: a person on site has to act."""

    code = "local"
    exit_code = os.EX_IOERR


class DiskFullError(LocalError):
    """Not enough room on this disk."""

    code = "disk-full"


class ReadOnlyDiskError(LocalError):
    """The disk or folder cannot be written."""

    code = "read-only-disk"


class BusyError(LocalError):
    """Another process of ours holds the lock: the one local failure that passes by itself."""

    code = "busy"
    exit_code = os.EX_TEMPFAIL


class NotACardError(LocalError):
    """Only a machine that was started from a hub's card can do that."""

    code = "not-a-card"


class ProcessDownError(LocalError):
    """A process that we depend on is missing or does not start."""

    code = "process-down"


class UsageError(Error):
    """A bad argument or setting."""

    code = "usage"
    exit_code = os.EX_USAGE


def local_error(error: OSError, doing: str) -> LocalError:
    """Return the LocalError that says what `error` means while `doing` something.

    Callers write `raise local_error(error, "writing hub.toml") from error`.
    """
    import errno

    text = f"{doing}: {error.strerror or error}" + (f" ({error.filename})" if error.filename else "")
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return DiskFullError(text, hint="Free some space on this disk, then run the command again.")
    if error.errno in (errno.EROFS, errno.EACCES, errno.EPERM):
        return ReadOnlyDiskError(text, hint="Check who owns the folder and whether the disk is read-only.")
    return LocalError(text, hint="Check the disk and the path, then run the command again.")
