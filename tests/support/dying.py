"""A process that is gone just before its n-th write into a folder, as when the power goes."""

import os
import sys
from collections.abc import Callable
from pathlib import Path

_KILLED = 137
_WRITES = ("os.rename", "os.remove", "os.mkdir")


def run_and_die(job: Callable[[], object], at_write: int, folder: Path) -> bool:
    """Run `job` in a child process that is gone just before its write number `at_write`; True: it ended."""
    child = os.fork()
    if child == 0:
        _die_before_write(at_write, str(folder))
        job()
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) != _KILLED


def _die_before_write(at_write: int, folder: str) -> None:
    seen = 0

    def hook(event: str, arguments: tuple[object, ...]) -> None:
        nonlocal seen
        opens = event == "open" and isinstance(arguments[2], int) and arguments[2] & (os.O_WRONLY | os.O_RDWR)
        if (opens or event in _WRITES) and str(arguments[0]).startswith(folder):
            seen += 1
            if seen == at_write:
                os._exit(_KILLED)

    sys.addaudithook(hook)
