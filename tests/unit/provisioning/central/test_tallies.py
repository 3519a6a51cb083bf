"""What the office counts of reports: each once, whatever comes twice, late, by two ways, or after a crash."""

import os
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from hub.events import Event, HealthBody, PacksBody, UsageBody, body_of
from provisioning.central import ingest as ingesting
from provisioning.central.fleetview.month import Month, read_month
from provisioning.central.inbox import Inbox
from provisioning.central.reports import Reports, open_reports
from provisioning.central.tallies import HEALTH_BY_DAY, KEPT_FOR, USAGE_BY_DAY
from support.office import HUB, NOW, OfficeAtWork
from support.reporting import Reporting, found_office, told

DAY = timedelta(days=1)
EVER = (date(2000, 1, 1), date(2100, 1, 1))
HEALTH = HealthBody(60 * 10**9, 64 * 10**9, 3600, NOW.isoformat(), NOW.isoformat(), "1.0.0", 3)


@pytest.fixture(scope="module")
def office(tmp_path_factory):
    return found_office(tmp_path_factory.mktemp("office") / "central")


@pytest.fixture
def reporting(office, tmp_path):
    return Reporting(OfficeAtWork(office).copy(tmp_path / "central").office, tmp_path / "hub")


def usage(day, **opens):
    return UsageBody(day.date().isoformat(), opens)


def read(reporting, look):
    with open_reports(reporting.office.reports_db) as reports:
        return look(reports)


def opens(reporting):
    return read(reporting, lambda reports: reports.tallies.list_opens(HUB, *EVER))


def test_opens_count_once_by_link_and_stick_again_and_in_any_order(reporting, tmp_path):
    stick = tmp_path / "stick"
    stick.mkdir()
    for number in range(3):
        reporting.say(usage(NOW - number * DAY, maths=10), usage(NOW - number * DAY, reader=5))
    paths = reporting.outbox.read_unsent(now=NOW)
    for name in reversed(paths):
        (reporting.inbox / name).write_bytes(paths[name])
        reporting.ingest()
    reporting.send(stick, again=True)
    reporting.ingest(stick)
    reporting.send(again=True)
    reporting.ingest()
    expected = [
        (f"2021-11-{day}", pack, count)
        for day in (18, 19, 20)
        for pack, count in (("maths", 10), ("reader", 5))
    ]
    assert opens(reporting) == expected


def test_an_event_that_comes_in_another_segment_counts_once(reporting):
    event = Event(
        "20211120120000-" + "0" * 16, 7, "0f", NOW.isoformat(), "usage", body_of(usage(NOW, maths=10))
    )

    def twice(reports):
        reports.take(HUB, "a", [event], now=NOW)
        reports.take(HUB, "b", [event, replace(event, seq=8)], now=NOW)
        return reports.tallies.list_opens(HUB, *EVER)

    assert read(reporting, twice) == [("2021-11-20", "maths", 20)]


STEPS = [
    (Reports, "take"),
    (Reports, "thin"),
    (Reports, "settle"),
    (ingesting, "write_durably"),
    (Inbox, "remove"),
]


@pytest.mark.parametrize(("owner", "name"), STEPS, ids=[name for _, name in STEPS])
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_crash_at_any_step_counts_nothing_twice_and_loses_nothing(
    reporting, monkeypatch, owner, name, when
):
    class Crash(BaseException):
        pass

    reporting.say(usage(NOW, maths=10), told("x"), HEALTH)
    reporting.say(usage(NOW, maths=5))
    reporting.send()
    real = getattr(owner, name)

    def crash(*arguments, **options):
        if when == "after":
            real(*arguments, **options)
        raise Crash

    with monkeypatch.context() as patch:
        patch.setattr(owner, name, crash)
        with pytest.raises(Crash):
            reporting.ingest()
    reporting.ingest()
    assert opens(reporting) == [("2021-11-20", "maths", 15)]
    [traffic] = read(reporting, lambda reports: reports.tallies.list_traffic(HUB, *EVER))
    assert (traffic.syncs_ok, traffic.received_bytes) == (1, 1)
    assert list(reporting.inbox.iterdir()) == []


def test_syncs_without_news_count_with_the_next_that_tells(reporting):
    quiet = replace(told("x"), received_bytes=100, quiet={"ok": 7, "link-down": 2}, quiet_bytes=50)
    reporting.say(quiet, replace(told("y"), result="link-down"))
    reporting.send()
    reporting.ingest()
    [day] = read(reporting, lambda reports: reports.tallies.list_traffic(HUB, *EVER))
    assert (day.syncs_ok, day.syncs_failed, day.received_bytes) == (8, 3, 151)


