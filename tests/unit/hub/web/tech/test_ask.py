from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html import unescape

import pytest

from hub.card.change import plan_change
from hub.clock import BUILT_AT, MAX_AHEAD
from hub.jobs import asked_dir, read_job, read_jobs
from hub.jobvalues import SPECS
from hub.runner.power import check_moment
from hub.web.tech.actions import ACTIONS, check_time
from hub.web.wifi_fields import WIFI_CHANNELS
from support.accounts import fill_in
from support.school_config import make_school
from support.shelves import put_lesson
from support.technicians import BACKUP, STICK

MARKUP = "<script>alert(1)</script>"
NEXT_YEAR = (datetime.now(UTC) + timedelta(days=365)).isoformat()


def ask(client, name, values=None, *, sure=True, page=""):
    form = {**(values or {}), **({"sure": "1"} if sure else {})}
    return fill_in(client, f"/tech/do/{name}", form, page=page or "/tech/do/restart")


def test_every_action_has_its_job():
    assert {action.job for action in ACTIONS.values()} <= set(SPECS)


@pytest.mark.parametrize("name", [name for name, action in ACTIONS.items() if not action.is_harmless])
def test_what_is_not_harmless_says_what_it_means_and_is_asked_only_after_that(
    technician, paths, plug_in, scratch, name
):
    technician.set_cookie("language", "en")
    plug_in(STICK)
    for version in (1, 2):
        put_lesson(paths, scratch, version=version)
    (paths.packs / "lesson" / "held").write_text("3\n")
    values = {"pack": "lesson", "stick": "sda1", "file": BACKUP.file, "password": "K7RM4XQ9"}
    values |= {"mode": "builtin", "ssid": "Клас 5", "channel": "6"}
    values = {field: values[field] for field in ACTIONS[name].fields}
    page = ask(technician, name, values, sure=False)
    assert page.status_code == 200
    for line in ACTIONS[name].consequences:
        assert line in unescape(page.text)
    assert read_jobs(paths) == ()
    answer = ask(technician, name, values)
    assert answer.status_code == 303, unescape(answer.text)
    (job,) = read_jobs(paths)
    assert answer.headers["Location"] == f"/tech/jobs/{job.id}"
    assert ask(technician, name, values).headers["Location"] == f"/tech/jobs/{job.id}"
    assert len(read_jobs(paths)) == 1


def test_what_is_harmless_is_asked_by_one_press(technician, paths):
    for name in ("sync", "check-again", "support-file"):
        assert ask(technician, name, sure=False).status_code == 303
    assert [job.name for job in read_jobs(paths)] == ["support-file", "check-again", "sync"]


def test_pauses_are_asked_for_and_an_empty_field_is_no_limit(technician, paths):
    values = {"quiet_hours": "08:00-15:00", "session_mb": "", "day_mb": "50", "month_mb": ""}
    assert ask(technician, "sync-limits", values, page="/tech/sync").status_code == 303
    (job,) = read_jobs(paths)
    assert job.values == {"quiet_hours": "08:00-15:00", "day_mb": "50"}


def test_an_address_alone_asks_for_nothing(technician, paths):
    for name in ACTIONS:
        assert technician.get(f"/tech/do/{name}?sure=1&stick=sda1&pack=lesson").status_code == 200
    assert read_jobs(paths) == ()
    assert technician.get("/tech/do/format-card").status_code == 404


HOSTILE = {
    "install": {"stick": MARKUP},
    "eject": {"stick": "../../etc"},
    "backup": {"stick": ""},
    "restore": {"stick": "sda1", "file": "../../../etc/shadow"},
    "rollback": {"pack": "../../trust"},
    "follow": {"pack": "lesson"},
    "sync-limits": {"quiet_hours": MARKUP, "day_mb": "-1"},
    "wifi": {"mode": "builtin", "ssid": "\u0000", "password": "short", "channel": "14; reboot"},
    "set-time": {"iso": MARKUP},
}


