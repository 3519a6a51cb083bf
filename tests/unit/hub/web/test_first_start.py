import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from hub import jobs
from hub.accounts import add_account, find_by_name, list_accounts, read_steps
from hub.labelcode import write_label_code
from hub.tries import FREE_MISSES
from hub.web.first_steps import STEPS, next_step
from support.accounts import PASSWORD, fill_in, sign_in_as

CODE = "K7RM-4XQ9"
ACCOUNT = {"name": "technician", "password": PASSWORD, "again": PASSWORD}
ANSWERS = {
    "language": {"language": "uk"},
    "school": {"school_name": "Ліцей села Кваси", "school_code": "12345678"},
    "wifi": {"mode": "builtin", "ssid": "Школа", "password": "vesna-2026"},
    "account": ACCOUNT,
    "clock": {"use": "browser", "iso": "2026-11-28T19:30:00.123Z"},
    "content": {"do": "sync"},
    "cards": {},
}


@pytest.fixture(autouse=True)
def _labelled(paths):
    paths.dir.mkdir(parents=True)
    write_label_code(paths, CODE)


@pytest.fixture
def present(portal):
    """Somebody with a phone in front of a new hub."""
    assert fill_in(portal, "/start", {"code": CODE}).status_code == 303
    return portal


def asked(paths):
    return {job.name: dict(jobs._asked_values(paths, job.id)) for job in jobs.read_jobs(paths)}


def test_seven_steps_lead_from_the_code_to_the_class(present, paths):
    assert list(ANSWERS) == [step.name for step in STEPS]
    place = "/start/language"
    for name, answers in ANSWERS.items():
        assert place == f"/start/{name}"
        assert f'href="{place}"' in present.get("/start").text
        assert present.get(place).status_code == 200
        answer = fill_in(present, place, answers)
        assert answer.status_code == 303, answer.text
        place = answer.headers["Location"]
    assert place == "/start"
    assert next_step(read_steps(paths)) is None
    assert find_by_name(paths, "technician").role == "technician"
    assert asked(paths)["wifi"] == ANSWERS["wifi"]
    assert asked(paths)["set-time"] == {"iso": "2026-11-28T19:30:00+00:00"}
    assert {"school-config", "sync"} <= set(asked(paths))
    school = [job for job in jobs.read_jobs(paths) if job.name == "school-config"]
    assert len(school) == 2


def test_the_first_start_goes_on_in_another_browser(present, paths):
    for name in ("language", "school", "wifi", "account"):
        fill_in(present, f"/start/{name}", ANSWERS[name])
    other = present.application.test_client()
    assert other.get("/start").headers["Location"] == "/signin?next=/start"
    sign_in_as(other, paths)
    assert 'href="/start/clock"' in other.get("/start").text
    assert "Ліцей села Кваси" in other.get("/start/school").text


@pytest.mark.parametrize("step", [step.name for step in STEPS])
def test_nobody_begins_without_the_code(portal, paths, step):
    assert portal.get(f"/start/{step}").headers["Location"] == "/start"
    assert fill_in(portal, f"/start/{step}", ANSWERS[step], page="/start").headers["Location"] == "/start"
    assert fill_in(portal, "/start", {"code": "AAAA-AAAA"}).status_code == 422
    assert portal.get(f"/start/{step}").status_code == 303
    assert (list_accounts(paths), jobs.read_jobs(paths), read_steps(paths)) == ((), (), {})


def test_the_code_is_not_guessed_for_long(portal):
    statuses = [fill_in(portal, "/start", {"code": f"AAAA-AAA{n}"}).status_code for n in range(2, 8)]
    assert statuses == [422] * FREE_MISSES + [429]


def test_with_an_account_the_code_opens_nothing(present, paths):
    """Who typed the code before somebody else was ready has no way in any more."""
    add_account(paths, "technician", PASSWORD, role="technician")
    assert present.get("/start/wifi").headers["Location"] == "/signin?next=/start/wifi"
    other = present.application.test_client()
    assert fill_in(other, "/start", {"code": CODE}, page="/signin").headers["Location"].startswith("/signin")
    answer = fill_in(present, "/start/account", {**ACCOUNT, "name": "second"}, page="/signin")
    assert answer.headers["Location"].startswith("/signin")
    assert [account.name for account in list_accounts(paths)] == ["technician"]


def test_an_administrator_does_not_set_the_hub_up(portal, paths):
    sign_in_as(portal, paths, "admin")
    assert portal.get("/start").status_code == 403
    assert portal.get("/start/wifi").status_code == 403


