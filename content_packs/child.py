"""Reads files that may be hostile in a process of its own: what crashes or hangs there is an answer here.

libzim is C++ and may abort; a PDF may hold a reader for hours or ask it for all memory.
"""

import json
import os
import resource
import selectors
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import IO, Any

from content_packs.depot import MIB

_MEMORY_BYTES = 4096 * MIB  # address space: libzim maps what it reads
_MAX_REASON = 300  # characters of a reason


@dataclass(frozen=True, slots=True)
class ChildFault:
    """Why there is no answer, in words."""

    reason: str
    timed_out: bool = False


def ask_child(
    module: str, questions: Iterable[Any], *, timeout_s: float
) -> Iterator[dict[str, Any] | ChildFault]:
    """Yield one answer for each question: what `module`, run as a program that calls `serve`, says to it.

    Questions and answers are JSON. `timeout_s` is for each; after a fault the next one has a new process.
    """
    child: _Child | None = None
    try:
        for question in questions:
            child = child or _Child(module)
            answer = child.ask(question, timeout_s)
            if isinstance(answer, ChildFault):
                child.end()
                child = None
            yield answer
    finally:
        if child is not None:
            child.end()


def serve(answer: Callable[[Any], dict[str, Any]]) -> None:
    """Answer the questions on standard input until it ends: the child's side of `ask_child`."""
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY_BYTES, _MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="ascii") as answers:
        os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # libraries print where they like
        for line in sys.stdin:
            answers.write(json.dumps(answer(json.loads(line))) + "\n")
            answers.flush()


class _Child:
    def __init__(self, module: str) -> None:
        self._errors: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the child
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", module],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
        )

    def ask(self, question: object, timeout_s: float) -> dict[str, Any] | ChildFault:
        stdin = self._process.stdin
        assert stdin is not None  # noqa: S101 - Popen made it
        try:
            stdin.write(json.dumps(question).encode() + b"\n")
            stdin.flush()
        except BrokenPipeError:
            return self._fault()
        try:
            line = self._read_line(time.monotonic() + timeout_s)
        except TimeoutError:
            return ChildFault(f"took longer than {timeout_s:.0f} s", timed_out=True)
        if not line.endswith(b"\n"):
            return self._fault()
        answer: dict[str, Any] = json.loads(line)
        return answer

    def _read_line(self, deadline: float) -> bytes:
        stdout = self._process.stdout
        assert stdout is not None  # noqa: S101 - Popen made it
        pieces: list[bytes] = []
        with selectors.DefaultSelector() as selector:
            selector.register(stdout, selectors.EVENT_READ)
            while not (pieces and pieces[-1].endswith(b"\n")):
                if not selector.select(max(0.0, deadline - time.monotonic())):
                    raise TimeoutError
                piece = os.read(stdout.fileno(), MIB)
                if not piece:
                    break
                pieces.append(piece)
        return b"".join(pieces)

    def _fault(self) -> ChildFault:
        code = self._process.wait()
        self._errors.seek(0)
        said = self._errors.read().decode("utf-8", "replace").strip().splitlines()
        died = f"the program that reads it was ended by signal {-code}" if code < 0 else "it cannot be read"
        return ChildFault(f"{died}: {said[-1][:_MAX_REASON]}" if said else died)

    def end(self) -> None:
        self._process.kill()
        self._process.communicate()
        self._errors.close()
