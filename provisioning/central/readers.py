"""Who may read a file of the depot: a hub's acks are for that hub's account, where this machine has it.

The list lies in the attribute that Linux keeps POSIX.1e access lists in; a file's owner may write it, so that
the office needs no root for it. Layout: linux/posix_acl_xattr.h.
"""

import contextlib
import errno
import os
import pwd
import stat
import struct
from collections.abc import Callable

from provisioning.central.sshd.names import account_of

_ATTRIBUTE = "system.posix_acl_access"
_VERSION = struct.pack("<I", 2)
_ENTRY = struct.Struct("<HHI")
_OWNER, _USER, _GROUP, _OTHER_GROUP, _MASK, _OTHERS = 0x01, 0x02, 0x04, 0x08, 0x10, 0x20
_READ = 4
_NOBODY_IN_PARTICULAR = 0xFFFFFFFF


def find_account(hub_id: str) -> int | None:
    """Return the user id of a hub's account; None on a machine that has none."""
    try:
        return pwd.getpwnam(account_of(hub_id)).pw_uid
    except KeyError:
        return None


def only_for(hub_id: str) -> Callable[[int], None] | None:
    """Return what makes a new file that of one hub; None on a machine that has no account for it."""
    uid = find_account(hub_id)
    return None if uid is None else lambda descriptor: let_read(descriptor, uid)


def let_read(descriptor: int, uid: int) -> None:
    """Let one account read a file, and of all others only those whom it names already, and its owner's group.

    A disk that keeps no such lists leaves the file as it is.
    """
    entries = {key: access for key, access in _read_list(descriptor).items() if key[0] != _OTHERS}
    entries[_USER, uid] = _READ
    named = [access for (tag, _), access in entries.items() if tag in (_USER, _GROUP, _OTHER_GROUP)]
    mask = 0
    for access in named:
        mask |= access
    entries[_MASK, _NOBODY_IN_PARTICULAR] = mask
    entries[_OTHERS, _NOBODY_IN_PARTICULAR] = 0
    data = _VERSION + b"".join(
        _ENTRY.pack(tag, access, who) for (tag, who), access in sorted(entries.items())
    )
    try:
        os.setxattr(descriptor, _ATTRIBUTE, data)
    except OSError as error:
        if error.errno not in (errno.EOPNOTSUPP, errno.ENOSYS):
            raise


def may_read_alone(descriptor: int, uid: int) -> bool:
    """Tell whether `let_read` has nothing left to do."""
    entries = _read_list(descriptor)
    return entries.get((_USER, uid)) == _READ and not entries.get((_OTHERS, _NOBODY_IN_PARTICULAR))


def _read_list(descriptor: int) -> dict[tuple[int, int], int]:
    """Return access by (kind, id); of a file without a list, what its mode says."""
    with contextlib.suppress(OSError):
        data = os.getxattr(descriptor, _ATTRIBUTE)
        return {(tag, who): access for tag, access, who in _ENTRY.iter_unpack(data[len(_VERSION) :])}
    mode = stat.S_IMODE(os.fstat(descriptor).st_mode)
    parts = ((_OWNER, mode >> 6), (_GROUP, mode >> 3), (_OTHERS, mode))
    return {(tag, _NOBODY_IN_PARTICULAR): bits & 7 for tag, bits in parts}
