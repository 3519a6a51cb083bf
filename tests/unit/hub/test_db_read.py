"""Whoever only reads hub.db makes no file that the portal then cannot write."""

import os
import sqlite3
from contextlib import closing

import pytest

from hub.db import open_db
from hub.db_read import open_to_read

INSERT = "insert into last_plan (id) values (?)"
COUNT = "select count(*) from last_plan"


def names(folder):
    return {path.name for path in folder.iterdir()}


def count(path):
    with closing(open_to_read(path)) as connection:
        return connection.execute(COUNT).fetchone()[0]


@pytest.fixture
def path(tmp_path):
    with closing(open_db(tmp_path / "hub.db")) as db:
        db.execute(INSERT, [1])
    return tmp_path / "hub.db"


def test_reading_a_database_that_nobody_has_open_leaves_no_file(path):
    before = names(path.parent)
    with closing(open_to_read(path)) as connection:
        assert connection.execute(COUNT).fetchone()[0] == 1
        assert names(path.parent) == before
    assert names(path.parent) == before


def test_what_the_portal_has_written_and_not_yet_moved_is_read(path):
    with closing(open_db(path)) as db:
        db.execute(INSERT, [2])
        assert count(path) == 2
        db.execute(INSERT, [3])
        assert count(path) == 3


def test_nothing_can_be_written(path):
    with closing(open_to_read(path)) as connection, pytest.raises(sqlite3.OperationalError, match="readonly"):
        connection.execute(INSERT, [4])


def test_a_database_that_is_not_there_is_not_made(tmp_path):
    with pytest.raises(sqlite3.OperationalError), closing(open_to_read(tmp_path / "hub.db")) as connection:
        connection.execute(COUNT)
    assert names(tmp_path) == set()


@pytest.mark.parametrize("end", ["", "-wal", "-shm"])
def test_a_pipe_in_the_place_of_a_database_is_none(path, end):
    """Root reads it, and would wait for whoever took the portal over."""
    pipe = path.with_name(f"{path.name}{end}")
    pipe.unlink(missing_ok=True)
    os.mkfifo(pipe)
    with pytest.raises(sqlite3.OperationalError, match="is no file"):
        open_to_read(path)
