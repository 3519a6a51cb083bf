"""The folder of jobs as root sees it: written by an account that somebody may have taken over.

Every file is reached by the descriptor of its folder and never through a link, so that no name leads
anywhere else, whatever changes meanwhile. What is no file of a job is named and taken away.
"""

import json
import os
import secrets
import shutil
import stat
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from typing import Any

from content_packs.errors import Error, LocalError, UsageError, local_error
from hub.jobs import FORMAT, ID, KEPT, MAX_BYTES, asked_dir, jobs_dir
from hub.jobvalues import check_job
from hub.settings import HubPaths

_ENDS = ("restart", "power-off")
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC  # NONBLOCK: a FIFO must not stop us
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


@dataclass(frozen=True, slots=True)
class Asked:
    """One job that waits: its checked values, or why it is refused."""

    id: str
    name: str
    values: Mapping[str, str]
    asked_at: str
    boot: str
    refused: Error | None = None


class Queue:
    """The two folders of one hub, open. Their owner is the account of the portal."""

    def __init__(self, results: int, asked: int) -> None:
        self._results, self._asked = results, asked
        self._owner = os.fstat(results)

    def close(self) -> None:
        """Close the folders."""
        os.close(self._asked)
        os.close(self._results)

    def list_asked(self) -> list[str]:
        """Return the ids of what waits, the oldest first."""
        return sorted(name.removesuffix(".json") for name in _list_names(self._asked) if _is_name(name))

    def is_end_asked(self) -> bool:
        """Whether a restart or the end of the machine waits."""
        return any(job_id.partition("-")[2] in _ENDS for job_id in self.list_asked())

    def take_away_strangers(self) -> Iterator[str]:
        """Delete what is no job in the folder where jobs are asked for; yields a line about each."""
        for name in _list_names(self._asked):
            if not _is_name(name) and not (name.startswith(".") and name.endswith(".tmp")):
                _delete(self._asked, name)
                yield f"jobs: {name!r} is not the name of a job; it was deleted"

    def read_asked(self, job_id: str) -> Asked:
        """Return what is asked; what is wrong with it is in `refused`. It waits until `forget_asked`."""
        match = ID.fullmatch(job_id)
        name = match[2] if match else ""
        try:
            said = _parse(self._read_own(self._asked, f"{job_id}.json"), job_id)
            if said.get("name") != name:
                raise UsageError(f"{job_id}: the file asks for {str(said.get('name'))[:40]!r}")
            values = check_job(name, said.get("values"))
        except Error as error:
            return Asked(job_id, name, {}, "", "", refused=error)
        except OSError as error:
            return Asked(job_id, name, {}, "", "", refused=local_error(error, f"reading job {job_id}"))
        return Asked(job_id, name, values, str(said.get("asked_at", ""))[:40], str(said.get("boot", "")))

    def _read_own(self, folder: int, name: str) -> bytes:
        """Return the content of a plain small file of the folder's owner."""
        found = os.stat(name, dir_fd=folder, follow_symlinks=False)
        if not stat.S_ISREG(found.st_mode):
            raise UsageError(f"{name}: is a {_kind(found.st_mode)}, not a file")
        with closing(_Opened(os.open(name, _READ, dir_fd=folder))) as opened:
            found = os.fstat(opened.descriptor)
            if not stat.S_ISREG(found.st_mode):
                raise UsageError(f"{name}: is a {_kind(found.st_mode)}, not a file")
            if found.st_uid != self._owner.st_uid:
                raise UsageError(f"{name}: belongs to account {found.st_uid}, expected {self._owner.st_uid}")
            if found.st_nlink > 1:
                raise UsageError(f"{name}: has {found.st_nlink} names, expected 1")
            if found.st_size > MAX_BYTES:
                raise UsageError(f"{name}: has {found.st_size} bytes, expected at most {MAX_BYTES}")
            return os.read(opened.descriptor, MAX_BYTES)

    def forget_asked(self, job_id: str) -> None:
        """Take away what was asked, and with it any secret."""
        _delete(self._asked, f"{job_id}.json")
        os.fsync(self._asked)

    def write(self, job_id: str, values: Mapping[str, Any]) -> None:
        """Write how a job is, durably and for the folder's owner."""
        data = json.dumps({"format": FORMAT, "id": job_id, **values}).encode()
        temporary = f".{job_id}.json.tmp"
        _delete(self._results, temporary)
        with closing(_Opened(os.open(temporary, _NEW, 0o600, dir_fd=self._results))) as opened:
            os.fchown(opened.descriptor, self._owner.st_uid, self._owner.st_gid)
            os.write(opened.descriptor, data)
            os.fsync(opened.descriptor)
        name = f"{job_id}.json"
        with suppress(OSError):
            if stat.S_ISDIR(os.stat(name, dir_fd=self._results, follow_symlinks=False).st_mode):
                _delete(self._results, name)
        os.rename(temporary, name, src_dir_fd=self._results, dst_dir_fd=self._results)
        os.fsync(self._results)

    def list_interrupted(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """Yield the jobs that run as far as their files know; the caller knows that none does."""
        for job_id in self._list_results():
            with suppress(Error, OSError):
                said = _parse(self._read_own(self._results, f"{job_id}.json"), job_id)
                if said.get("state") == "running":
                    yield job_id, said

    def prune(self) -> None:
        """Forget all results but the newest."""
        for job_id in self._list_results()[:-KEPT]:
            _delete(self._results, f"{job_id}.json")

    def _list_results(self) -> list[str]:
        return sorted(name.removesuffix(".json") for name in _list_names(self._results) if _is_name(name))


@dataclass(frozen=True, slots=True)
class _Opened:
    descriptor: int

    def close(self) -> None:
        os.close(self.descriptor)


@contextmanager
def open_queue(paths: HubPaths) -> Iterator[Queue]:
    """Open the folders of jobs, made where they are missing.

    Raises:
        LocalError: one is a link or no folder, or belongs to another account than the hub's folder.
    """
    owner = paths.dir.stat()
    try:
        results = _open_folder(str(jobs_dir(paths)), None, owner)
        asked = _open_folder(asked_dir(paths).name, results, owner)
    except OSError as error:
        raise local_error(error, "opening the folder of jobs") from error
    queue = Queue(results, asked)
    try:
        for descriptor in (results, asked):
            found = os.fstat(descriptor).st_uid
            if found != owner.st_uid:
                raise LocalError(
                    f"{jobs_dir(paths)}: belongs to account {found}, expected {owner.st_uid}",
                    hint="Take the folder away; it is made again.",
                )
        yield queue
    finally:
        queue.close()


def _open_folder(name: str, parent: int | None, owner: os.stat_result) -> int:
    """Open a folder, made for `owner` where it is missing; never through a link."""
    with suppress(FileExistsError):
        os.mkdir(name, 0o700, dir_fd=parent)
        made = os.open(name, _FOLDER, dir_fd=parent)
        os.fchown(made, owner.st_uid, owner.st_gid)
        return made
    return os.open(name, _FOLDER, dir_fd=parent)


def _parse(data: bytes, job_id: str) -> dict[str, Any]:
    try:
        said = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{job_id}: is not JSON: {str(error)[:100]}") from error
    if not isinstance(said, dict) or said.get("format") != FORMAT:
        raise UsageError(f"{job_id}: is not a job of format {FORMAT}")
    return said


def _list_names(folder: int) -> list[str]:
    with os.scandir(folder) as entries:
        return [entry.name for entry in entries]


def _is_name(name: str) -> bool:
    return name.endswith(".json") and ID.fullmatch(name.removesuffix(".json")) is not None


def _kind(mode: int) -> str:
    kinds = {stat.S_IFLNK: "link", stat.S_IFDIR: "folder", stat.S_IFIFO: "pipe", stat.S_IFSOCK: "socket"}
    return kinds.get(stat.S_IFMT(mode), "device")


def _delete(folder: int, name: str) -> None:
    """Delete a name of the folder, whatever it is; links are not followed."""
    try:
        os.unlink(name, dir_fd=folder)
    except FileNotFoundError:
        return
    except (IsADirectoryError, PermissionError):
        try:
            shutil.rmtree(name, dir_fd=folder)
        except (
            RecursionError
        ):  # folders in folders, a thousand deep: out of the way, and never looked at again
            os.rename(name, f".{secrets.token_hex(8)}.tmp", src_dir_fd=folder, dst_dir_fd=folder)
