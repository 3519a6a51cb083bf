"""The runner: every hostile file is refused and named, nothing is done twice, no secret stays."""

import json
import os
import socket
import subprocess
import sys

import pytest

from content_packs.durable import locked
from content_packs.errors import BusyError, LocalError, UsageError
from hub import jobs
from hub.clock import read_boot_id
from hub.jobvalues import SPECS
from hub.runner.run import run_jobs
from hub.runner.table import TABLE
from hub.runner.task import Machine, Outcome
from hub.settings import HubPaths

HERE = Machine(is_card=False, hub_command=("false",))


@pytest.fixture
def paths(tmp_path) -> HubPaths:
    (tmp_path / "hub").mkdir()
    return HubPaths(tmp_path / "hub")


class Table(dict):
    """Does every job by noting its values; or by failing."""

    def __init__(self, error: Exception | None = None) -> None:
        super().__init__(dict.fromkeys(SPECS, self.work))
        self.seen: list[dict[str, str]] = []
        self.error = error

    def work(self, task):
        task.progress(0.5, pack="maths")
        self.seen.append(dict(task.values))
        if self.error is not None:
            raise self.error
        return Outcome("Took %(size_bytes)s.", "Well.", {"size_bytes": 2_000_000})


def run(paths, table) -> int:
    return run_jobs(paths, HERE, table)


def only(paths) -> jobs.Job:
    (job,) = jobs.read_jobs(paths)
    return job


def files(paths) -> str:
    """Everything that lies below the folder of jobs, as text."""
    return "".join(
        path.read_text(errors="replace") for path in jobs.jobs_dir(paths).rglob("*") if path.is_file()
    )


def test_every_job_has_its_function():
    assert TABLE.keys() == SPECS.keys()


def test_does_what_was_asked_and_says_what_came_of_it(paths):
    table = Table()
    jobs.ask(paths, "eject", {"stick": "a"})
    jobs.ask(paths, "eject", {"stick": "b"})

    assert run(paths, table) == 2

    assert table.seen == [{"stick": "a"}, {"stick": "b"}]
    assert [(job.state, job.text, job.advice) for job in jobs.read_jobs(paths)] == [
        ("done", "Took 2.0 MB.", "Well.")
    ] * 2
    assert list(jobs.asked_dir(paths).iterdir()) == []
    assert run(paths, table) == 0


def test_a_secret_is_gone_before_the_work_begins_and_stays_nowhere(paths):
    table = Table()
    jobs.ask(paths, "wifi", {"password": "very secret", "ssid": "Школа"})
    seen: list[str] = []
    table["wifi"] = lambda task: (seen.append(files(paths)), table.work(task))[1]

    run(paths, table)

    assert table.seen == [{"password": "very secret", "ssid": "Школа"}]
    assert "very secret" not in seen[0] + files(paths)
    assert only(paths).values == {"ssid": "Школа"}


@pytest.mark.parametrize(
    "error", [UsageError("no such stick", hint="Plug it in."), OSError(28, "No space left on device")]
)
def test_what_fails_is_said_and_the_next_job_is_done(paths, error):
    jobs.ask(paths, "eject", {"stick": "a"})
    jobs.ask(paths, "sync")

    assert run(paths, Table(error)) == 2

    assert {job.state for job in jobs.read_jobs(paths)} == {"failed"}
    assert str(error.args[-1]) in jobs.read_jobs(paths)[0].text


def test_progress_is_told_while_it_runs_and_not_after(paths):
    table = Table()
    jobs.ask(paths, "sync")
    told: list[jobs.Job] = []

    def work(task):
        task.progress(0.25, pack="maths")
        told.append(only(paths))
        return Outcome("Done.")

    table["sync"] = work
    run(paths, table)

    assert [(job.state, job.progress, job.result) for job in told] == [("running", 0.25, {"pack": "maths"})]
    assert only(paths).progress is None


def test_killed_in_the_middle_it_is_said_at_the_next_start(paths):
    table = Table()
    jobs.ask(paths, "sync")
    child = os.fork()
    if child == 0:
        table["sync"] = lambda task: os._exit(9)
        run(paths, table)
    os.waitpid(child, 0)
    assert only(paths).state == "running"

    assert run(paths, table) == 0

    assert (only(paths).state, only(paths).text) == ("failed", "It was interrupted.")
    assert table.seen == []


def test_what_was_asked_before_the_machine_went_off_is_not_begun(paths):
    table = Table()
    job_id = jobs.ask(paths, "restart")
    asked = jobs.asked_dir(paths) / f"{job_id}.json"
    asked.write_text(json.dumps(json.loads(asked.read_text()) | {"boot": "another"}))

    run(paths, table)

    assert (only(paths).state, table.seen) == ("failed", [])
    assert "switched off" in only(paths).text


def test_two_runners_are_never_at_work(paths):
    with locked(paths.lock("job-runner"), doing="test"), pytest.raises(BusyError):
        run(paths, Table())


def test_after_switching_off_nothing_more_is_begun(paths):
    table = Table()
    down: list[str] = []
    table["power-off"] = lambda task: Outcome("Off.", then=lambda: down.append(only_done(paths)))
    jobs.ask(paths, "power-off")
    jobs.ask(paths, "sync")

    run(paths, table)

    assert down == ["000001-power-off"], "its end is on the disk before"
    assert table.seen == []


def only_done(paths) -> str:
    return next(job.id for job in jobs.read_jobs(paths) if job.state == "done")


