"""The hubs' accounts follow what the office lets in: one each, its keys, its inbox; the rest is cut off.

Goes by the files in hub-keys alone: the database belongs to the office, and this runs as root.
"""

import grp
import os
import pwd
import re
import stat
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from content_packs.depot import check_hub_id
from content_packs.durable import write_together
from content_packs.errors import LocalError, UsageError
from provisioning.central.readers import find_stranger, find_uid, let_read, may_read_alone
from provisioning.central.ssh_keys import confine
from provisioning.central.sshd.machine import Fault, end_sessions, list_some, run
from provisioning.central.sshd.names import GROUP, INBOX, KEYS, PROBES, UIDS, account_of
from provisioning.central.sshd.setup import Setup

_SHADOW = Path("/etc/shadow")
_MAX_KEY_BYTES = 16 * 1024
_LINE = re.compile(
    rb'restrict(,expiry-time="\d{12}")? (ssh-ed25519|ssh-rsa|ecdsa-sha2-nistp\d{3}) [A-Za-z0-9+/=]{1,4000} '
    rb"[a-z0-9-]{1,63}"
)
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_INBOX_MODE = 0o2770  # the hub writes, the office's group takes away, nobody else looks in


@dataclass(frozen=True, slots=True)
class Allowed:
    """A hub that the office lets in."""

    hub_id: str
    account: str
    keys: bytes  # lines of authorized_keys; none: the account is closed


def read_allowed(office: Path) -> list[Allowed]:
    """Return the hubs of hub-keys, and the two that `central doctor` uses.

    Raises:
        UsageError: two of them would have one account.
        OSError: the folder cannot be read.
    """
    found: dict[str, Allowed] = {}
    folder = os.open(office / "hub-keys", _FOLDER)
    try:
        with os.scandir(folder) as entries:
            names = sorted(entry.name for entry in entries if not entry.name.startswith("."))
        for hub_id in [*PROBES, *names]:
            keys = b"" if hub_id in PROBES else _read_keys(folder, hub_id)
            allowed = Allowed(check_hub_id(hub_id), account_of(hub_id), keys)
            other = found.setdefault(allowed.account, allowed)
            if other.hub_id != hub_id:
                raise UsageError(
                    f"{hub_id} and {other.hub_id} would both have the account {allowed.account}",
                    hint=f"Revoke one of them, and give it another id: central revoke {hub_id}",
                )
    finally:
        os.close(folder)
    return list(found.values())


def _read_keys(folder: int, hub_id: str) -> bytes:
    """Return the lines that are what the office writes, each with what its key may ask for.

    A file that is none, or is huge, lets nobody in.
    """
    try:
        with os.fdopen(os.open(hub_id, _FILE, dir_fd=folder), "rb") as file:
            data = file.read(_MAX_KEY_BYTES)
    except OSError:
        return b""
    return b"".join(confine(line) + b"\n" for line in data.splitlines() if _LINE.fullmatch(line))


def find_account_faults(allowed: list[Allowed]) -> Iterator[Fault]:
    """Yield what lacks of the group and the accounts."""
    if not _has_group():
        yield Fault(
            f"there is no group {GROUP}", "makes it", lambda: _void(run("groupadd", "--system", GROUP))
        )
    strangers = [found for each in allowed if (found := find_stranger(each.account)) is not None]
    for found in strangers:
        yield Fault(
            f"the account {found.pw_name} was not made for a hub: user id {found.pw_uid}, "
            f"group {found.pw_gid}, shell {found.pw_shell}; it gets no key, and its hub cannot sign in",
            f"if nobody needs it: userdel {found.pw_name}, then central sshd-config --apply again; "
            "else revoke the hub, and give it a card with another --hub-id",
        )
    others = {found.pw_name for found in strangers}
    ours = [each for each in allowed if each.account not in others]
    missing = [each for each in ours if find_uid(each.account) is None]
    locked = _find_locked([each.account for each in ours])
    if locked:
        yield Fault(f"locked: {list_some(locked)}", "unlocks it; it has no password", lambda: _unlock(locked))
    if missing:
        names = [each.account for each in missing]
        yield Fault(f"there is no account {list_some(names)}", "makes it", lambda: _make_accounts(missing))


def _make_accounts(missing: list[Allowed]) -> None:
    """Make accounts all at once: one by one, two thousand take minutes."""
    used = {account.pw_uid for account in pwd.getpwall()}
    free = (uid for uid in range(UIDS[0], UIDS[1] + 1) if uid not in used)
    lines = [
        f'u {each.account} {uid}:{GROUP} "hub {each.hub_id}" / /usr/sbin/nologin'
        for each, uid in zip(missing, free, strict=False)
    ]
    if len(lines) < len(missing):
        raise LocalError(
            f"no user ids from {UIDS[0]} to {UIDS[1]} are left for {missing[len(lines)].account}",
            hint="Remove accounts of hubs that are gone for good: userdel NAME",
        )
    run("systemd-sysusers", "-", text="\n".join(lines) + "\n")
    _unlock([each.account for each in missing])


