"""What the uplink carried is counted by day, month and boot, whatever the clock says."""

from contextlib import closing
from datetime import UTC, datetime

import pytest

from hub import history
from hub.db import open_db
from hub.history import LastPlan, PlannedPack, UplinkUse
from hub.uplink.limits import Moment, Spent

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


@pytest.fixture
def db(tmp_path):
    with closing(open_db(tmp_path / "hub.db")) as db:
        yield db


def at(text, is_known=True):
    return Moment(datetime.fromisoformat(text), is_known)


def spent(db, moment, boot="b"):
    found = history.read_spent(db, moment, boot)
    return found.day_bytes, found.month_bytes


def test_a_day_and_a_month_end(db):
    for day, count in (("2026-11-22", 1), ("2026-11-23", 10), ("2026-11-23", 10), ("2026-10-31", 100)):
        history.add_use(db, at(f"{day} 10:00"), "b", count)
    assert spent(db, at("2026-11-23 23:59")) == (20, 21)
    assert spent(db, at("2026-11-24 00:00")) == (0, 21)
    assert spent(db, at("2026-12-01 00:00")) == (0, 0)
    assert history.read_spent(db, at("2026-11-23 23:59"), "b") == Spent(0, 20, 21)


def test_without_a_clock_a_day_is_one_boot_and_a_month_that_of_the_floor(db):
    unknown = at("2026-11-01 00:00", is_known=False)
    history.add_use(db, unknown, "first", 5)
    history.add_use(db, unknown, "second", 7)
    assert spent(db, unknown, "second") == (7, 12)
    assert spent(db, unknown, "third") == (0, 12)
    next_floor = at("2026-12-03 00:00", is_known=False)
    assert spent(db, next_floor, "third") == (0, 0)


def test_what_a_boot_carried_before_it_knew_the_time_counts_to_today(db):
    history.add_use(db, at("2026-11-01 00:00", is_known=False), "b", 5)
    assert spent(db, at("2026-11-23 12:00"), "b") == (5, 5)
    assert spent(db, at("2026-11-23 12:00"), "next boot") == (0, 0)


def test_a_clock_that_jumps_forth_and_back_loses_no_byte_of_its_day(db):
    history.add_use(db, at("2026-11-23 12:00"), "b", 5)
    history.add_use(db, at("2026-11-01 00:00", is_known=False), "b", 7)
    history.add_use(db, at("2026-11-23 12:01"), "b", 1)
    assert spent(db, at("2026-11-23 12:02"))[0] == 13


def test_a_hub_that_starts_thirty_times_a_day_knows_what_its_month_carried(db):
    for day in range(1, 31):
        for hour in range(0, 24, 12):
            for minute in range(15):
                moment = at(f"2026-11-{day:02} {hour:02}:{minute:02}", is_known=minute % 2 == 0)
                history.add_use(db, moment, f"{day} {hour} {minute}", 1)
    assert spent(db, at("2026-11-30 23:00"), "30 12 14") == (16, 480)
    assert spent(db, at("2026-11-01 00:00", is_known=False), "30 12 14") == (1, 900)
    assert db.table("uplink_use").count <= 61


def run(db, use, failure=None):
    values = {"started_at": NOW, "finished_at": NOW, "source": "sftp://x", "received_bytes": 1}
    history.record_run(db, **values, installed=[], failure=failure, use=use)


def test_speed_is_that_of_the_runs_that_fetched_something(db):
    assert history.read_bytes_per_s(db) is None
    run(db, UplinkUse(is_uplink=True, wire_bytes=9000, fetch_bytes=100, fetch_s=2.0))
    run(db, UplinkUse())
    assert history.read_bytes_per_s(db) is None
    run(db, UplinkUse(True, 110_000, 100_000, 10.0))
    run(db, UplinkUse(True, 330_000, 300_000, 10.0))
    assert history.read_bytes_per_s(db) == 20_000


def test_the_last_plan_is_kept_and_only_the_last(db):
    assert history.read_plan(db) is None
    for version in (1, 2):
        pack = PlannedPack("waiting", "maths", version, "Дроби", 7, wait="day-budget")
        history.save_plan(db, LastPlan("2026-11-23T12:00:00+00:00", (pack,)))
    assert history.read_plan(db).packs == (pack,)