@pytest.mark.parametrize(
    ("said", "counted"), [(-3, "2021-11-17"), (+1, "2021-11-21"), (+28000, "2021-11-20"), (-999, None)]
)
def test_a_day_is_the_hubs_own_unless_its_clock_cannot_be_right(reporting, said, counted):
    reporting.say(usage(NOW + said * DAY, maths=5))
    reporting.send()
    reporting.ingest()
    assert opens(reporting) == ([(counted, "maths", 5)] if counted else [])


@pytest.mark.parametrize(("ahead", "months"), [(0, [11]), (28000, [11]), (-40, [10])])
def test_what_was_installed_stands_in_the_month_in_which_it_can_have_been(reporting, ahead, months):
    said = (NOW + ahead * DAY).isoformat()
    reporting.say(replace(told("x"), done=["install maths@1"], finished_at=said), at=NOW + ahead * DAY)
    reporting.send()
    reporting.ingest()
    found = [
        month
        for month in (9, 10, 11)
        if read_month(reporting.office, Month(2021, month), now=reporting.now).schools[0].installed
    ]
    assert found == months


def test_a_month_in_which_the_clock_changes_has_each_day_once(reporting):
    for hour in range(0, 96, 2):
        reporting.now = datetime(2021, 10, 29, 0, 5, tzinfo=UTC) + timedelta(hours=hour)
        reporting.say(told("x"), usage(reporting.now, maths=5), at=reporting.now)
        reporting.send()
        reporting.ingest()
    now = reporting.now + DAY
    october, november = (
        read_month(reporting.office, Month(2021, month), now=now).schools[0] for month in (10, 11)
    )
    assert (october.days_in_contact, october.syncs_ok, october.opens) == (3, 36, {"maths": 180})
    assert (november.days_in_contact, november.syncs_ok, november.opens) == (1, 12, {"maths": 60})
    assert sum(october.opens_by_day.values()) == 180


def test_a_pack_that_fails_is_counted_until_it_is_installed(reporting):
    failing = replace(told("x"), result="hash-mismatch", failed={"maths@2": "hash-mismatch"})
    for _ in range(3):
        reporting.say(failing)
    reporting.send()
    reporting.ingest()
    [failure] = read(reporting, lambda reports: reports.tallies.all_failures()[HUB])
    assert (failure.name, failure.times, failure.code, failure.since) == (
        "maths@2",
        3,
        "hash-mismatch",
        NOW.isoformat(),
    )
    reporting.say(replace(told("x"), done=["install maths@2"]))
    reporting.send()
    reporting.ingest()
    assert read(reporting, lambda reports: reports.tallies.all_failures()) == {}


def test_of_a_day_the_newest_health_stays_with_all_that_was_wrong(reporting):
    hot = replace(HEALTH, temperature_c=85.0, free_bytes=1)
    cool = replace(HEALTH, temperature_c=50.0, findings={"services": "attention"})
    reporting.say(hot)
    reporting.say(cool, at=NOW + timedelta(hours=2))
    names = list(reporting.outbox.read_unsent(now=NOW).items())
    for name, data in reversed(names):  # the older one comes later
        (reporting.inbox / name).write_bytes(data)
        reporting.ingest()
    [day] = read(reporting, lambda reports: reports.tallies.list_health(HUB, *EVER))
    assert (day.free_bytes, day.temperature_c) == (cool.free_bytes, 85.0)
    assert day.codes == ("disk-full", "overheating", "services-down")


def test_since_when_something_is_wrong_stays_until_it_is_over(reporting):
    weak = replace(HEALTH, throttled="0x50005")

    def standing(body, at):
        reporting.say(body, at=at)
        reporting.send()
        reporting.ingest()
        return read(reporting, lambda reports: reports.tallies.read_standing(HUB))

    reporting.now += 9 * DAY
    assert standing(weak, NOW) == {"under-voltage": NOW.isoformat()}
    assert standing(weak, NOW + DAY) == {"under-voltage": NOW.isoformat()}
    assert standing(HEALTH, NOW + 2 * DAY) == {}
    assert standing(weak, NOW + 3 * DAY) == {"under-voltage": (NOW + 3 * DAY).isoformat()}