def _unlock(accounts: list[str]) -> None:
    """Give them no password instead of a locked one: an sshd without PAM takes that for a closed account."""
    run("chpasswd", "--encrypted", text="".join(f"{account}:*\n" for account in accounts))


def _find_locked(accounts: list[str]) -> list[str]:
    lines = [line.split(":") for line in _SHADOW.read_text(encoding="utf-8", errors="replace").splitlines()]
    passwords = {line[0]: line[1] for line in lines if len(line) > 1}
    return [account for account in accounts if passwords.get(account, "*").startswith("!")]


def find_key_faults(allowed: list[Allowed]) -> Iterator[Fault]:
    """Yield which keys let in whom they should not, or lack; mending ends the sessions of those accounts."""
    wanted = {each.account: each.keys for each in without_strangers(allowed) if each.keys}
    there = {path.name: path.read_bytes() for path in KEYS.glob("*")} if KEYS.is_dir() else {}
    closed = sorted(there.keys() - wanted.keys())
    changed = {name: keys for name, keys in wanted.items() if there.get(name) != keys}
    if closed:
        yield Fault(
            f"still let in: {list_some(closed)}", "takes the key away, ends sessions", lambda: _close(closed)
        )
    if changed:
        what = f"not let in with the key that the office has: {list_some(sorted(changed))}"
        yield Fault(what, "writes the key", lambda: _write_keys(changed, there))


def _close(accounts: list[str]) -> None:
    for account in accounts:
        (KEYS / account).unlink(missing_ok=True)
    _end_sessions(accounts)


def _write_keys(changed: Mapping[str, bytes], before: Mapping[str, bytes]) -> None:
    write_together({KEYS / account: keys for account, keys in changed.items()})
    _end_sessions(changed.keys() & before.keys())  # with the former key, of a card that is gone


def _end_sessions(accounts: Collection[str]) -> None:
    end_sessions({uid for account in accounts if (uid := find_uid(account)) is not None})


def find_inbox_faults(setup: Setup, allowed: list[Allowed]) -> Iterator[Fault]:
    """Yield whose inbox is not that hub's alone; acks of a hub are looked at too."""
    owner = setup.depot.stat()
    wrong: list[Allowed] = []
    told: list[Allowed] = []
    inboxes, acks = (os.open(setup.depot / name, _FOLDER) for name in (INBOX, "acks"))
    try:
        for each in without_strangers(allowed):
            uid = find_uid(each.account)
            if not _is_own_inbox(inboxes, each.hub_id, uid, owner.st_gid):
                wrong.append(each)
            if uid is not None and not _is_told_alone(acks, each.hub_id, uid):
                told.append(each)
    finally:
        os.close(inboxes)
        os.close(acks)
    if wrong:
        names = list_some([each.hub_id for each in wrong])
        yield Fault(
            f"the inbox is missing or is not its hub's alone: {names}",
            "makes it so",
            lambda: _give_inboxes(setup, wrong, owner.st_gid),
        )
    if told:
        names = list_some([each.hub_id for each in told])
        yield Fault(f"others may read the acks of {names}", "lets that hub alone", lambda: _hide(setup, told))


def _is_own_inbox(inboxes: int, hub_id: str, uid: int | None, gid: int) -> bool:
    try:
        found = os.stat(hub_id, dir_fd=inboxes, follow_symlinks=False)
    except FileNotFoundError:
        return False
    is_own = (found.st_uid, found.st_gid) == (uid, gid)
    return stat.S_ISDIR(found.st_mode) and is_own and stat.S_IMODE(found.st_mode) == _INBOX_MODE


def _give_inboxes(setup: Setup, allowed: list[Allowed], gid: int) -> None:
    inboxes = os.open(setup.depot / INBOX, _FOLDER)
    try:
        for each in allowed:
            if not _exists(inboxes, each.hub_id):
                os.mkdir(each.hub_id, 0o700, dir_fd=inboxes)
            folder = os.open(each.hub_id, _FOLDER, dir_fd=inboxes)  # a link there is refused
            try:
                os.fchown(folder, pwd.getpwnam(each.account).pw_uid, gid)
                os.fchmod(folder, _INBOX_MODE)
            finally:
                os.close(folder)
    finally:
        os.close(inboxes)


def _is_told_alone(acks: int, hub_id: str, uid: int) -> bool:
    try:
        file = os.open(hub_id, _FILE, dir_fd=acks)
    except OSError:
        return True
    try:
        return may_read_alone(file, uid)
    finally:
        os.close(file)


def _hide(setup: Setup, told: list[Allowed]) -> None:
    for each in told:
        file = os.open(setup.depot / "acks" / each.hub_id, _FILE)
        try:
            let_read(file, pwd.getpwnam(each.account).pw_uid)
        finally:
            os.close(file)


def _exists(folder: int, name: str) -> bool:
    try:
        os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return False
    return True


def without_strangers(allowed: list[Allowed]) -> list[Allowed]:
    """Return the hubs whose account nobody else has: of another one nothing is touched."""
    return [each for each in allowed if find_stranger(each.account) is None]


def _has_group() -> bool:
    try:
        grp.getgrnam(GROUP)
    except KeyError:
        return False
    return True


def _void(_: object) -> None:
    """Let a command's output go."""
