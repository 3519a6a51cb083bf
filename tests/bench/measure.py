"""Run one program and see what it takes: wall time, peak memory, and of servers the memory they hold."""

import os
import re
import resource
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

_LOOK_S = 0.02
_USER_FIELD = 11  # of what follows the name in /proc/<pid>/stat, then that of the system: proc(5)
KIB = 1024


@dataclass(frozen=True, slots=True)
class Run:
    """How a program went. `peak_bytes` is of its own resident memory; `cpu_s` of it and its children."""

    elapsed_s: float
    cpu_s: float
    peak_bytes: int
    out: str


def note(text: str) -> None:
    """Say on stderr what is being measured."""
    print(f"bench: {text}", file=sys.stderr, flush=True)


def run(command: Sequence[object], *, timeout_s: float = 900) -> Run:
    """Run a program to its end; AssertionError with what it said where it fails."""
    words = [str(word) for word in command]
    began, cpu_s = time.monotonic(), _children_cpu_s()
    process = subprocess.Popen(
        words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    peak = _Peak(process.pid)
    try:
        out, err = process.communicate(timeout=timeout_s)
    finally:
        elapsed_s = time.monotonic() - began
        process.kill()
        peak.end()
    assert process.returncode == 0, f"{' '.join(words)}: exit {process.returncode}\n{out}\n{err}"
    return Run(elapsed_s, _children_cpu_s() - cpu_s, peak.size_bytes, out)


def _children_cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


class _Peak:
    """Watches the high-water mark of a process: `ru_maxrss` of a child would count ours before its exec."""

    def __init__(self, pid: int) -> None:
        self.size_bytes = 0
        self._status = Path(f"/proc/{pid}/status")
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="peak")
        self._thread.start()

    def end(self) -> None:
        self._ended.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._ended.wait(_LOOK_S):
            try:
                text = self._status.read_text()
            except (FileNotFoundError, ProcessLookupError):
                return
            if found := re.search(r"^VmHWM:\s+(\d+) kB", text, re.MULTILINE):
                self.size_bytes = max(self.size_bytes, int(found[1]) * KIB)


def pss_bytes(pids: Iterable[int]) -> int:
    """Return the proportional memory of these processes: shared pages are shared out."""
    total = 0
    for pid in pids:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text()
        total += int(re.findall(r"^Pss:\s+(\d+) kB", text, re.MULTILINE)[0]) * KIB
    return total


def cpu_s(pids: Iterable[int]) -> float:
    """Return the processor time that these processes have used so far."""
    ticks = 0
    for pid in pids:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        ticks += int(fields[_USER_FIELD]) + int(fields[_USER_FIELD + 1])
    return ticks / os.sysconf("SC_CLK_TCK")


def family(pid: int) -> list[int]:
    """Return a process and all that descend from it."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *(member for child in children for member in family(int(child)))]


def first_line(*command: str) -> str:
    """Return the first line that a program prints, such as its version."""
    done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    return (done.stdout + done.stderr).strip().splitlines()[0]
