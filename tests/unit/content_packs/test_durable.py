import multiprocessing
import os
import signal
import stat
from concurrent.futures import ThreadPoolExecutor

import pytest

from content_packs.durable import locked, swap_symlink, sync_filesystem, write_durably
from content_packs.errors import BusyError


def test_replaces_a_file_and_leaves_no_temporary(tmp_path):
    path = tmp_path / "deep" / "state"
    write_durably(path, b"one")
    write_durably(path, b"two", mode=0o600)
    assert path.read_bytes() == b"two"
    assert path.stat().st_mode & 0o777 == 0o600
    assert os.listdir(path.parent) == ["state"]


def test_keeps_the_old_file_when_writing_fails(tmp_path, monkeypatch):
    path = tmp_path / "state"
    write_durably(path, b"old")
    monkeypatch.setattr(os, "fsync", lambda _: (_ for _ in ()).throw(OSError(28, "no space")))
    with pytest.raises(OSError, match="no space"):
        write_durably(path, b"new")
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["state"]


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077])
@pytest.mark.parametrize("mode", [0o600, 0o644])
def test_mode_does_not_depend_on_the_umask(tmp_path, umask, mode):
    before = os.umask(umask)
    try:
        write_durably(tmp_path / "state", b"x", mode=mode)
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "state").stat().st_mode) == mode


def test_disk_without_modes_is_fine(tmp_path, monkeypatch):
    """A stick that is mounted for another user: chmod is refused, writing is not."""

    def refuse(*_):
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "fchmod", refuse)
    before = os.umask(0o077)
    try:
        write_durably(tmp_path / "state", b"x")
    finally:
        os.umask(before)
    assert (tmp_path / "state").read_bytes() == b"x"


@pytest.mark.parametrize(
    "write", [lambda path: write_durably(path, b"new"), lambda p: swap_symlink(p, "new")]
)
def test_what_power_cuts_left_is_replaced_and_not_piled_up(tmp_path, monkeypatch, write):
    path = tmp_path / "state"
    for _ in range(3):
        child = os.fork()
        if child == 0:
            monkeypatch.setattr(type(path), "replace", lambda *_: os._exit(9))
            write(path)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9
        assert len(os.listdir(tmp_path)) == 1
    write(path)
    assert os.listdir(tmp_path) == ["state"]


def test_planted_link_at_the_temporary_name_is_not_followed(tmp_path):
    (tmp_path / "other").write_bytes(b"other")
    (tmp_path / ".state.tmp").symlink_to("other")
    write_durably(tmp_path / "state", b"new")
    assert (tmp_path / "other").read_bytes() == b"other"
    assert (tmp_path / "state").read_bytes() == b"new"


def test_many_writers_at_once_all_succeed_and_none_is_mixed(tmp_path):
    path, link = tmp_path / "state", tmp_path / "current"
    contents = [bytes([number]) * (20_000 + number) for number in range(40)]

    def write(data):
        write_durably(path, data)
        swap_symlink(link, str(data[0]))
        return path.read_bytes()

    with ThreadPoolExecutor(8) as pool:
        seen = list(pool.map(write, contents))
    assert all(data in contents for data in seen)
    assert sorted(os.listdir(tmp_path)) == ["current", "state"]


def test_process_that_was_forked_while_writing_keeps_nobody_waiting(tmp_path, monkeypatch):
    real, children = os.fsync, []

    def fork_now(descriptor):
        real(descriptor)
        if not children:
            child = os.fork()
            if child == 0:
                signal.pause()
            children.append(child)

    monkeypatch.setattr(os, "fsync", fork_now)
    pool = ThreadPoolExecutor(1)
    try:
        write_durably(tmp_path / "state", b"one")
        pool.submit(write_durably, tmp_path / "state", b"two").result(10)
    finally:
        os.kill(children[0], signal.SIGKILL)
        os.waitpid(children[0], 0)
        pool.shutdown()
    assert (tmp_path / "state").read_bytes() == b"two"


def test_swaps_a_link_in_one_step(tmp_path):
    link = tmp_path / "current"
    swap_symlink(link, "1")
    swap_symlink(link, "2")
    assert os.readlink(link) == "2"
    assert os.listdir(tmp_path) == ["current"]


def test_syncs_a_filesystem(tmp_path):
    sync_filesystem(tmp_path)


def _hold(path, ready):
    with locked(path, doing="holding"):
        ready.set()
        signal.pause()


def test_a_lock_is_free_again_after_kill_9(tmp_path):
    context = multiprocessing.get_context("fork")
    ready = context.Event()
    holder = context.Process(target=_hold, args=(tmp_path / "lock", ready))
    holder.start()
    assert ready.wait(10)
    with pytest.raises(BusyError, match="sync"), locked(tmp_path / "lock", doing="sync"):
        pass
    os.kill(holder.pid, signal.SIGKILL)
    holder.join(10)
    with locked(tmp_path / "lock", doing="sync"):
        pass


@pytest.mark.timeout(20)
def test_a_pipe_in_the_place_of_a_lock_is_refused(tmp_path):
    """Kolibri's account may write into the folder of the locks: the portal would wait for it."""
    os.mkfifo(tmp_path / "lock")
    with pytest.raises(OSError, match="No such device"), locked(tmp_path / "lock", doing="this"):
        pass
