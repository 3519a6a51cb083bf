"""Who may use the dashboard: names, roles, argon2id hashes, one-time links, and how often somebody guessed.

There is no default password: `central people add` asks for one, or gives out a link that works once.
"""

import hashlib
import re
import secrets
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlite_utils import Database

from content_packs.durable import write_durably
from content_packs.errors import UsageError, local_error
from hub.passwords import check_password, hash_secret, is_outdated, is_secret
from hub.tries import Misses, missed, wait_left_s
from provisioning.central.database import transaction
from provisioning.central.fleet import iso
from provisioning.central.office import Office
from provisioning.central.people_db import open_people_db

ROLES = ("viewer", "publisher", "admin")  # each may what those before it may
LINK_FOR = timedelta(hours=48)
_NAME = re.compile(r"[^\W_][\w.-]{0,39}")
_MOST_MISSES = 2000  # rows; who makes up names fills no disk
_KEY_BYTES = 32
_SECRET_MODE = 0o600
_COLUMNS = "id, name, role, session_version, changed_at, signed_in_at, link_until, secret != '' as is_ready"


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who may sign in; the secret stays in this module."""

    id: str
    name: str
    role: str
    session_version: int
    changed_at: str  # of the password; ISO 8601, UTC
    signed_in_at: str  # empty: never
    link_until: str  # until when a link works; empty: none was given out
    is_ready: bool  # has a password

    def may(self, role: str) -> bool:
        """Whether this person may do what needs `role`."""
        return allows(self.role, role)

    def to_dict(self) -> dict[str, object]:
        """Return what `central people --json` prints."""
        return {
            "name": self.name,
            "role": self.role,
            "has_password": self.is_ready,
            "changed_at": self.changed_at or None,
            "signed_in_at": self.signed_in_at or None,
            "link_until": self.link_until or None,
        }


@dataclass(frozen=True, slots=True)
class Try:
    """What became of a try to sign in."""

    person: Person | None
    wait_s: float = 0.0  # nothing was looked at: come back after so long


def allows(role: str, needed: str) -> bool:
    """Whether `role` may do what needs `needed`; what is no role may nothing."""
    return role in ROLES and ROLES.index(role) >= ROLES.index(needed)


def check_name(text: str) -> str:
    """Return the name as it is kept: one spelling of what looks the same.

    Raises:
        UsageError: no name of a person.
    """
    name = _plain(text)
    if not _NAME.fullmatch(name):
        raise UsageError(
            f"name of a person: expected up to 40 letters, digits, dots and hyphens, got {text[:60]!r}",
            hint="Give a short name such as olena.",
        )
    return name


def check_role(role: str) -> str:
    """Return a role; UsageError where it is none."""
    if role not in ROLES:
        raise UsageError(f"role: expected one of {', '.join(ROLES)}, got {role[:60]!r}", hint="Give one.")
    return role


def list_people(office: Office) -> tuple[Person, ...]:
    """Return everybody who may sign in, by name."""
    return _select(office, "order by name")


def find_person(office: Office, person_id: str) -> Person | None:
    """Return a person by their id."""
    return next(iter(_select(office, "where id = ?", person_id)), None)


def find_by_name(office: Office, name: str) -> Person | None:
    """Return a person by their name."""
    return next(iter(_select(office, "where name = ?", _plain(name))), None)


def require_person(office: Office, name: str) -> Person:
    """Return a person by their name.

    Raises:
        UsageError: there is nobody of that name.
    """
    person = find_by_name(office, name)
    if person is None:
        known = ", ".join(each.name for each in list_people(office)) or "nobody"
        raise UsageError(
            f"no person {name[:60]!r} has access to the dashboard; there is {known}",
            hint="Add one: central people add NAME --role viewer",
        )
    return person


def check_new(office: Office, name: str, role: str) -> str:
    """Return the name as it is kept; UsageError where it is taken or none, or the role is none."""
    name = check_name(name)
    check_role(role)
    if find_by_name(office, name) is not None:
        raise _taken(name)
    return name


def _taken(name: str) -> UsageError:
    return UsageError(f"the name {name} is taken", hint="Choose another, or: central people list")


def add_person(office: Office, name: str, *, role: str, password: str | None, now: datetime) -> Person:
    """Let somebody sign in; without a password they need a link (`make_link`).

    Raises:
        UsageError: the name is taken or is none, the role is none, or the password will not do.
    """
    name, role = check_name(name), check_role(role)
    secret = "" if password is None else _new_secret(name, password)
    with _changing(office) as db:
        if db.execute("select 1 from people where name = ?", [name]).fetchone():
            raise _taken(name)
        row = (secrets.token_hex(8), name, role, secret, 1, iso(now) if secret else "", "", "", "")
        db.execute("insert into people values (?, ?, ?, ?, ?, ?, ?, ?, ?)", row)
    return require_person(office, name)


def make_link(office: Office, person: Person, *, now: datetime) -> str:
    """Return the secret of a link that lets this person set a password once, within LINK_FOR.

    An earlier link works no more; a password that they have works on.
    """
    token = secrets.token_urlsafe(_KEY_BYTES)
    with _changing(office) as db:
        db.execute(
            "update people set link_sha256 = ?, link_until = ? where id = ?",
            [_digest(token), iso(now + LINK_FOR), person.id],
        )
    return token


def find_by_link(office: Office, token: str, *, now: datetime) -> Person | None:
    """Return whose link this is; None where it was used, is too old, or never was one."""
    where = "where link_sha256 = ? and link_until > ?"
    return next(iter(_select(office, where, _digest(token), iso(now))), None)


def use_link(office: Office, token: str, password: str, *, now: datetime) -> Person:
    """Set a password by a link, which works no more after that; nobody has to wait any longer.

    Raises:
        UsageError: the link works no more, or the password will not do.
    """
    person = find_by_link(office, token, now=now)
    if person is None:
        raise UsageError(
            "this link was used before, or is older than two days",
            hint="Ask an administrator for a new one: central people link NAME",
        )
    return set_password(office, person, password, now=now)


def set_password(office: Office, person: Person, password: str, *, now: datetime) -> Person:
    """Give a person a new password; whoever was signed in to it is signed out.

    Raises:
        UsageError: the password will not do.
    """
    secret = _new_secret(person.name, password)
    with _changing(office) as db:
        db.execute(
            "update people set secret = ?, changed_at = ?, session_version = session_version + 1,"
            " link_sha256 = '', link_until = '' where id = ?",
            [secret, iso(now), person.id],
        )
        db.execute("delete from misses where who = ?", [f"person:{person.name}"])
    return require_person(office, person.name)


def set_role(office: Office, person: Person, role: str, *, dry_run: bool = False) -> None:
    """Give a person another role; UsageError where nobody would be left who may do everything."""
    check_role(role)
    with _changing(office, keep=not dry_run) as db:
        if role != "admin":
            _require_other_admin(db, person)
        db.execute("update people set role = ? where id = ?", [role, person.id])


def remove_person(office: Office, person: Person, *, dry_run: bool = False) -> None:
    """Let a person sign in no more, and sign them out; UsageError for the last administrator."""
    with _changing(office, keep=not dry_run) as db:
        _require_other_admin(db, person)
        db.execute("delete from people where id = ?", [person.id])


def sign_out_everywhere(office: Office, person: Person) -> None:
    """End every session of a person."""
    with _changing(office) as db:
        db.execute("update people set session_version = session_version + 1 where id = ?", [person.id])


def sign_in(office: Office, name: str, password: str, *, address: str, now: datetime) -> Try:
    """Look whether somebody is who they say, and note that they were here.

    The try is counted before the password is looked at, by name and by address. A name that nobody has costs
    the same time and the same waits as one that somebody has.

    Raises:
        BusyError: too many passwords are being checked.
    """
    name = _plain(name)[:40]
    counted = (f"person:{name}", f"address:{address}")
    with _changing(office) as db:
        if left_s := _count_try(db, counted, now):
            return Try(None, left_s)
        found = db.execute("select id, secret from people where name = ? and secret != ''", [name]).fetchone()
    if not is_secret(found[1] if found else None, password):
        return Try(None)
    renewed = hash_secret(password) if is_outdated(found[1]) else found[1]
    with _changing(office) as db:
        db.execute("delete from misses where who in (?, ?)", counted)
        db.execute(
            "update people set signed_in_at = ?, secret = ? where id = ? and secret = ?",
            [iso(now), renewed, found[0], found[1]],
        )
    return Try(find_person(office, found[0]))


def check_own_password(office: Office, person: Person, password: str, *, address: str, now: datetime) -> Try:
    """Look whether this is the person's own password, counted as a try to sign in is."""
    return sign_in(office, person.name, password, address=address, now=now)


