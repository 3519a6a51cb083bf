"""A step of the build: what it will do, said before it is done, and what it leaves, removed when it fails."""

import hashlib
import re
import shlex
import shutil
import subprocess
import time
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from image.config import ImageConfig
from image.errors import ImageError, ToolError
from image.layer import Layer

_LAST_LINES = 12  # of what a failed program said
_NOT_FOUND = 127  # exit code of env and sh
_MOUNTS = Path("/proc/self/mountinfo")  # proc(5): the fifth field is where, with \040 for a blank


@dataclass(frozen=True, slots=True)
class Build:
    """What every step is given."""

    config: ImageConfig
    layers: tuple[Layer, ...]


@dataclass(frozen=True, slots=True)
class Run:
    """A program to run."""

    argv: tuple[str, ...]
    env: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        words = [f"{name}={value}" for name, value in self.env.items()]
        return " ".join([*words, *map(shlex.quote, self.argv)])

    def do(self, log: Path) -> None:
        """Run it; what it says goes to `log`.

        Raises:
            ToolError: it is missing or ended with an error.
        """
        with log.open("a", encoding="utf-8") as said:
            said.write(f"$ {self}\n")
            said.flush()
            done = subprocess.run(
                ["env", *(f"{name}={value}" for name, value in self.env.items()), *self.argv],
                stdin=subprocess.DEVNULL, stdout=said, stderr=subprocess.STDOUT, check=False,
            )  # fmt: skip
        if done.returncode == _NOT_FOUND:
            raise ToolError(
                f"{self.argv[0]}: no such program, or it lacks one that it calls",
                hint="Install what requirements/apt-image.txt names: make image does.",
            )
        if done.returncode:
            tail = "".join(f"\n    {line}" for line in _last_lines(log))
            raise ToolError(f"{self.argv[0]} ended with {done.returncode}; its last words:{tail}")


@dataclass(frozen=True, slots=True)
class Call:
    """Work of our own, and how a plan says it."""

    says: str
    function: Callable[[], None]

    def __str__(self) -> str:
        return self.says

    def do(self, log: Path) -> None:
        """Do it."""
        with log.open("a", encoding="utf-8") as said:
            said.write(f"# {self}\n")
        self.function()


Action = Run | Call


@dataclass(frozen=True, slots=True)
class Step:
    """One named step."""

    name: str
    about: str
    plan: Callable[[Build], tuple[Action, ...]]  # pure
    makes: Callable[[ImageConfig], tuple[Path, ...]]  # what `undo` removes
    reads: Callable[[ImageConfig], tuple[Path, ...]]  # what, changed, makes it run again
    after: tuple[str, ...] = ()  # steps whose result it takes
    hint: str = "Mend what is said above, then run the command again: finished steps are kept."

    def undo(self, config: ImageConfig) -> None:
        """Remove everything that the step makes, and nothing of this machine that a cut run mounted there."""
        _stamp_path(self, config).unlink(missing_ok=True)
        for path in self.makes(config):
            unmount_below(path)
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)


def unmount_below(place: Path) -> None:
    """Unmount what mmdebstrap or chroot left in a folder when they were killed: /sys, /proc, files of /dev.

    Raises:
        ToolError: something stays mounted.
    """
    begin = f"{place.parent.resolve() / place.name}/"  # of a link only its name goes: not where it leads
    for line in reversed(_MOUNTS.read_text(encoding="utf-8").splitlines()):  # the last mounted first
        point = re.sub(r"\\([0-7]{3})", lambda code: chr(int(code[1], 8)), line.split(" ")[4])
        if not point.startswith(begin):
            continue
        done = subprocess.run(["umount", "--lazy", point], capture_output=True, text=True, check=False)
        if done.returncode:
            raise ToolError(
                f"{point} is mounted and stays so: {done.stderr.strip()}",
                hint=f"Unmount it (umount --lazy {point}), then run the command again.",
            )


def run_steps(steps: Sequence[Step], build: Build, say: Callable[[str], None]) -> None:
    """Run what is not yet done, in order; say what each does and how long it took.

    A step that fails leaves nothing, and the next run begins with it.
    """
    stamps: dict[str, str] = {}
    for number, step in enumerate(steps, 1):
        actions = step.plan(build)
        stamps[step.name] = stamp = fingerprint(step, build.config, actions, stamps)
        label = f"{number:2}/{len(steps)} {step.name:10}"
        if _is_done(step, build.config, stamp):
            say(f"{label} kept: nothing that it is made of has changed")
            continue
        say(f"{label} {step.about}")
        begin = time.monotonic()
        _carry_out(step, build.config, actions)
        _stamp_path(step, build.config).write_text(stamp)
        took_s = time.monotonic() - begin
        say(f"{'':16} done in {took_s:.1f} s")
        # Read by tests/image/report.py: all of them together are a build from nothing.
        (build.config.work / "log" / f"{step.name}.seconds").write_text(f"{took_s:.1f}\n")


def _carry_out(step: Step, config: ImageConfig, actions: Iterable[Action]) -> None:
    log = config.work / "log" / f"{step.name}.txt"
    log.parent.mkdir(parents=True, exist_ok=True)
    log.unlink(missing_ok=True)
    step.undo(config)
    try:
        for action in actions:
            action.do(log)
    except ImageError as error:
        step.undo(config)
        error.hint = error.hint or _what_to_do(step, log)
        raise
    except Exception as error:  # a full disk, a package without what it had: whoever builds is told as well
        step.undo(config)
        with log.open("a", encoding="utf-8") as said:
            traceback.print_exception(error, file=said)
        message = f"{step.name}: {type(error).__name__}: {error}"
        raise ToolError(message, hint=_what_to_do(step, log)) from error
    except BaseException:
        step.undo(config)
        raise


def _what_to_do(step: Step, log: Path) -> str:
    return f"{step.hint} All that it said: {log}"


def fingerprint(step: Step, config: ImageConfig, actions: Iterable[Action], stamps: Mapping[str, str]) -> str:
    """Return a text that differs where the step would make something else."""
    digest = hashlib.sha256()
    for line in [*map(str, actions), *(stamps[name] for name in step.after)]:
        digest.update(line.encode() + b"\n")
    for path in _files(step.reads(config)):
        digest.update(f"{path.name} {path.stat().st_mode:o} ".encode() + path.read_bytes() + b"\n")
    return digest.hexdigest()


def _files(paths: Iterable[Path]) -> Iterator[Path]:
    for path in paths:
        yield from (file for file in sorted(path.rglob("*")) if file.is_file()) if path.is_dir() else (path,)


def _is_done(step: Step, config: ImageConfig, stamp: str) -> bool:
    path = _stamp_path(step, config)
    return path.exists() and path.read_text() == stamp and all(made.exists() for made in step.makes(config))


def _stamp_path(step: Step, config: ImageConfig) -> Path:
    return config.work / "stamps" / step.name


def _last_lines(log: Path) -> list[str]:
    return log.read_text(encoding="utf-8", errors="replace").splitlines()[-_LAST_LINES:]
