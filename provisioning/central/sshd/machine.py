"""What the set-up of the depot's host asks of that machine."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from content_packs.errors import LocalError
from provisioning.central.sshd.names import PID, START

_SYSTEMD = Path("/run/systemd/system")
_SERVICE = "hub-sshd.service"
SERVICES = (_SERVICE, "hub-accounts.path", "hub-accounts.timer")
_TIMEOUT_S = 120
_RELOAD_S = 10


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing on this machine that is not as it should be."""

    what: str
    next: str  # what `--apply` does about it; where it cannot, what a person does
    mend: Callable[[], None] | None = None


Phase = Callable[[], Iterator[Fault]]  # looks at one thing, when the faults before are mended


@dataclass(slots=True)
class Applied:
    """What was done, and what is left for a person."""

    done: list[Fault] = field(default_factory=list)
    left: list[Fault] = field(default_factory=list)


def mend_all(phases: Iterable[Phase]) -> Applied:
    """Mend what can be mended, each fault before the next is looked for."""
    applied = Applied()
    for phase in phases:
        for fault in phase():
            if fault.mend is None:
                applied.left.append(fault)
            else:
                fault.mend()
                applied.done.append(fault)
    return applied


def run(*command: str | Path, text: str | None = None, package: str = "") -> str:
    """Run a program, of a Debian package that may not be there, and return what it prints.

    Raises:
        LocalError: it is missing or fails, with what it said.
    """
    words = [str(word) for word in command]
    try:
        done = subprocess.run(
            words, input=text, capture_output=True, text=True, check=False, timeout=_TIMEOUT_S
        )
    except FileNotFoundError as error:
        raise LocalError(
            f"the program {words[0]} is missing",
            hint=f"Run: apt install {package}" if package else "Install the Debian package that has it.",
        ) from error
    except subprocess.TimeoutExpired as error:
        raise LocalError(f"{' '.join(words)}: did not end within {_TIMEOUT_S} s") from error
    if done.returncode != 0:
        said = (done.stderr or done.stdout).strip()
        raise LocalError(f"{' '.join(words)}: exit {done.returncode}: {said}")
    return done.stdout


def list_some(names: list[str], *, at_most: int = 4) -> str:
    """Return names for a sentence: the first ones, and how many more."""
    more = len(names) - at_most
    return ", ".join(names[:at_most]) + (f" and {more} more" if more > 0 else "")


def has_systemd() -> bool:
    """Tell whether systemd runs this machine: it is not so in a container."""
    return _SYSTEMD.is_dir()


def find_server() -> int | None:
    """Return the process of the hubs' sshd; None while it does not run."""
    with suppress(OSError, ValueError):
        pid = int(PID.read_text())
        if Path(f"/proc/{pid}/comm").read_text().strip() == "sshd":
            return pid
    return None


def reload_server() -> None:
    """Let the running server read its configuration again; sessions go on.

    Raises:
        LocalError: it did not come back.
    """
    pid = find_server()
    if pid is None:
        return
    PID.unlink()  # written anew by who has read the configuration
    os.kill(pid, signal.SIGHUP)
    deadline = time.monotonic() + _RELOAD_S
    while find_server() is None:
        if time.monotonic() > deadline:
            raise LocalError("the hubs' SSH server did not start again", hint="See: journalctl -u hub-sshd")
        time.sleep(0.02)


def restart_server() -> None:
    """Let systemd start a running server anew; where there is none, end it for whoever starts it."""
    if has_systemd():
        run("systemctl", "try-restart", _SERVICE)
        return
    pid = find_server()
    if pid is not None:
        os.kill(pid, signal.SIGTERM)


def reload_units() -> None:
    """Let systemd read its units again, and watch what they name now."""
    run("systemctl", "daemon-reload")
    run("systemctl", "try-restart", "hub-accounts.path")


def start_server() -> None:
    """Start the server now and at each start of the machine, and what follows enrolment."""
    if not has_systemd():
        raise LocalError("no systemd runs here to start services", hint=f"Start it yourself: {START}")
    run("systemctl", "daemon-reload")
    run("systemctl", "enable", "--now", *SERVICES)


def list_stopped() -> list[str]:
    """Return which of our services do not run now, or would not after the next start of the machine."""
    stopped = []
    for name in SERVICES:
        said = run("systemctl", "show", "--property=ActiveState,UnitFileState", name)
        if "ActiveState=active" not in said or "UnitFileState=enabled" not in said:
            stopped.append(name)
    return stopped


def end_sessions(uids: Collection[int]) -> None:
    """End all that runs as accounts of hubs, which is nothing but their sessions."""
    for folder in Path("/proc").iterdir():
        with suppress(OSError):  # it ended by itself
            if folder.name.isdigit() and folder.stat().st_uid in uids:
                os.kill(int(folder.name), signal.SIGKILL)
