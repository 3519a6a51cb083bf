"""Copies of Kolibri's databases: made whole, put back where one is damaged, and never a damaged one."""

import sqlite3
from contextlib import closing
from datetime import UTC, datetime

import pytest

from content_packs.errors import LocalError
from hub.kolibri import kept

NOW = datetime(2026, 11, 29, 8, tzinfo=UTC)


@pytest.fixture
def base(tmp_path):
    """A Kolibri's folder with a database of learners and one of sessions."""
    (tmp_path / "home").mkdir()
    for name in ("db", "sessions"):
        write(tmp_path, name, 1)
    return tmp_path


def write(base, name, learners):
    with closing(sqlite3.connect(base / "home" / f"{name}.sqlite3")) as db:
        db.execute("pragma journal_mode=wal")
        db.execute("create table if not exists learners (name text)")
        db.executemany("insert into learners values (?)", [["Оля"]] * learners)
        db.commit()


def count(base) -> int:
    with closing(sqlite3.connect(base / "home" / "db.sqlite3")) as db:
        return int(db.execute("select count(*) from learners").fetchone()[0])


def spoil(base, name="db", data=b"\xff" * 4096):
    (base / "home" / f"{name}.sqlite3").write_bytes(data)


def copies(base) -> list[str]:
    return sorted(path.name for path in (base / "kept").iterdir())


def test_what_is_whole_stays_as_it_is(base):
    kept.keep(base, reserve_bytes=0)
    write(base, "db", 1)
    assert kept.mend(base, now=NOW) is None
    assert count(base) == 2
    assert copies(base) == ["db.sqlite3"], "nobody misses a session"


@pytest.mark.parametrize("data", [b"", b"\xff" * 4096, b"SQLite format 3\0" + bytes(8000)])
def test_a_damaged_one_is_that_of_its_copy_and_its_log_is_not_read(base, data):
    kept.keep(base, reserve_bytes=0)
    spoil(base, data=data)
    (base / "home" / "db.sqlite3-wal").write_bytes(b"\xff" * 100)
    mended = kept.mend(base, now=NOW)
    assert count(base) == 1
    assert mended is not None
    assert mended.at == NOW.isoformat()
    assert mended.copy_at is not None
    assert (base / "home" / "db.sqlite3.damaged").read_bytes() == data
    assert kept.mend(base, now=NOW.replace(hour=9)) == mended, "told on, and mended once"


def test_one_that_is_gone_comes_back(base):
    kept.keep(base, reserve_bytes=0)
    (base / "home" / "db.sqlite3").unlink()
    assert kept.mend(base, now=NOW) is not None
    assert count(base) == 1


def test_without_a_copy_it_is_set_aside_and_that_is_said(base):
    spoil(base)
    assert kept.mend(base, now=NOW) == kept.Mended(NOW.isoformat(), None)
    assert not (base / "home" / "db.sqlite3").exists()


def test_sessions_are_made_anew_without_a_word(base):
    spoil(base, "sessions")
    assert kept.mend(base, now=NOW) is None
    assert not (base / "home" / "sessions.sqlite3").exists()


def test_a_damaged_copy_is_put_back_by_nobody(base):
    kept.keep(base, reserve_bytes=0)
    (base / "kept" / "db.sqlite3").write_bytes(b"\xff" * 4096)
    spoil(base)
    assert kept.mend(base, now=NOW) == kept.Mended(NOW.isoformat(), None)


def test_a_damaged_one_takes_the_place_of_no_copy(base):
    kept.keep(base, reserve_bytes=0)
    before = (base / "kept" / "db.sqlite3").read_bytes()
    spoil(base)
    with pytest.raises(LocalError):
        kept.keep(base, reserve_bytes=0)
    assert (base / "kept" / "db.sqlite3").read_bytes() == before
    assert copies(base) == ["db.sqlite3"]


def test_a_full_disk_keeps_the_copy_before(base):
    kept.keep(base, reserve_bytes=0)
    write(base, "db", 5)
    with pytest.raises(LocalError, match="are free"):
        kept.keep(base, reserve_bytes=1 << 60)
    spoil(base)
    kept.mend(base, now=NOW)
    assert count(base) == 1
