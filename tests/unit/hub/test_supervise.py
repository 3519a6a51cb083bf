"""A supervised child is started, looked at, started again ever more slowly, and ended with all it started."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from content_packs.errors import ProcessDownError
from hub.supervise import Backoff, Child, ChildSettings, ChildState, Step, after_check, after_end, next_step
from support.kolibri import dead
from support.waiting import wait_for

RULES = ChildSettings("x", ["x"], Path("x.log"), start_timeout_s=60, health_interval_s=5, unhealthy_after=3)


def test_delay_doubles_up_to_its_limit():
    backoff = Backoff(first_s=1, factor=2, longest_s=10)
    assert [backoff.delay_s(n) for n in (1, 2, 3, 4, 5, 1000)] == [1, 2, 4, 8, 10, 10]


@pytest.mark.parametrize(
    ("state", "now", "expected"),
    [
        (ChildState(), 0, Step.START),
        (ChildState(start_at=10), 9, Step.WAIT),
        (ChildState(start_at=10), 10, Step.START),
        (ChildState(running=True, started_at=100, checked_at=100), 100.1, Step.WAIT),
        (ChildState(running=True, started_at=100, checked_at=100), 100.5, Step.CHECK),
        (ChildState(running=True, started_at=100, checked_at=159, failed_checks=99), 160, Step.CHECK),
        (ChildState(running=True, started_at=100, checked_at=160, failed_checks=99), 161, Step.RESTART),
        (ChildState(running=True, healthy=True, started_at=0, checked_at=100), 104, Step.WAIT),
        (ChildState(running=True, healthy=True, started_at=0, checked_at=100), 105, Step.CHECK),
        (ChildState(running=True, healthy=True, checked_at=100, failed_checks=2), 105, Step.CHECK),
        (ChildState(running=True, healthy=True, checked_at=100, failed_checks=3), 100, Step.RESTART),
    ],
)
def test_next_step_follows_from_state_and_time(state, now, expected):
    assert next_step(state, RULES, now=now) is expected


def test_ends_in_a_row_are_counted_and_a_long_life_forgives_them():
    state = ChildState()
    for failures, wait in ((1, 1), (2, 2), (3, 4)):
        state = after_end(ChildState(running=True, failures=state.failures, started_at=100), RULES, now=110)
        assert (state.failures, state.start_at) == (failures, 110 + wait)
    steady = after_end(ChildState(running=True, failures=9, started_at=100), RULES, now=160)
    assert (steady.failures, steady.start_at) == (1, 161)


def test_one_good_look_forgets_the_bad_ones():
    state = after_check(ChildState(running=True, failed_checks=2, failures=1), healthy=True, now=7)
    assert (state.healthy, state.failed_checks, state.checked_at, state.failures) == (True, 0, 7, 1)
    assert after_check(state, healthy=False, now=8).healthy
    assert after_check(state, healthy=False, now=8).failed_checks == 1


def child(tmp_path: Path, script: str, **how: object) -> Child:
    settings = ChildSettings(
        "tester", [sys.executable, "-c", script], tmp_path / "log" / "child.log", stop_timeout_s=1, **how
    )
    return Child(settings, lambda: (tmp_path / "healthy").exists())


def ready(tmp_path: Path) -> str:
    return f"import pathlib, signal, time; pathlib.Path({str(tmp_path / 'healthy')!r}).touch();"


def test_child_comes_up_is_restarted_after_kill_and_ends(tmp_path):
    running = child(tmp_path, ready(tmp_path) + "time.sleep(60)", backoff=Backoff(first_s=0.1))
    try:
        running.wait_until_up(threading.Event())
        first = running.pid
        os.kill(first, signal.SIGKILL)
        wait_for(lambda: running.tick() or (running.is_up and running.pid != first), timeout_s=30)
    finally:
        last = running.pid
        running.stop()
    assert running.pid is None
    assert dead(last)


def test_child_that_ignores_term_is_killed_with_what_it_started(tmp_path):
    script = (
        "import subprocess, sys; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
        "p = subprocess.Popen(['sleep', '60']);"
        f"pathlib.Path({str(tmp_path / 'grandchild')!r}).write_text(str(p.pid));"
        "time.sleep(60)"
    )
    stubborn = child(tmp_path, ready(tmp_path) + script)
    stubborn.wait_until_up(threading.Event())
    wait_for(
        lambda: (tmp_path / "grandchild").exists() and (tmp_path / "grandchild").read_text(), timeout_s=5
    )
    pid = stubborn.pid
    stubborn.stop()
    assert dead(pid)
    wait_for(lambda: dead(int((tmp_path / "grandchild").read_text())), timeout_s=30)


def test_child_that_cannot_start_says_why(tmp_path):
    broken = child(tmp_path, "raise SystemExit('no database')", backoff=Backoff(first_s=0.05))
    with pytest.raises(ProcessDownError, match="tester does not run: no database"):
        broken.wait_until_up(threading.Event(), give_up_after=2)
    broken.stop()
    assert (tmp_path / "log" / "child.log").read_text().count("no database") == 2


def test_program_that_is_missing_is_named(tmp_path):
    missing = Child(ChildSettings("ghost", ["/no/such/program"], tmp_path / "ghost.log"), lambda: True)
    with pytest.raises(ProcessDownError, match=r"/no/such/program"):
        for _ in range(40):
            missing.tick()
            if missing.state.failures:
                raise missing.down_error()
            time.sleep(0.1)


def test_child_ends_when_its_supervisor_is_killed(tmp_path):
    script = (
        "import sys, time; from pathlib import Path; from hub.supervise import Child, ChildSettings\n"
        "c = Child(ChildSettings('x', ['sleep', '60'], Path(sys.argv[1]) / 'log'), lambda: True)\n"
        "c.tick(); (Path(sys.argv[1]) / 'pid').write_text(str(c.pid)); time.sleep(60)"
    )
    supervisor = subprocess.Popen([sys.executable, "-c", script, str(tmp_path)])
    wait_for(lambda: (tmp_path / "pid").exists() and (tmp_path / "pid").read_text(), timeout_s=30)
    pid = int((tmp_path / "pid").read_text())
    wait_for(lambda: Path(f"/proc/{pid}/comm").read_text() == "sleep\n", timeout_s=30)
    supervisor.kill()
    supervisor.wait()
    wait_for(lambda: dead(pid), timeout_s=30)


def test_long_log_is_put_aside_at_a_start(tmp_path):
    log = tmp_path / "log" / "child.log"
    log.parent.mkdir()
    log.write_bytes(b"x" * (6 * 1024 * 1024))
    running = child(tmp_path, ready(tmp_path) + "time.sleep(60)")
    running.wait_until_up(threading.Event())
    running.stop()
    assert log.with_name("child.log.1").stat().st_size == 6 * 1024 * 1024
    assert log.stat().st_size < 1000


def test_log_that_cannot_be_written_costs_the_log_and_not_the_child(tmp_path):
    (tmp_path / "log").write_bytes(b"a file where the folder of logs should be")
    running = child(tmp_path, ready(tmp_path) + "print('lost'); time.sleep(60)")
    running.wait_until_up(threading.Event())
    assert running.is_up
    running.stop()


def test_log_that_cannot_be_put_aside_does_not_stop_the_child(tmp_path):
    log = tmp_path / "log" / "child.log"
    (tmp_path / "log" / "child.log.1").mkdir(parents=True)
    log.write_bytes(b"x" * (6 * 1024 * 1024))
    running = child(tmp_path, ready(tmp_path) + "time.sleep(60)")
    running.wait_until_up(threading.Event())
    assert running.is_up
    running.stop()
