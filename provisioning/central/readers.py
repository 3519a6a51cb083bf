"""Who may read a file of the depot: a hub's acks are for that hub's account, where this machine has it.

The list lies in the attribute that Linux keeps POSIX.1e access lists in; a file's owner may write it, so that
the office needs no root for it. Layout: linux/posix_acl_xattr.h.
"""

import contextlib
import errno
import grp
import os
import pwd
import stat
import struct
from collections.abc import Callable

from provisioning.central.sshd.names import GROUP, UIDS, account_of

_ATTRIBUTE = "system.posix_acl_access"
_VERSION = struct.pack("<I", 2)
_ENTRY = struct.Struct("<HHI")
_OWNER, _USER, _GROUP, _OTHER_GROUP, _MASK, _OTHERS = 0x01, 0x02, 0x04, 0x08, 0x10, 0x20
_READ = 4
_NOBODY_IN_PARTICULAR = 0xFFFFFFFF


def find_account(hub_id: str) -> int | None:
    """Return the user id of a hub's account; None on a machine that made none for it."""
    return find_uid(account_of(hub_id))


def find_uid(account: str) -> int | None:
    """Return the user id of a hub's account by its name; None: there is none, or it is somebody else's."""
    found = _find(account)
    return found.pw_uid if found is not None and _is_ours(found) else None


def find_stranger(account: str) -> pwd.struct_passwd | None:
    """Return an account that has the name of a hub's, and was not made for it: nobody's key opens it."""
    found = _find(account)
    return None if found is None or _is_ours(found) else found


def _find(account: str) -> pwd.struct_passwd | None:
    try:
        return pwd.getpwnam(account)
    except KeyError:
        return None


def _is_ours(found: pwd.struct_passwd) -> bool:
    try:
        group = grp.getgrnam(GROUP).gr_gid
    except KeyError:
        return False
    is_closed = found.pw_shell.endswith("/nologin")
    return is_closed and found.pw_gid == group and UIDS[0] <= found.pw_uid <= UIDS[1]


def only_for(hub_id: str) -> Callable[[int], None] | None:
    """Return what makes a new file that of one hub; None on a machine that has no account for it."""
    uid = find_account(hub_id)
    if uid is not None:
        return lambda descriptor: let_read(descriptor, uid)
    if find_stranger(account_of(hub_id)) is not None:
        return lambda descriptor: os.fchmod(descriptor, 0o640)  # other hubs' accounts may be here
    return None


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
