"""Who may sign in to this hub: accounts.db, and the only module that writes it.

    accounts  one row a person, whatever the role: technician and admin now, teachers and learners later;
              `secret_kind` says what the secret is a hash of
    misses    wrong passwords in a row, by account and by address: hub/tries.py
    steps     of the first start: what was done, and what was asked for

No account is there by itself, and none has a password that we chose. A copy of the accounts lies in the
folder of spare copies, since nobody can make them again.
"""

import json
import re
import secrets
import sqlite3
import time
import unicodedata
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlite_utils import Database
from sqlite_utils.migrations import Migrations

from content_packs.durable import write_durably
from content_packs.errors import UsageError, local_error
from content_packs.spare import read_whole
from hub.ballast import make_room
from hub.clock import hub_now, read_boot_id
from hub.db import DamagedDatabaseError, open_tables, to_local_error
from hub.labelcode import give_to_owner, is_label_code
from hub.passwords import check_password, hash_secret, is_outdated, is_secret
from hub.settings import HubPaths
from hub.tries import Misses, missed, wait_left_s

ROLES = ("admin", "technician")  # each may do what those before it may; learner and teacher will come first
PASSWORD = "password"  # noqa: S105 - a kind of secret
_NAME = re.compile(r"[^\W_][\w.-]{0,39}")
_MOST_MISSES = 2000  # rows; who makes up names fills no disk
_KEY_BYTES = 32
_SPARE = "accounts.json"
_SECRET_MODE = 0o600
_COLUMNS = "id, name, display_name, role, session_version, changed_at, signed_in_at"
_INSERT = "insert into accounts values (?, ?, ?, ?, ?, ?, ?, ?, ?)"

migrations = Migrations("accounts")


@migrations()
def m001_first(db: Database) -> None:
    """Make the tables of the first release."""
    db.table("accounts").create(
        {
            "id": str,  # random; a name that is given again is another account
            "name": str,  # what one types
            "display_name": str,
            "role": str,
            "secret_kind": str,
            "secret": str,  # a hash
            "session_version": int,  # of another version: signed out
            "changed_at": str,  # of the secret; ISO 8601, UTC
            "signed_in_at": str,  # empty: never
        },
        pk="id",
    )
    db.table("accounts").create_index(["name"], unique=True)
    db.table("misses").create({"who": str, "count": int, "last_at_s": float, "boot_id": str}, pk="who")
    db.table("steps").create({"name": str, "done_at": str, "details": str}, pk="name")


class BadNameError(UsageError):
    """No name of an account."""


class NameTakenError(UsageError):
    """There is an account of that name."""


@dataclass(frozen=True, slots=True)
class Account:
    """Somebody who may sign in; the secret stays in this module."""

    id: str
    name: str
    display_name: str
    role: str
    session_version: int
    changed_at: datetime
    signed_in_at: datetime | None

    def may(self, role: str) -> bool:
        """Whether this account may do what needs `role`."""
        return allows(self.role, role)

    def to_dict(self) -> dict[str, object]:
        """Return what `hub accounts --json` prints."""
        return {
            "name": self.name,
            "display_name": self.display_name,
            "role": self.role,
            "changed_at": self.changed_at.isoformat(),
            "signed_in_at": self.signed_in_at.isoformat() if self.signed_in_at else None,
        }


@dataclass(frozen=True, slots=True)
class Try:
    """What became of a try to sign in or to prove presence."""

    is_right: bool
    wait_s: float = 0.0  # nothing was looked at: come back after so long
    account: Account | None = None


def allows(role: str, needed: str) -> bool:
    """Whether `role` may do what needs `needed`; what is no role may nothing."""
    return role in ROLES and ROLES.index(role) >= ROLES.index(needed)


def may_manage(own: str, other: str) -> bool:
    """Whether somebody with the role `own` may change the account of somebody with the role `other`."""
    return allows(own, "admin") and allows(own, other)


def plain_name(text: str) -> str:
    """Return one spelling of a name as people type it."""
    return unicodedata.normalize("NFC", text.strip()).casefold()


def check_name(text: str) -> str:
    """Return the name as it is kept.

    Raises:
        BadNameError: no name of an account.
    """
    name = plain_name(text)
    if not _NAME.fullmatch(name):
        raise BadNameError(
            f"name of an account: expected up to 40 letters, digits, dots and hyphens, got {text[:60]!r}",
            hint="Give a short name such as technician.",
        )
    return name


def list_accounts(paths: HubPaths) -> tuple[Account, ...]:
    """Return everybody who may sign in, by name."""
    return _select(paths, "order by name")


def has_accounts(paths: HubPaths) -> bool:
    """Whether anybody may sign in; if not, the hub waits for its first start."""
    return bool(_select(paths, "limit 1"))


def find_account(paths: HubPaths, account_id: str) -> Account | None:
    """Return an account by its id."""
    return next(iter(_select(paths, "where id = ?", account_id)), None)


def find_by_name(paths: HubPaths, name: str) -> Account | None:
    """Return an account by its name."""
    return next(iter(_select(paths, "where name = ?", plain_name(name))), None)