def test_the_database_is_bounded(reporting):
    def fill(reports):
        for age in range(500):
            at = NOW - age * DAY
            body = usage(at, maths=5)
            event = Event(
                "20211120120000-" + "0" * 16,
                1000 - age,
                "0f",
                at.isoformat(),
                "usage",
                {"day": body.day, "opens": body.opens},
            )
            health = Event(
                "20211120120000-" + "0" * 16, 2000 - age, "0f", at.isoformat(), "health", ingesting_body()
            )
            reports.take(HUB, f"{age}", [event, health], now=at)
        reports.thin(HUB, now=NOW)
        tallies = reports.tallies
        return tallies.list_opens(HUB, *EVER), tallies.list_health(HUB, *EVER)

    def ingesting_body():
        return {"free_bytes": 1, "total_bytes": 2, "temperature_c": None, "boots": 1, "uptime_s": 1}

    listed, health = read(reporting, fill)
    days = [day for day, _, _ in listed if len(day) == 10]
    months = {day: count for day, _, count in listed if len(day) == 7}
    assert days[0] >= (NOW - USAGE_BY_DAY - 31 * DAY).date().isoformat()
    assert len(days) <= USAGE_BY_DAY.days + 32
    assert months["2021-06"] == 30 * 5
    assert len(months) <= 11
    assert len(health) <= HEALTH_BY_DAY.days + (KEPT_FOR - HEALTH_BY_DAY).days // 7 + 8


def test_an_old_week_keeps_its_worst_heat_and_all_that_was_wrong(reporting):
    """A month that is printed late tells no fairer story than one that was printed at once."""
    monday = NOW - 2 * HEALTH_BY_DAY
    monday -= monday.weekday() * DAY
    bad_days = {1: replace(HEALTH, temperature_c=85.0), 3: replace(HEALTH, free_bytes=1)}
    for number in range(7):
        reporting.say(bad_days.get(number, HEALTH), at=monday + number * DAY)
    reporting.send()
    reporting.ingest()
    [week] = read(reporting, lambda reports: reports.tallies.list_health(HUB, *EVER))
    assert week.day == (monday + 6 * DAY).date().isoformat()
    assert (week.temperature_c, week.codes) == (85.0, ("disk-full", "overheating"))


def test_a_report_came_when_its_file_was_written_and_by_stick_when_it_was_brought(reporting, tmp_path):
    stick = tmp_path / "stick"
    stick.mkdir()
    reporting.ingest()
    began, reporting.now = reporting.now, NOW + 10 * DAY
    for age in (3, 99):  # the second one was written before the last look: its clock was changed
        reporting.tell(f"{age}")
        reporting.seal()
        reporting.send()
        [path] = [
            path for path in reporting.inbox.iterdir() if path.stat().st_mtime > NOW.timestamp() + 10**7
        ]
        at = (reporting.now - age * DAY).timestamp()
        os.utime(path, (at, at))
    reporting.ingest()
    reporting.tell("by stick")
    reporting.seal()
    reporting.send(stick)
    for path in stick.rglob("*"):
        os.utime(path, (0, 0))
    reporting.ingest(stick)
    contacts = read(reporting, lambda reports: reports.list_last_contacts(HUB))
    assert contacts == [
        (reporting.now.isoformat(), "stick"),
        ((NOW + 7 * DAY).isoformat(), "link"),
        (began.isoformat(), "link"),
    ]


QUERIES = [  # what is asked of all hubs at once, and for each; a scan takes seconds with 2000 hubs
    (
        "select arrived_at, via from segments where hub_id = ? order by arrived_at desc limit ?",
        "COVERING INDEX",
    ),
    ("select hub_id, sum(opens) from opens where day >= ? group by +hub_id", "COVERING INDEX"),
    ("select hub_id, avg(received_bytes) from traffic where day >= ? group by +hub_id", "COVERING INDEX"),
    ("select events.* from latest join events using (hub_id, stream, seq)", "SEARCH events USING INDEX"),
    ("select * from health_days where hub_id = ? and day between ? and ?", "SEARCH health_days USING INDEX"),
]


@pytest.mark.parametrize(("query", "plan"), QUERIES)
def test_the_fleets_queries_use_an_index(reporting, query, plan):
    def explain(reports):
        rows = reports._db.execute(f"explain query plan {query}", ["x"] * query.count("?"))
        return " ".join(row[-1] for row in rows)

    found = read(reporting, explain)
    assert plan in found
    assert "SCAN opens" not in found


def test_what_needs_space_is_known_since_when(reporting):
    reporting.say(PacksBody({}, {}, {}, {"maths": 2}, {}))
    reporting.send()
    reporting.ingest()
    assert read(reporting, lambda reports: reports.tallies.read_standing(HUB)) == {
        "needs-space": NOW.isoformat()
    }
