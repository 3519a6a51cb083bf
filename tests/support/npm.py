"""Releases from the npm registry: fetched once by the machine's own npm, then kept in a cache."""

import base64
import hashlib
import os
import shutil
import subprocess
import tarfile
from dataclasses import dataclass
from pathlib import Path

_TIMEOUT_S = 300.0


class NotFetchedError(Exception):
    """A release is neither in the cache nor to be had; the message says why."""


@dataclass(frozen=True, slots=True)
class Release:
    """One release of a package; `integrity` is of its archive, as the registry and lock files write it."""

    package: str
    version: str
    integrity: str

    @property
    def archive(self) -> str:
        """The file name of its archive."""
        return f"{self.package}-{self.version}.tgz"


def cached(name: str) -> Path:
    """Return the folder of this name in the cache, which outlives a run."""
    folder = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "classroom-hub-tests" / name
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def fetch_release(release: Release, target: Path) -> Path:
    """Unpack a release into `target`, its files only, and return `target`."""
    cache = cached("npm")
    archive = cache / release.archive
    if not archive.exists() or integrity_of(archive) != release.integrity:
        _fetch(release, cache)
    found = integrity_of(archive)
    if found != release.integrity:
        raise NotFetchedError(f"{release.archive}: expected {release.integrity}, got {found}")
    with tarfile.open(archive) as members:
        members.extractall(target.with_suffix(".new"), filter="data")
    (target.with_suffix(".new") / "package").rename(target)
    return target


def _fetch(release: Release, cache: Path) -> None:
    program = shutil.which("npm")
    if program is None:
        raise NotFetchedError("there is no npm on this machine")
    command = [program, "pack", "--silent", f"{release.package}@{release.version}"]
    try:
        done = subprocess.run(
            command, cwd=cache, capture_output=True, text=True, timeout=_TIMEOUT_S, stdin=subprocess.DEVNULL
        )
    except subprocess.TimeoutExpired as error:
        raise NotFetchedError(f"npm pack took more than {_TIMEOUT_S:g} s") from error
    if done.returncode:
        lines = [*done.stderr.strip().splitlines(), "npm pack failed"]
        raise NotFetchedError(next((line for line in lines if "error" in line), lines[-1]))


def integrity_of(path: Path) -> str:
    """Return a file's sha512 as lock files write it."""
    with path.open("rb") as file:
        return "sha512-" + base64.b64encode(hashlib.file_digest(file, "sha512").digest()).decode()
