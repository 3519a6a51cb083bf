"""What the office keeps of reports, and what it acknowledges. How they come in: test_ingest.py."""

import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest

from content_packs.segment import MAX_ACKS, SeqRange
from hub.events import Event
from provisioning.central.reports import KEPT_FOR, open_reports
from support.office import HUB, NOW

STREAM, LATER = "20261123120000-0123456789abcdef", "20270101000000-0123456789abcdef"
DAY = timedelta(days=1)


@pytest.fixture
def reports(tmp_path):
    with open_reports(tmp_path / "reports.db") as reports:
        yield reports


@pytest.fixture
def kept(tmp_path):
    """Return the numbers of the events that are kept."""

    def read():
        with closing(sqlite3.connect(tmp_path / "reports.db")) as db:
            return [seq for (seq,) in db.execute("select seq from events order by seq")]

    return read


def seqs(first, last, stream=STREAM):
    return SeqRange(stream, first, last)


def acknowledge(reports, *numbers, stream=STREAM, hub_id=HUB, receipt_key="0" * 32):
    reports.acknowledge(hub_id, SeqRange(stream, *numbers), receipt_key)


def acked(reports):
    return [ack.seqs for ack in reports.list_acks(HUB)]


def event(seq, kind="sync", *, at=NOW):
    return Event(STREAM, seq, "0f", at.isoformat(), kind, {})


def test_ranges_that_lie_beside_each_other_are_one_in_whatever_order_they_come(reports):
    for numbers in ((20, 29), (0, 9), (40, 49), (10, 19), (12, 14)):
        acknowledge(reports, *numbers)
    assert acked(reports) == [seqs(0, 29), seqs(40, 49)]
    acknowledge(reports, 0, 60)  # the hub has nothing else any more
    assert acked(reports) == [seqs(0, 60)]


def test_ranges_of_other_streams_and_hubs_stay_apart(reports):
    acknowledge(reports, 0, 9)
    acknowledge(reports, 10, 19, stream=LATER)
    acknowledge(reports, 10, 19, hub_id="h-2")
    assert acked(reports) == [seqs(10, 19, LATER), seqs(0, 9)]


def test_what_grew_last_is_acknowledged_where_there_is_too_much(reports):
    for number in range(MAX_ACKS + 5):
        acknowledge(reports, number * 10, number * 10)
    acknowledge(reports, 1, 1)
    acks = acked(reports)
    assert len(acks) == MAX_ACKS
    assert acks[:2] == [seqs(0, 1), seqs((MAX_ACKS + 4) * 10, (MAX_ACKS + 4) * 10)]


def test_of_health_and_packs_the_newest_stays_and_of_syncs_those_of_thirteen_months(reports, kept):
    ages = (800, 400, 390, 1)
    kinds = ("sync", "health", "packs")
    events = [(kind, NOW - age * DAY) for age in ages for kind in kinds]
    reports.take(HUB, "a", [event(n, kind, at=at) for n, (kind, at) in enumerate(events)], now=NOW)
    assert reports.thin(HUB, now=NOW) == 8
    assert kept() == [6, 9, 10, 11]


def test_the_last_that_a_hub_said_stays_however_old_it_is(reports, kept):
    reports.take(HUB, "a", [event(1, at=datetime(1970, 1, 1, tzinfo=UTC)), event(2, "dropped")], now=NOW)
    reports.thin(HUB, now=NOW + 9 * KEPT_FOR)
    assert kept() == [1, 2]


def test_a_clock_of_2099_keeps_no_report_for_ever(reports, kept):
    reports.take(HUB, "a", [event(n, at=datetime(2099, 1, 1, tzinfo=UTC)) for n in (1, 2)], now=NOW)
    reports.thin(HUB, now=NOW + KEPT_FOR)
    assert kept() == [1, 2]
    reports.thin(HUB, now=NOW + KEPT_FOR + DAY)
    assert kept() == [2]


def test_a_segment_that_comes_again_after_years_brings_nothing_back(reports, kept):
    old = [event(1), event(2)]
    reports.take(HUB, "a", old, now=NOW)
    now = NOW + KEPT_FOR + DAY
    reports.take(HUB, "b", [event(3, at=now)], now=now)
    reports.thin(HUB, now=now)
    assert not reports.knows(HUB, "a")
    reports.take(HUB, "a", old, now=now)
    reports.thin(HUB, now=now)
    assert kept() == [3]
