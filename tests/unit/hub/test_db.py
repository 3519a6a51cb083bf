"""hub.db of another version is damaged, so that a new one is made from the disk; nobody needs to know."""

import sqlite3
from contextlib import closing

import pytest

from hub.db import DamagedDatabaseError, open_db

OTHERS = {
    "a column is missing": "alter table sync_runs drop column is_uplink",
    "a column is new": "alter table sync_runs add column weather text",
    "a table is missing": "drop table last_plan",
    "migrations of these names made other tables": (
        "delete from _sqlite_migrations where name != 'm001_first'; drop table last_plan"
    ),
}


def break_schema(path, script):
    open_db(path).close()
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(script)


@pytest.mark.parametrize("script", OTHERS.values(), ids=OTHERS)
def test_a_database_of_another_version_counts_as_damaged(tmp_path, script):
    break_schema(tmp_path / "hub.db", script)
    with pytest.raises(DamagedDatabaseError, match="another version"):
        open_db(tmp_path / "hub.db")


def test_a_database_of_this_version_stays(tmp_path):
    for number in range(2):
        with closing(open_db(tmp_path / "hub.db")) as db:
            db.execute("insert into last_plan (id) values (?)", [number])
    with closing(open_db(tmp_path / "hub.db")) as db:
        assert db.table("last_plan").count == 2
