"""How the portal asks for what only root may do: what is taken, what is refused, what is never kept."""

import json
from pathlib import Path

import pytest

from content_packs.errors import UsageError
from hub import jobs
from hub.clock import read_boot_id
from hub.jobvalues import SPECS, check_job, without_secrets
from hub.school.fields import BY_KEY
from hub.settings import HubPaths

RIGHT = {
    "sync": {},
    "sync-from": {"stick": "1A2B-3C4D"},
    "eject": {"stick": "1A2B-3C4D"},
    "backup": {"stick": "s", "password": "4711 0815"},
    "restore": {"stick": "s", "file": "h-1-2026-11-28.hubbackup"},
    "set-time": {"iso": "2026-11-28T19:30:00+02:00"},
    "restart": {},
    "power-off": {},
    "wifi": {"ssid": "Школа 7", "password": "very secret", "channel": "6", "mode": "builtin"},
    "rollback": {"pack": "maths-grade4"},
    "follow": {"pack": "maths-grade4"},
    "repair": {},
    "sync-limits": {"quiet_hours": "08:00-15:00", "day_mb": "50"},
    "check-again": {},
    "support-file": {},
    "school-config": {"wifi.ssid": "Школа", "hub_name": "hub.lan"},
}
WRONG = [
    ("format-disk", {}, "format-disk"),
    (7, {}, "7"),
    ("sync", {"from": "/etc"}, "from"),
    ("sync", [], "no table"),
    ("sync-from", {}, "stick is missing"),
    ("sync-from", {"stick": "../../etc"}, "../../etc"),
    ("sync-from", {"stick": "a" * 65}, "stick"),
    ("restore", {"stick": "s", "file": "../hub.toml"}, "../hub.toml"),
    ("restore", {"stick": "s", "file": ".hidden"}, ".hidden"),
    ("restore", {"stick": "s", "file": "a\nb"}, "name of a backup"),
    ("restore", {"stick": "s", "file": "\udcff"}, "not a text"),
    ("set-time", {"iso": "2026-11-28"}, "zone"),
    ("set-time", {"iso": "yesterday"}, "yesterday"),
    ("set-time", {"iso": "9999-12-31T23:59:59-14:00"}, "zone"),
    ("wifi", {"ssid": "x" * 33}, "32 bytes"),
    ("wifi", {"ssid": "a\nssid2=b"}, "ssid"),
    ("wifi", {"mode": "open"}, "builtin, external-ap or off"),
    ("wifi", {"mode": ""}, "builtin, external-ap or off"),
    ("wifi", {"channel": "six"}, "0 to 13"),
    ("wifi", {"channel": "36"}, "0 to 13"),
    ("wifi", {"ssid": 5}, "ssid"),
    ("rollback", {"pack": "../x"}, "../x"),
    ("follow", {"pack": "../x"}, "../x"),
    ("sync-limits", {"quiet_hours": "8 to 15"}, "quiet_hours"),
    ("sync-limits", {"day_mb": "-1"}, "megabytes"),
    ("sync-limits", {"month_mb": "9" * 9}, "megabytes"),
    ("school-config", {"Wifi.ssid": "x"}, "settings"),
    ("school-config", {"a.b.c": "x"}, "settings"),
    ("school-config", {"school_name": "x" * 5000}, "4000"),
    ("school-config", {"school_name": "\ud800"}, "not a text"),
    *(("school-config", {key: "x"}, "only the office") for key, field in BY_KEY.items() if field.office),
]


@pytest.fixture
def paths(tmp_path) -> HubPaths:
    return HubPaths(tmp_path / "hub")


def test_every_job_has_a_right_example():
    assert RIGHT.keys() == SPECS.keys()


@pytest.mark.parametrize(("name", "values"), RIGHT.items())
def test_takes_what_is_right(paths, name, values):
    job_id = jobs.ask(paths, name, values)

    job = jobs.read_job(paths, job_id)

    assert job is not None
    assert (job.id, job.name, job.state) == (f"000001-{name}", name, "asked")
    assert job.values == without_secrets(name, values)


@pytest.mark.parametrize(("name", "values", "said"), WRONG)
def test_refuses_what_is_wrong_and_names_it(name, values, said):
    with pytest.raises(UsageError) as caught:
        check_job(name, values)

    assert said in f"{caught.value.message} {caught.value.hint}"


def test_a_secret_is_neither_quoted_nor_shown_nor_readable_by_others(paths):
    with pytest.raises(UsageError) as caught:
        jobs.ask(paths, "wifi", {"password": "пароль"})
    job_id = jobs.ask(paths, "wifi", {"password": "very secret"})

    assert "пароль" not in f"{caught.value.message} {caught.value.hint}"
    assert "very secret" not in repr(jobs.read_jobs(paths))
    assert file_of(paths, job_id).stat().st_mode & 0o777 == 0o600


def test_asked_twice_it_is_one_job_and_other_values_are_another(paths):
    first = jobs.ask(paths, "eject", {"stick": "a"})

    assert jobs.ask(paths, "eject", {"stick": "a"}) == first
    assert jobs.ask(paths, "eject", {"stick": "b"}) != first


def test_asked_again_with_another_secret_it_is_another_job(paths):
    assert jobs.ask(paths, "wifi", {"password": "secret 1"}) != jobs.ask(
        paths, "wifi", {"password": "secret 2"}
    )


def test_numbers_only_grow_and_the_newest_is_first(paths):
    jobs.ask(paths, "sync")
    file_of(paths, "000001-sync").unlink()
    (jobs.jobs_dir(paths) / "000041-sync.json").write_text('{"state": "done", "message": "Done."}')

    jobs.ask(paths, "check-again")

    assert [(job.id, job.state) for job in jobs.read_jobs(paths)] == [
        ("000042-check-again", "asked"),
        ("000041-sync", "done"),
    ]


@pytest.mark.parametrize(("boot", "state"), [(read_boot_id(), "running"), ("another", "failed")])
def test_what_ran_when_the_power_went_is_said_at_once(paths, boot, state):
    jobs.ask(paths, "sync")
    result = jobs.jobs_dir(paths) / "000001-sync.json"
    result.write_text(json.dumps({"state": "running", "boot": boot}))

    (job,) = jobs.read_jobs(paths)

    assert (job.state, job.text) == (state, "It was interrupted." if state == "failed" else "")


@pytest.mark.parametrize("junk", [b"", b"{", b"[]", b"\xff\xfe", b'{"state": {}}'])
def test_a_torn_file_hides_no_other_job(paths, junk):
    jobs.ask(paths, "sync")
    (jobs.jobs_dir(paths) / "000007-sync.json").write_bytes(junk)
    (jobs.jobs_dir(paths) / "000008-sync").mkdir()

    assert "000001-sync" in [job.id for job in jobs.read_jobs(paths)]


def test_no_path_leads_out_of_the_folder(paths):
    (paths.dir / "secret.json").parent.mkdir(parents=True)
    (paths.dir / "secret.json").write_text(json.dumps({"state": "done"}))

    assert jobs.read_job(paths, "../secret") is None


def file_of(paths: HubPaths, job_id: str) -> Path:
    return jobs.asked_dir(paths) / f"{job_id}.json"