def read_session_key(office: Office) -> bytes:
    """Return the key that cookies are signed with, made where there is none. A new one signs everybody out.

    Raises:
        LocalError: the disk refuses.
    """
    path = office.session_key
    try:
        if not path.exists():
            write_durably(path, secrets.token_hex(_KEY_BYTES).encode(), mode=_SECRET_MODE)
        return path.read_bytes()
    except OSError as error:
        raise local_error(error, f"keeping {path}") from error


def _plain(text: str) -> str:
    return unicodedata.normalize("NFC", text.strip()).casefold()


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()


def _new_secret(name: str, password: str) -> str:
    if wrong := check_password(password, name):
        raise UsageError(wrong, hint="Three or four words that belong to nobody are easy to remember.")
    return hash_secret(password)


def _require_other_admin(db: Database, person: Person) -> None:
    others = "select 1 from people where role = 'admin' and secret != '' and id != ?"
    if person.role == "admin" and not db.execute(others, [person.id]).fetchone():
        raise UsageError(
            f"{person.name} is the only administrator with a password",
            hint="Make another one first: central people add NAME --role admin",
        )


def _select(office: Office, more: str, *values: str) -> tuple[Person, ...]:
    if not office.people_db.exists():
        return ()  # nothing is made by looking
    with open_people_db(office) as db:
        rows = list(db.query(f"select {_COLUMNS} from people {more}", list(values)))  # noqa: S608 - ours
    return tuple(Person(**row | {"is_ready": bool(row["is_ready"])}) for row in rows)