def test_a_hub_without_a_code_says_where_one_comes_from(portal, paths):
    for path in (paths.label_code, paths.spare / "label_code"):
        path.unlink()
    page = portal.get("/start").text
    assert f"hub --dir {paths.dir} accounts code" in page  # this machine was started from no card
    assert 'name="code"' not in page
    (paths.dir / "hub.toml").write_text('hub_id = "h-1"\ndepot_url = "file:///nowhere"\n')
    made = subprocess.run(
        [Path(sys.executable).with_name("hub"), "--dir", paths.dir, "accounts", "code", "--json"],
        check=False,
        capture_output=True,
        text=True,
    )
    assert made.returncode == 0, made.stderr
    assert 'name="code"' in portal.get("/start").text


def test_on_a_card_the_command_that_makes_a_code_needs_no_folder(portal, paths, monkeypatch):
    for path in (paths.label_code, paths.spare / "label_code"):
        path.unlink()
    monkeypatch.setattr("hub.web.first_start.is_card", lambda: True)
    assert ": hub accounts code" in portal.get("/start").text


@pytest.mark.parametrize(
    ("step", "change", "field"),
    [
        ("language", {"language": "xx"}, ""),
        ("school", {"school_name": " "}, "school_name"),
        ("school", {"school_name": "x" * 101}, "school_name"),
        ("school", {"school_code": "код"}, "school_code"),
        ("wifi", {"mode": "both"}, ""),
        ("wifi", {"ssid": ""}, "ssid"),
        ("wifi", {"ssid": "ї" * 17}, "ssid"),
        ("wifi", {"password": "short"}, "password"),
        ("wifi", {"password": "кирилиця-тут"}, "password"),
        ("account", {"again": "other"}, "password"),
        ("account", {"password": "short", "again": "short"}, "password"),
        ("account", {"name": "a b"}, "name"),
        ("clock", {"iso": ""}, ""),
        ("clock", {"iso": "yesterday"}, ""),
        ("clock", {"iso": "1999-01-01T00:00:00Z"}, ""),
        ("clock", {"use": "", "date": "28.11.2026", "time": "19:30"}, "date"),
        ("clock", {"use": "", "date": "2026-11-28", "time": "25:30"}, "date"),
    ],
)
def test_a_wrong_answer_is_said_beside_its_field(present, paths, step, change, field):
    answer = fill_in(present, f"/start/{step}", {**ANSWERS[step], **change})
    assert answer.status_code == 422
    assert 'role="alert"' in answer.text
    assert not field or f'name="{field}"' in answer.text.split('aria-invalid="true"')[0][-400:]
    assert step not in read_steps(paths)
    assert jobs.read_jobs(paths) == ()
    assert list_accounts(paths) == ()


def test_the_time_may_be_written_by_hand(present, paths):
    by_hand = {"date": "2026-11-28", "time": "19:30"}
    assert fill_in(present, "/start/clock", by_hand).status_code == 303
    meant = datetime(2026, 11, 28, 19, 30).astimezone().astimezone(UTC)
    assert asked(paths)["set-time"] == {"iso": meant.isoformat()}


def test_a_hub_in_a_network_of_the_school_needs_no_name_of_a_wifi(present, paths):
    assert fill_in(present, "/start/wifi", {"mode": "off"}).status_code == 303
    assert asked(paths)["wifi"] == {"mode": "off"}


def test_the_cards_show_how_to_join_and_then_forget_the_password(present, paths):
    fill_in(present, "/start/wifi", {"mode": "builtin", "ssid": 'a;b"c', "password": "p;\\ass:word"})
    page = present.get("/start/cards").text
    assert page.count("<svg") >= 2
    assert "p;\\ass:word" in page
    fill_in(present, "/start/cards", {})
    assert read_steps(paths)["wifi"] == {"mode": "builtin", "ssid": 'a;b"c'}
    again = present.get("/start/cards").text
    assert "p;\\ass:word" not in again
    assert "a;b&#34;c" in again
    assert again.count("<svg") == page.count("<svg") - 1, "a code without the password is of an open network"


def test_a_step_may_be_done_again(present, paths):
    fill_in(present, "/start/school", ANSWERS["school"])
    fill_in(present, "/start/school", ANSWERS["school"] | {"school_name": "Гімназія"})
    assert read_steps(paths)["school"]["school_name"] == "Гімназія"


def test_there_are_no_other_steps(present):
    assert present.get("/start/nothing").status_code == 404
    assert fill_in(present, "/start/nothing", {}, page="/start/wifi").status_code == 404
