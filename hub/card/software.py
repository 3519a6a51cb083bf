"""Versions of the hub's software on the data partition: which one runs, is tried, was given up.

/data/software/<n>/        one version: a virtual environment, and the file built-at
/data/software/<n>/bad     it did not become healthy, and why; it never runs again
/data/software/current     symlink to the one that shall run
/data/software/previous    symlink to the one before it; none: that of the image
/data/software/trial       `<n> <tries left> <since>`: n has to be found healthy; since is seconds of uptime

/usr/bin/hub and /usr/lib/hub/software-trial read the same, before there is any Python: which one runs needs
no program of the version that is tried, and no program of it counts its starts. At every instant what the
launcher finds is a whole version. Why so: docs/adr/0019-updates.md.
"""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from content_packs.durable import fsync_dir, swap_symlink, write_durably
from content_packs.errors import local_error

TRIES = 3  # starts that a new version gets, the one at once among them
CURRENT, PREVIOUS, TRIAL, BAD, BUILT_AT = "current", "previous", "trial", "bad", "built-at"
BUILDING = ".building"
_UPTIME = Path("/proc/uptime")


@dataclass(frozen=True, slots=True)
class Trial:
    """A version that is tried."""

    number: int
    tries: int  # starts that are left
    since_s: int  # uptime at which this start of it began


@dataclass(frozen=True, slots=True)
class Installed:
    """What the folder says; None stands for the software of the image."""

    current: int | None
    previous: int | None
    trial: Trial | None
    bad: frozenset[int]
    whole: frozenset[int]

    @property
    def chosen(self) -> int | None:
        """The version that the launcher takes, if the image has no newer one."""
        for number in (self.current, self.previous):
            if number is not None and number in self.whole and number not in self.bad:
                return number
        return None

    @property
    def on_trial(self) -> Trial | None:
        """The trial of the version that runs; one whose switch was cut counts as none."""
        return self.trial if self.trial and self.trial.number == self.chosen else None


def read_installed(folder: Path) -> Installed:
    """Look at the folder; what is damaged counts as not there."""
    numbers = _numbers(folder)
    return Installed(
        current=_target(folder / CURRENT),
        previous=_target(folder / PREVIOUS),
        trial=_read_trial(folder / TRIAL),
        bad=frozenset(number for number in numbers if (folder / str(number) / BAD).exists()),
        whole=frozenset(number for number in numbers if (folder / str(number) / "bin" / "hub").exists()),
    )


def begin_trial(folder: Path, number: int) -> None:
    """Let the launcher take a version that lies whole, on trial; what runs now is the one before.

    The trial is written before the switch: a version that is not counted could fail for ever.

    Raises:
        LocalError: the disk refuses; the version before still runs.
    """
    with _refusals("switching to another version of the software"):
        now = read_installed(folder).chosen
        if now is None:
            (folder / PREVIOUS).unlink(missing_ok=True)
            fsync_dir(folder)
        else:
            swap_symlink(folder / PREVIOUS, str(now))
        line = f"{number} {TRIES - 1} {uptime_s()}\n"
        write_durably(folder / TRIAL, line.encode())
        swap_symlink(folder / CURRENT, str(number))


def commit(folder: Path) -> None:
    """Keep the version that is tried: it is healthy. Nothing is written where none is."""
    with _refusals("keeping the new version of the software"):
        if (folder / TRIAL).exists():
            (folder / TRIAL).unlink()
            fsync_dir(folder)


def give_up(folder: Path, why: str) -> None:
    """Take the version that is tried back: the one before runs from the next start of each service on.

    Raises:
        LocalError: the disk refuses.
    """
    with _refusals("going back to the former version of the software"):
        trial = read_installed(folder).trial
        if trial is None:
            return
        place = folder / str(trial.number)
        if place.is_dir():
            write_durably(place / BAD, f"{why}\n".encode())  # the launcher takes the former one from here on
        commit(folder)


def tidy(folder: Path) -> None:
    """Let `current` lead to what runs, and remove what no start can need; of a bad version its mark stays."""
    with _refusals("removing old versions of the software"):
        if not folder.is_dir():
            return
        state = read_installed(folder)
        if state.trial is not None and state.on_trial is None:
            commit(folder)  # it was taken back, or its switch was cut
        if state.current is not None and state.current in state.bad:
            _lead_back(folder, state)
        kept = {state.chosen, *((state.previous,) if state.previous != state.current else ())}
        for number in _numbers(folder):
            if number not in kept or number in state.bad:
                _remove(folder / str(number), is_bad=number in state.bad)
        for doomed in folder.glob(".*.removed"):
            shutil.rmtree(doomed)
        shutil.rmtree(folder / BUILDING, ignore_errors=True)


def why_bad(folder: Path, number: int) -> str:
    """Return why a version was given up."""
    try:
        return (folder / str(number) / BAD).read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""


def uptime_s() -> int:
    """Return how long this machine runs; a hub's clock may be set at any moment."""
    return int(float(_UPTIME.read_text(encoding="ascii").split()[0]))


def _lead_back(folder: Path, state: Installed) -> None:
    if state.chosen is None:
        (folder / CURRENT).unlink(missing_ok=True)
        fsync_dir(folder)
    else:
        swap_symlink(folder / CURRENT, str(state.chosen))
    (folder / PREVIOUS).unlink(missing_ok=True)
    fsync_dir(folder)


def remove(place: Path) -> None:
    """Remove a version: it vanishes in one step, so that no half of it is ever taken for whole."""
    doomed = place.with_name(f".{place.name}.removed")
    shutil.rmtree(doomed, ignore_errors=True)
    place.rename(doomed)
    shutil.rmtree(doomed)


def _remove(place: Path, *, is_bad: bool) -> None:
    if not is_bad:
        remove(place)
        return
    for entry in place.iterdir():
        if entry.name == BAD:
            continue
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        else:
            entry.unlink()


def _numbers(folder: Path) -> list[int]:
    if not folder.is_dir():
        return []
    return sorted(int(entry.name) for entry in folder.iterdir() if entry.name.isdecimal() and entry.is_dir())


def _target(link: Path) -> int | None:
    try:
        name = link.readlink().name
    except OSError:
        return None
    return int(name) if name.isdecimal() else None


def _read_trial(path: Path) -> Trial | None:
    """Return what the file says; a damaged one is the trial of whatever is current, without a try left."""
    try:
        text = path.read_bytes().decode("ascii", "replace")
    except FileNotFoundError:
        return None
    words = text.split()
    if len(words) == 3 and all(word.isascii() and word.isdecimal() and len(word) < 12 for word in words):
        return Trial(*map(int, words))
    number = _target(path.with_name(CURRENT))
    return None if number is None else Trial(number, 0, 0)


@contextmanager
def _refusals(doing: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise local_error(error, doing) from error
