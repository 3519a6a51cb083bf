"""A database of another version is refused with the next step; nothing meets a column that is not there."""

import dataclasses
import sqlite3
import sys
from contextlib import closing

import pytest

from content_packs.errors import Error, LocalError, UnknownFormatError
from provisioning.central import fleet, reports
from provisioning.central.cli import main

# fleet.db as `central init` and `central publish` made it before there were deltas.
EARLIER_FLEET = """
create table "_sqlite_migrations" (id integer primary key, migration_set text, name text, applied_at text);
insert into _sqlite_migrations values (1, 'central', 'm001_first', '2026-11-22 02:50:45.918513+00:00');
create table packs (pack_id text, version integer, kind text, title text, language text, index_sha256 text,
    index_length integer, download_bytes integer, unpacked_bytes integer, published_at text,
    withdrawn_at text, primary key (pack_id, version));
insert into packs values ('lesson', 1, 'web', 'T', 'uk', '0a4a', 320, 37, 28, '2026-11-22T02:50:47Z', null);
create table hubs (hub_id text primary key, school text, ring text, public_key text, enrolled_at text,
    revoked_at text);
create table assignments (audience text, name text, pack_id text, version integer,
    primary key (audience, name, pack_id));
create table about (key text primary key, value text);
"""
TABLES = {
    "packs": fleet.Published,
    "deltas": fleet.DeltaRow,
    "hubs": fleet.Hub,
    "assignments": fleet.Assignment,
    "heads": fleet.Head,
}


@pytest.fixture
def earlier(tmp_path):
    """An installation that an earlier, unreleased version made."""
    office = tmp_path / "central"
    (office / "depot").mkdir(parents=True)
    (office / "hub-root.json").write_text("{}")
    write(office / "fleet.db", EARLIER_FLEET)
    return office


@pytest.fixture
def central(monkeypatch, capsys):
    """Run `central`; returns its exit code, and what it says to people."""

    def run(office, *words):
        monkeypatch.setattr(sys, "argv", ["central", "--dir", str(office), *words])
        with pytest.raises(SystemExit) as ended:
            main()
        return ended.value.code, capsys.readouterr().err

    return run


def write(path, script):
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(script)


def columns(path, table):
    with closing(sqlite3.connect(path)) as connection:
        return [row[1] for row in connection.execute(f"pragma table_info({table})")]


@pytest.mark.parametrize("table", TABLES)
def test_every_field_has_a_column(tmp_path, table):
    """Whoever adds a field adds a migration: columns do not follow the dataclass by themselves."""
    with fleet.open_fleet(tmp_path / "fleet.db"):
        pass
    assert columns(tmp_path / "fleet.db", table) == [each.name for each in dataclasses.fields(TABLES[table])]


@pytest.mark.parametrize("words", ["hubs", "packs", "fleet", "ingest", "gc --dry-run", "revoke h-1"])
def test_an_earlier_installation_is_told_what_to_do(earlier, central, words):
    code, said = central(earlier, *words.split())
    assert code == 65
    assert "fleet.db: made by another, unreleased version of `central`: table packs lacks" in said
    assert "index_json_sha256" in said
    assert "next: Make a new installation with `central init DIR`" in said


def test_an_earlier_installation_stays_as_it_was(earlier, central):
    central(earlier, "hubs")
    assert "index_json_sha256" not in columns(earlier / "fleet.db", "packs")
    assert not columns(earlier / "fleet.db", "deltas")


def test_a_newer_installation_is_refused_too(tmp_path):
    path = tmp_path / "fleet.db"
    with fleet.open_fleet(path):
        pass
    write(path, "alter table hubs add column village text")
    with pytest.raises(UnknownFormatError, match="table hubs has more village"), fleet.open_fleet(path):
        pass


def test_earlier_reports_are_moved_away_by_hand_and_made_anew(tmp_path):
    path = tmp_path / "reports.db"
    with reports.open_reports(path):
        pass
    write(path, "alter table segments drop column received_at")
    with pytest.raises(UnknownFormatError, match="lacks received_at") as caught, reports.open_reports(path):
        pass
    assert "Move it out of the way" in caught.value.hint
    path.rename(tmp_path / "reports.db.old")
    with reports.open_reports(path) as made:
        assert made.read_newest("h-1") == {}


def test_a_damaged_file_is_not_called_another_version(tmp_path):
    path = tmp_path / "fleet.db"
    path.write_bytes(b"no database " * 1000)
    with pytest.raises(Error) as caught, fleet.open_fleet(path):
        pass
    assert type(caught.value) is LocalError