def test_values_that_cannot_be_are_refused_in_words(technician, paths, plug_in):
    technician.set_cookie("language", "en")
    plug_in(STICK)
    for name, values in HOSTILE.items():
        answer = ask(technician, name, values)
        assert answer.status_code == 422, name
        assert "This cannot be done so" in answer.text
        assert MARKUP not in answer.text
    assert read_jobs(paths) == ()


def test_a_stick_without_lessons_installs_nothing(technician, paths, plug_in):
    plug_in(replace(STICK, has_depot=False, packs=()))
    assert ask(technician, "install", {"stick": "sda1"}).status_code == 422


def test_a_pack_without_an_earlier_version_is_not_rolled_back(technician, paths, scratch):
    put_lesson(paths, scratch)
    assert ask(technician, "rollback", {"pack": "lesson"}).status_code == 422
    assert ask(technician, "follow", {"pack": "lesson"}).status_code == 422


def test_a_password_is_never_taken_from_an_address_and_is_kept_only_where_root_reads_it(technician, paths):
    page = technician.get("/tech/do/wifi?mode=builtin&ssid=a&channel=6&password=geheimnis1")
    assert "geheimnis1" not in page.text.partition("<main")[2].partition("</main>")[0]
    values = {"mode": "builtin", "ssid": "Клас", "password": "geheimnis1", "channel": "6"}
    job_id = ask(technician, "wifi", values).headers["Location"].rpartition("/")[2]
    assert "geheimnis1" not in str(read_job(paths, job_id))
    assert "geheimnis1" not in technician.get(f"/tech/jobs/{job_id}").text
    assert (asked_dir(paths) / f"{job_id}.json").stat().st_mode & 0o777 == 0o600


def test_an_empty_password_keeps_the_one_there_is(technician, paths):
    job_id = ask(technician, "wifi", {"mode": "builtin", "ssid": "a", "password": "", "channel": ""})
    job = read_job(paths, job_id.headers["Location"].rpartition("/")[2])
    assert job.values == {"mode": "builtin", "ssid": "a"}


@pytest.mark.parametrize("channel", WIFI_CHANNELS)
def test_each_channel_that_is_offered_is_one_of_the_school_config(technician, paths, channel):
    answer = ask(technician, "wifi", {"mode": "builtin", "ssid": "a", "password": "", "channel": channel})
    job = read_job(paths, answer.headers["Location"].rpartition("/")[2])
    changes = {f"wifi.{key}": value for key, value in job.values.items()}
    assert plan_change(make_school(), changes).config.wifi.channel == int(channel or 11)


@pytest.mark.parametrize(
    ("iso", "is_right"),
    [
        (BUILT_AT.isoformat(), True),
        ((BUILT_AT + timedelta(days=300)).isoformat(), True),
        ((BUILT_AT - timedelta(minutes=5)).isoformat(), True),
        ((BUILT_AT - timedelta(hours=12)).isoformat(), False),
        ((BUILT_AT + MAX_AHEAD + timedelta(days=1)).isoformat(), False),
        ("yesterday", False),
        ("", False),
    ],
)
def test_the_clock_is_set_to_what_can_be(iso, is_right):
    assert (check_time(iso, floor=BUILT_AT) == "") is is_right
    if is_right:
        check_moment(datetime.fromisoformat(iso), BUILT_AT)  # what the page takes the runner does not refuse


@pytest.mark.parametrize("form", [{"iso": NEXT_YEAR}, {"date": NEXT_YEAR[:10], "time": NEXT_YEAR[11:16]}])
def test_the_time_comes_from_the_browser_or_from_the_fields(technician, paths, form):
    assert ask(technician, "set-time", form, page="/tech/power").status_code == 303
    (job,) = read_jobs(paths)
    assert abs(datetime.fromisoformat(job.values["iso"]) - datetime.fromisoformat(NEXT_YEAR)) < timedelta(
        days=1
    )