def _count_try(db: Database, counted: tuple[str, ...], now: datetime) -> float:
    """Return how long to wait; 0: the try counts as a miss until it turns out to be right."""
    now_s = now.timestamp()
    known = {who: _read_misses(db, who, now_s) for who in counted}
    left_s = max(wait_left_s(misses, now_s=now_s, boot_id="") for misses in known.values())
    if left_s > 0:
        return left_s
    for who, misses in known.items():
        after = missed(misses, now_s=now_s, boot_id="")
        db.execute("insert or replace into misses values (?, ?, ?)", [who, after.count, after.last_at_s])
    db.execute(
        "delete from misses where who in (select who from misses order by count desc, last_at_s desc"
        " limit -1 offset ?)",
        [_MOST_MISSES],
    )
    return 0.0


def _read_misses(db: Database, who: str, now_s: float) -> Misses:
    """Return what is known of a name or an address; a clock that was set back locks nobody out for longer."""
    row = db.execute("select count, last_at_s from misses where who = ?", [who]).fetchone()
    return Misses(row[0], min(row[1], now_s)) if row else Misses()


@contextmanager
def _changing(office: Office, *, keep: bool = True) -> Iterator[Database]:
    """Change in one transaction, which nobody else writes in; with `keep` false nothing is kept."""
    with open_people_db(office) as db, transaction(db, keep=keep):
        yield db
