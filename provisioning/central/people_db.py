"""people.db: who may use the dashboard, what was done, what people noted about schools, and which alerts they
took note of.

A file of its own, which only the office's account may read: a backup of fleet.db tells nobody's password.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager

from sqlite_utils import Database
from sqlite_utils.migrations import Migrations

from content_packs.errors import local_error
from provisioning.central.database import open_database
from provisioning.central.office import Office

_ANEW = "Move people.db out of the way: the next `central people add` makes a new one."
_SECRET_MODE = 0o600
migrations = Migrations("people")


@migrations()
def m001_first(db: Database) -> None:
    """Make the tables of the first release."""
    people = {
        "id": str,  # random; a name that is given again is another person
        "name": str,  # what one types
        "role": str,
        "secret": str,  # a hash; empty: a link was given out and not used yet
        "session_version": int,  # of another version: signed out
        "changed_at": str,  # of the secret; ISO 8601, UTC
        "signed_in_at": str,  # empty: never
        "link_sha256": str,  # of the one-time link; empty: none
        "link_until": str,
    }
    db.table("people").create(people, pk="id")
    db.table("people").create_index(["name"], unique=True)
    db.table("misses").create({"who": str, "count": int, "last_at_s": float}, pk="who")
    audit = {"id": int, "at": str, "who": str, "action": str, "detail": str}
    db.table("audit").create(audit, pk="id")
    notes = {"id": int, "hub_id": str, "at": str, "who": str, "text": str}
    db.table("notes").create(notes, pk="id")
    db.table("notes").create_index(["hub_id"])
    mutes = ("code", "hub_id", "about", "who", "note", "at", "until")
    db.table("alert_mutes").create(dict.fromkeys(mutes, str), pk=mutes[:3])


@contextmanager
def open_people_db(office: Office) -> Iterator[Database]:
    """Open people.db, made where there is none.

    Raises:
        LocalError: the disk refuses, or the file is damaged.
    """
    try:
        os.close(os.open(office.people_db, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, _SECRET_MODE))
    except OSError as error:
        raise local_error(error, f"opening {office.people_db}") from error
    with open_database(office.people_db, migrations, hint=_ANEW) as db:
        yield db
