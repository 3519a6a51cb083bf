"""Two commands at once on one office: the second waits a while, or is told for whom it waited in vain."""

import threading

import pytest
from click.testing import CliRunner

from content_packs.errors import BusyError
from provisioning.central import office as offices
from provisioning.central import publish as publishing
from provisioning.central.cli import cli
from provisioning.central.fleet import open_fleet
from provisioning.central.fleetview.mutes import Mute, list_mutes, mute_alerts
from provisioning.central.office import changing
from provisioning.central.release import change
from provisioning.central.reports import open_reports
from support.office import HUB, HubTrust, OfficeAtWork, new_key


@pytest.fixture(scope="module")
def first_day(tmp_path_factory):
    work = OfficeAtWork.first_day(tmp_path_factory.mktemp("office") / "central")
    work.build("maths", 2)
    return work


@pytest.fixture
def work(first_day, tmp_path):
    return first_day.copy(tmp_path / "central")


def publish_and_meanwhile(work, built, meanwhile):
    """Publish, and let somebody do something after the office was read and before it is written."""

    def edit(fleet):
        meanwhile()
        return publishing.publish(work.office, fleet, [built], now=work.now)

    return change(work.office, edit, doing="publish", now=work.now)


def test_a_second_command_waits_for_one_that_is_soon_done(work):
    begun = threading.Event()

    def enrol():
        begun.set()
        work.enrol("h-2")

    other = threading.Thread(target=enrol)

    def meanwhile():
        other.start()
        begun.wait()

    publish_and_meanwhile(work, work.build("maths", 2), meanwhile)
    other.join()
    with open_fleet(work.office.fleet_db) as fleet:
        assert [hub.hub_id for hub in fleet.list_hubs()] == [HUB, "h-2"]
    assert HubTrust(work.root_bytes, work.office.dir / "trust").offered(work.office.depot) == {"maths": 2}


COMMANDS = {
    "enrol": "enrol h-2 {}/h.pub --school Школа",
    "gc": "gc",
    "keys export": "keys export {} packs --move",
    "keys passphrase": "keys passphrase packs",
    "keys rotate": "keys rotate packs",
    "publishers add": "publishers add kyiv --prefix kyiv-",
    "usb": "usb {}/stick",
}


@pytest.mark.parametrize("name", COMMANDS)
def test_one_that_waited_in_vain_is_told_for_whom_and_changed_nothing(work, tmp_path, monkeypatch, name):
    monkeypatch.setattr(offices, "PATIENCE_S", 0)
    (tmp_path / "h.pub").write_text(new_key())
    (tmp_path / "secret").write_text("four words nobody knows")
    words = ["--dir", str(work.office.dir), "--passphrase-file", str(tmp_path / "secret")]
    words += [word.replace("{}", str(tmp_path)) for word in COMMANDS[name].split()]
    with changing(work.office, "publish"):
        before = tree(work.office.dir)
        refused = CliRunner().invoke(cli, words).exception
        assert isinstance(refused, BusyError), refused
        assert tree(work.office.dir) == before
    assert "another command is changing this installation: publish, since " in refused.message
    assert not (tmp_path / "packs.pem").exists()


def tree(folder):
    paths = (path for path in folder.rglob("*") if not path.name.endswith(("-shm", "-wal")))
    return {path: path.read_bytes() if path.is_file() else None for path in paths}


def test_an_alert_is_quietened_while_a_large_pack_is_published_and_both_stay(work):
    mute = Mute("overdue", HUB, "", "olena", "", work.now.isoformat(), None)
    outcome, _ = publish_and_meanwhile(work, work.build("maths", 2), lambda: mute_alerts(work.office, [mute]))
    assert outcome.published == ("maths@2",)
    assert list_mutes(work.office, now=work.now) == [mute]


@pytest.mark.parametrize("name", ["fleet", "reports"])
def test_who_read_a_database_first_may_also_write_it(work, name):
    """SQLite refuses one that began by reading, once another has written: at the end of all its work."""
    path, opened = (
        (work.office.fleet_db, open_fleet) if name == "fleet" else (work.office.reports_db, open_reports)
    )
    with opened(path) as first, opened(path) as second:
        second_db = second.database if name == "fleet" else second._db
        second_db.conn.execute("pragma busy_timeout = 0")
        with first.transaction():
            first_db = first.database if name == "fleet" else first._db
            list(first_db.query("select count(*) from sqlite_master"))
            with pytest.raises(Exception, match="locked"), second.transaction():
                pass
            first_db.execute("create table mine (x)")
        with second.transaction():
            second_db.execute("drop table mine")
