"""What was read stays until somebody writes: not only until somebody reads."""

from datetime import timedelta

import pytest

from provisioning.central.fleet import open_fleet
from provisioning.central.people_db import open_people_db
from provisioning.central.reports import open_reports
from provisioning.central.school_notes import add_note
from provisioning.central.web.kept import Kept
from support.office import HUB, OfficeAtWork


@pytest.fixture
def work(tmp_path):
    work = OfficeAtWork.found(tmp_path / "central")
    work.enrol()
    with open_people_db(work.office), open_reports(work.office.reports_db):
        return work  # both are there now


@pytest.fixture
def times(work):
    """Return how often was read, after one more look."""
    kept, read = Kept(), []

    def look(later=timedelta()):
        kept.get(work.office, "fleet", lambda: read.append(1), now=work.now + later)
        return len(read)

    return look


def test_who_only_reads_changes_nothing(work, times):
    assert times() == 1
    with (
        open_people_db(work.office) as people,
        open_fleet(work.office.fleet_db) as fleet,
        open_reports(work.office.reports_db) as reports,
    ):
        assert list(people.query("select * from people")) == []
        assert fleet.list_hubs()
        assert reports.list_hubs() == []
        assert times() == 1
    assert times() == 1


def test_who_writes_is_seen_at_once_and_time_passes_too(work, times):
    assert times() == 1
    add_note(work.office, HUB, "слово", who="olena", now=work.now)
    assert times() == 2
    work.enrol("h-2")
    assert times() == 3
    with open_people_db(work.office) as people, people.atomic():
        people.execute("delete from notes")
    assert times() == 4
    assert times(timedelta(seconds=59)) == 4
    assert times(timedelta(seconds=61)) == 5