def add_account(paths: HubPaths, name: str, password: str, *, role: str, display_name: str = "") -> Account:
    """Let somebody sign in.

    Raises:
        NameTakenError, BadNameError: the name is taken, or is none.
        UsageError: the role is none, or the password will not do.
    """
    name = check_name(name)
    if role not in ROLES:
        raise UsageError(f"role: expected one of {', '.join(ROLES)}, got {role!r}", hint="Give one of them.")
    secret = _new_secret(name, password)
    row = (
        *(secrets.token_hex(8), name, display_name.strip()[:80] or name, role),
        *(PASSWORD, secret, 1, _now(paths), ""),
    )
    with _changing(paths) as db:
        if db.execute("select 1 from accounts where name = ?", [name]).fetchone():
            raise NameTakenError(f"name of an account: {name} is taken", hint="Choose another name.")
        db.execute(_INSERT, row)
    account = find_by_name(paths, name)
    if account is None:
        raise UsageError(f"account {name}: was removed meanwhile", hint="Add it again.")
    return account


def set_password(paths: HubPaths, account: Account, password: str) -> Account:
    """Give an account a new password; whoever was signed in to it is signed out, and nobody has to wait.

    Raises:
        UsageError: the password will not do.
    """
    secret = _new_secret(account.name, password)
    with _changing(paths) as db:
        db.execute(
            "update accounts set secret_kind = ?, secret = ?, changed_at = ?,"
            " session_version = session_version + 1 where id = ?",
            [PASSWORD, secret, _now(paths), account.id],
        )
        db.execute("delete from misses where who = ?", [f"account:{account.name}"])
    return find_account(paths, account.id) or account


def remove_account(paths: HubPaths, account: Account) -> None:
    """Let somebody sign in no more, and sign them out."""
    with _changing(paths) as db:
        db.execute("delete from accounts where id = ?", [account.id])


def sign_out_everywhere(paths: HubPaths, account: Account) -> None:
    """End every session of an account."""
    with _changing(paths) as db:
        db.execute("update accounts set session_version = session_version + 1 where id = ?", [account.id])


def sign_in(paths: HubPaths, name: str, password: str, *, address: str) -> Try:
    """Look whether somebody is who they say, and note that they were here.

    Raises:
        BusyError: too many passwords are being checked.
    """
    tried = check_secret(paths, name, password, address=address)
    if tried.account is not None:
        with _changing(paths) as db:
            db.execute("update accounts set signed_in_at = ? where id = ?", [_now(paths), tried.account.id])
    return tried


def check_secret(paths: HubPaths, name: str, password: str, *, address: str) -> Try:
    """Look whether this is the password; the try is counted before the password is looked at.

    A name that nobody has costs the same time and the same waits as one that somebody has.

    Raises:
        BusyError: too many passwords are being checked.
    """
    name = plain_name(name)[:40]
    counted = (f"account:{name}", f"address:{address}")
    if waiting_s := _count_try(paths, counted):
        return Try(False, waiting_s)
    with _opened(paths) as db:
        found = db.execute("select id, secret from accounts where name = ?", [name]).fetchone()
    if not is_secret(found[1] if found else None, password):
        return Try(False)
    _forget_misses(paths, counted)
    if is_outdated(found[1]):
        with _changing(paths) as db:
            db.execute("update accounts set secret = ? where id = ?", [hash_secret(password), found[0]])
    account = find_account(paths, found[0])
    return Try(account is not None, account=account)


def prove_presence(paths: HubPaths, code: str, *, address: str) -> Try:
    """Look whether somebody has read the code on the label.

    Counted by address alone: nobody can keep the technician from it, and forty bits are not guessed.

    Raises:
        BusyError: too many passwords are being checked.
    """
    counted = (f"label:{address}",)
    if waiting_s := _count_try(paths, counted):
        return Try(False, waiting_s)
    if not is_label_code(paths, code):
        return Try(False)
    _forget_misses(paths, counted)
    return Try(True)


def read_session_key(paths: HubPaths) -> bytes:
    """Return the key that cookies are signed with, made where there is none.

    Raises:
        LocalError: the disk refuses.
    """
    spare = paths.spare / paths.session_key.name
    try:
        kept = read_whole(paths.session_key, spare, _is_key, mode=_SECRET_MODE)
        if kept is None:
            key = secrets.token_hex(_KEY_BYTES).encode()
            for path in (paths.session_key, spare):
                write_durably(path, key, mode=_SECRET_MODE)
                give_to_owner(paths, path)
            return key
    except OSError as error:
        raise local_error(error, f"keeping {paths.session_key}") from error
    return kept.data


def read_steps(paths: HubPaths) -> dict[str, dict[str, Any]]:
    """Return which steps of the first start are done, and what each of them remembers."""
    with _opened(paths) as db:
        rows = db.execute("select name, details from steps").fetchall()
    return {name: json.loads(details) for name, details in rows}


def note_step(paths: HubPaths, name: str, details: Mapping[str, object] | None = None) -> None:
    """Remember that a step of the first start is done.

    `details` hold the password of the Wi-Fi until its cards are printed, and no other secret.
    """
    text = json.dumps(dict(details or {}), ensure_ascii=False)
    with _opened(paths) as db:
        db.execute("insert or replace into steps values (?, ?, ?)", [name, _now(paths), text])


