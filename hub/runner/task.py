"""What a job works with, and what it says at the end."""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from content_packs.errors import (
    BadDataError,
    BusyError,
    Error,
    LinkError,
    LocalError,
    NotACardError,
    UsageError,
)
from hub.card.places import CardPlaces
from hub.machine import is_card
from hub.settings import HubPaths
from hub.supervise import dying_with_us
from hub.wording import later

CARD = CardPlaces().card
_USER = "hub"
_LOOK_S = 1.0
_STOP_S = 20.0  # from TERM to KILL
_DROP = ("--inh-caps=-all", "--ambient-caps=-all", "--bounding-set=-all", "--no-new-privs")
_FAULT = re.compile(r"^error \[([a-z-]+)\]: (.*)$", re.MULTILINE)
_HINT = re.compile(r"^  next: (.*)$", re.MULTILINE)
_KINDS: Mapping[int, type[Error]] = {
    os.EX_TEMPFAIL: LinkError,
    os.EX_DATAERR: BadDataError,
    os.EX_USAGE: UsageError,
}


class GaveWay(Exception):  # noqa: N818 - nothing went wrong
    """A job ended before its time, since the machine is to be restarted or switched off."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a job ended well. `message` and `hint` are English with places for `result`'s values."""

    message: str
    hint: str = ""
    result: Mapping[str, Any] = field(default_factory=dict)
    then: Callable[[], None] | None = None  # done once the outcome is on the disk: switching off


@dataclass(frozen=True, slots=True)
class Machine:
    """The machine: whether it is a card, and how its programs are run."""

    is_card: bool
    hub_command: tuple[str, ...]

    def require_card(self, doing: str) -> None:
        """Raise NotACardError where this is no card, or where we are not root."""
        if not self.is_card:
            raise NotACardError(
                f"{doing}: only a hub that was started from its card can do that",
                hint="On this computer, do it as its user: it is not the hub's to change.",
            )

    def run_hub(
        self, paths: HubPaths, *words: str, look: Callable[[], None] = lambda: None
    ) -> dict[str, Any]:
        """Run a command of `hub` as the hub's own account and return its JSON; `look` is called meanwhile.

        What `look` raises ends the command.

        Raises:
            Error: it failed, with its own words.
        """
        command = [*self.as_hub(), *self.hub_command, "--dir", str(paths.dir), *words]
        with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+", errors="replace") as errors:
            child = subprocess.Popen(
                dying_with_us(command), stdout=out, stderr=errors, stdin=subprocess.DEVNULL
            )
            code = _wait(child, look)
            out.seek(0)
            errors.seek(0)
            if code != 0:
                raise _to_error(code, errors.read())
            try:
                said = json.loads(out.read() or "{}")
            except (ValueError, RecursionError) as error:
                raise LocalError(f"hub {words[0]} did not answer in JSON") from error
        return said if isinstance(said, dict) else {}

    def as_hub(self) -> list[str]:
        """Return what to put before a command so that it runs as the hub's account, without our rights."""
        if not self.is_card:
            return []
        return ["setpriv", f"--reuid={_USER}", f"--regid={_USER}", "--init-groups", *_DROP]

    def run(self, *command: str, timeout_s: float = 120.0) -> str:
        """Run a program of the system and return what it prints.

        Raises:
            LocalError: it is missing, fails or takes too long, with the last line of what it said.
        """
        try:
            done = subprocess.run(
                command,
                capture_output=True,
                text=True,
                errors="replace",  # a stick's label or a device's name may be in any encoding
                timeout=timeout_s,
                stdin=subprocess.DEVNULL,
            )
        except FileNotFoundError as error:
            raise LocalError(f"{command[0]} is not installed") from error
        except subprocess.TimeoutExpired as error:
            raise LocalError(f"{command[0]} has not answered within {timeout_s:.0f} s") from error
        if done.returncode != 0:
            said = (done.stderr or done.stdout).strip().splitlines()
            raise LocalError(f"{' '.join(command[:3])}: {said[-1] if said else done.returncode}")
        return done.stdout


def _wait(child: "subprocess.Popen[bytes]", look: Callable[[], None]) -> int:
    while True:
        try:
            return child.wait(_LOOK_S)
        except subprocess.TimeoutExpired:
            try:
                look()
            except BaseException:
                _stop(child)
                raise


def _stop(child: "subprocess.Popen[bytes]") -> None:
    child.terminate()
    try:
        child.wait(_STOP_S)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()


def card_dir() -> Path | None:
    """Return the folder that only root reaches; None where this is no card, or we are not root."""
    return CARD if os.geteuid() == 0 and is_card() else None


def this_machine() -> Machine:
    """Return the machine that this program runs on."""
    program = shutil.which("hub", path=str(Path(sys.executable).parent)) or sys.argv[0]
    return Machine(is_card=card_dir() is not None, hub_command=(program,))


@dataclass(frozen=True, slots=True)
class Task:
    """One job that runs."""

    paths: HubPaths
    machine: Machine
    values: Mapping[str, str]
    progress: Callable[..., None] = field(default=lambda _share, **_words: None)
    is_going_down: Callable[[], bool] = field(default=lambda: False)  # a restart or the end is asked for

    def __getitem__(self, key: str) -> str:
        return self.values[key]

    def give_way(self) -> None:
        """Raise GaveWay where the machine is to go down: whoever asked for that does not wait for hours."""
        if self.is_going_down():
            raise GaveWay


Work = Callable[[Task], Outcome]


def failure_words(error: Error) -> tuple[str, str, dict[str, Any]]:
    """Return message, hint and values of a job that failed; the error's own words are not translated."""
    values = {"error": error.message.rstrip("."), "advice": error.hint or "", "code": error.code}
    return later("It did not work: %(error)s."), "%(advice)s", values


def _to_error(code: int, said: str) -> Error:
    fault, hint = _FAULT.search(said), _HINT.search(said)
    lines = said.strip().splitlines()
    message = fault[2] if fault else (lines[-1] if lines else f"it ended with exit code {code}")
    kind = BusyError if fault and fault[1] == BusyError.code else _KINDS.get(code, LocalError)
    return kind(message, hint=hint[1] if hint else None)