def test_the_newest_twenty_are_kept(paths):
    for number in range(30):
        jobs.ask(paths, "eject", {"stick": f"s{number}"})

    run(paths, Table())

    assert [job.id[:6] for job in jobs.read_jobs(paths)] == [f"{n:06d}" for n in range(30, 10, -1)]


def asked(**values) -> bytes:
    return json.dumps({"format": 1, "name": "sync", "values": {}, "boot": read_boot_id()} | values).encode()


def put(content: bytes):
    return lambda path, outside: path.write_bytes(content)


def link(path, outside):
    outside.write_bytes(asked())
    path.symlink_to(outside)


def second_name(path, outside):
    outside.write_bytes(asked())
    path.hardlink_to(outside)


def listen(path, outside):
    with socket.socket(socket.AF_UNIX) as listener:
        here = os.open(path.parent, os.O_RDONLY)
        listener.bind(f"/proc/self/fd/{here}/{path.name}")
        os.close(here)


HOSTILE = {
    "a link": (link, "link"),
    "a second name": (second_name, "2 names"),
    "a folder": (lambda path, outside: (path / "deep").mkdir(parents=True), "folder"),
    "a pipe": (lambda path, outside: os.mkfifo(path), "pipe"),
    "a socket": (listen, "socket"),
    "huge": (put(asked(more="x" * 70_000)), "at most 65536"),
    "empty": (put(b""), "not JSON"),
    "no JSON": (put(b"{"), "not JSON"),
    "deep": (put(b"[" * 60_000), "not JSON"),
    "no object": (put(b"[1]"), "format 1"),
    "another format": (put(asked(format=2)), "format 1"),
    "another name inside": (put(asked(name="power-off")), "power-off"),
    "unknown values": (put(asked(values={"from": "/etc"})), "from"),
    "values that are none": (put(asked(values=[])), "no table"),
}


@pytest.mark.parametrize(("make", "said"), HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_file_is_refused_and_named(paths, tmp_path, make, said):
    table = Table()
    jobs.ask(paths, "check-again")
    outside = tmp_path / "outside"
    make(jobs.asked_dir(paths) / "000007-sync.json", outside)

    run(paths, table)

    assert len(table.seen) == 1, "only what was asked properly is done"
    refused = jobs.read_job(paths, "000007-sync")
    assert refused is not None
    assert (refused.state, said in refused.text) == ("failed", True), refused.text
    assert list(jobs.asked_dir(paths).iterdir()) == []
    assert not outside.exists() or outside.read_bytes() == asked(), "nothing outside is touched"


@pytest.mark.parametrize("name", ["../x", "a b", "000001-SYNC", "x"])
def test_another_name_is_taken_away(paths, name):
    jobs.ask(paths, "sync")
    stranger = jobs.asked_dir(paths) / f"{name.replace('/', '-')}.json"
    stranger.write_bytes(asked())

    assert run(paths, Table()) == 1

    assert not stranger.exists()


def test_an_unknown_job_is_refused(paths):
    jobs.ask(paths, "sync")
    (jobs.asked_dir(paths) / "000009-format-disk.json").write_bytes(asked(name="format-disk"))

    run(paths, Table())

    refused = jobs.read_job(paths, "000009-format-disk")
    assert refused is not None
    assert "format-disk" in refused.text


@pytest.mark.parametrize("which", ["jobs", "asked"])
def test_a_folder_that_is_a_link_is_refused(paths, tmp_path, which):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    folder = jobs.jobs_dir(paths) if which == "jobs" else jobs.asked_dir(paths)
    folder.parent.mkdir(exist_ok=True)
    folder.symlink_to(elsewhere)

    with pytest.raises(LocalError, match="folder of jobs"):
        run(paths, Table())

    assert list(elsewhere.iterdir()) == []


ROOT_ONLY = {
    "sync-from": {"stick": "s"},
    "eject": {"stick": "s"},
    "backup": {"stick": "s"},
    "restore": {"stick": "s", "file": "f"},
    "set-time": {"iso": "2026-11-28T19:30:00+02:00"},
    "restart": {},
    "power-off": {},
    "wifi": {"ssid": "Школа"},
    "school-config": {"school_name": "Школа"},
}


@pytest.mark.parametrize(("name", "values"), ROOT_ONLY.items())
def test_away_from_a_card_it_is_said_what_only_a_card_can_do(paths, name, values):
    jobs.ask(paths, name, values)

    run(paths, TABLE)

    assert only(paths).state == "failed"
    assert "only a hub that was started from its card" in only(paths).text
    assert only(paths).result["code"] == "not-a-card"


@pytest.mark.parametrize("name", ["000001-sync.json", "stranger"])
def test_folders_a_thousand_deep_hold_up_nobody(paths, name):
    place = jobs.asked_dir(paths) / name
    place.mkdir(parents=True)
    for _ in range(1200):
        place /= "d"
        place.mkdir()
    try:
        asked = jobs.ask(paths, "check-again")
        run(paths, Table())
        assert jobs.read_job(paths, asked).state == "done"
        assert run(paths, Table()) == 0
    finally:
        subprocess.run(["rm", "-rf", str(jobs.jobs_dir(paths))], check=True)


@pytest.mark.parametrize("said", ["\\xff", "\\xd0 Kingston"])
def test_what_a_program_says_may_be_in_any_encoding(said):
    assert HERE.run("printf", said)


@pytest.mark.parametrize("said", ["not JSON", "[" * 5000])
def test_an_answer_that_is_none_is_named(tmp_path, said):
    answering = Machine(is_card=False, hub_command=(sys.executable, "-c", f"print({said!r})"))
    with pytest.raises(LocalError, match="did not answer in JSON"):
        answering.run_hub(HubPaths(tmp_path), "status")