def _new_secret(name: str, password: str) -> str:
    if wrong := check_password(password, name):
        raise UsageError(wrong, hint="Three or four words that belong to nobody are easy to remember.")
    return hash_secret(password)


def _select(paths: HubPaths, more: str, *values: str) -> tuple[Account, ...]:
    if not paths.accounts_db.exists() and not (paths.spare / _SPARE).exists():
        return ()  # nothing is made by looking
    with _opened(paths) as db:
        rows = db.execute(f"select {_COLUMNS} from accounts {more}", values).fetchall()  # noqa: S608 - ours
    return tuple(
        Account(
            *(row_id, name, display_name, role, version),
            changed_at=datetime.fromisoformat(changed_at),
            signed_in_at=datetime.fromisoformat(signed_in_at) if signed_in_at else None,
        )
        for row_id, name, display_name, role, version, changed_at, signed_in_at in rows
    )


def _count_try(paths: HubPaths, counted: tuple[str, ...]) -> float:
    """Return how long to wait; 0: the try counts as a miss until `_forget_misses`."""
    now_s, boot_id = time.clock_gettime(time.CLOCK_BOOTTIME), read_boot_id()
    with _opened(paths) as db, _transaction(db):
        known = {who: _read_misses(db, who) for who in counted}
        left_s = max(wait_left_s(misses, now_s=now_s, boot_id=boot_id) for misses in known.values())
        if left_s > 0:
            return left_s
        for who, misses in known.items():
            now = missed(misses, now_s=now_s, boot_id=boot_id)
            row = [who, now.count, now.last_at_s, now.boot_id]
            db.execute("insert or replace into misses values (?, ?, ?, ?)", row)
        db.execute(
            "delete from misses where who in (select who from misses order by count desc, last_at_s desc"
            " limit -1 offset ?)",
            [_MOST_MISSES],
        )
    return 0.0


def _read_misses(db: Database, who: str) -> Misses:
    row = db.execute("select count, last_at_s, boot_id from misses where who = ?", [who]).fetchone()
    return Misses(*row) if row else Misses()


def _forget_misses(paths: HubPaths, counted: tuple[str, ...]) -> None:
    with _opened(paths) as db:
        db.execute(f"delete from misses where who in ({', '.join('?' * len(counted))})", counted)  # noqa: S608


@contextmanager
def _changing(paths: HubPaths) -> Iterator[Database]:
    """Change accounts in one transaction, and then the spare copy."""
    with _opened(paths) as db:
        with _transaction(db):
            yield db
        _write_spare(paths, db)


@contextmanager
def _transaction(db: Database) -> Iterator[None]:
    db.execute("begin immediate")
    try:
        yield
    except BaseException:
        db.execute("rollback")
        raise
    db.execute("commit")


@contextmanager
def _opened(paths: HubPaths) -> Iterator[Database]:
    """Open accounts.db; what is damaged is set aside, and the accounts come back from their spare copy."""
    lock = paths.lock("accounts")
    make_room(paths)
    try:
        db = open_tables(paths.accounts_db, migrations, lock=lock)
    except DamagedDatabaseError:
        _set_aside(paths)
        db = open_tables(paths.accounts_db, migrations, lock=lock)
    try:
        paths.accounts_db.chmod(_SECRET_MODE)
        give_to_owner(paths, paths.accounts_db, lock)
        _restore(paths, db)
        yield db
    except sqlite3.Error as error:
        found = to_local_error(error, str(paths.accounts_db))
        if isinstance(found, DamagedDatabaseError):
            _set_aside(paths)  # the next who opens it gets the spare copy
        raise found from error
    except OSError as error:
        raise local_error(error, f"writing {paths.accounts_db}") from error
    finally:
        db.close()


def _set_aside(paths: HubPaths) -> None:
    path = paths.accounts_db
    with suppress(OSError):
        for suffix in ("-wal", "-shm"):
            path.with_name(path.name + suffix).unlink(missing_ok=True)
        path.replace(path.with_name(path.name + ".damaged"))


def _write_spare(paths: HubPaths, db: Database) -> None:
    rows = db.execute("select * from accounts order by id").fetchall()
    path = paths.spare / _SPARE
    write_durably(path, json.dumps({"format": 1, "accounts": rows}).encode(), mode=_SECRET_MODE)
    give_to_owner(paths, path)


def _restore(paths: HubPaths, db: Database) -> None:
    if db.execute("select 1 from accounts limit 1").fetchone():
        return
    try:
        rows = json.loads((paths.spare / _SPARE).read_bytes())["accounts"]
        with _transaction(db):
            for row in rows:
                db.execute(_INSERT, row)
    except (FileNotFoundError, ValueError, KeyError, TypeError, sqlite3.Error):
        return  # no copy, or none that can be used: then the label's code is the way in


def _is_key(data: bytes) -> bool:
    return len(data) == 2 * _KEY_BYTES


def _now(paths: HubPaths) -> str:
    return hub_now(paths.trust).isoformat(timespec="seconds")
