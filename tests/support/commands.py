"""Our commands without the wait for Python: each in a process of its own, forked from one that loaded them.

What a command gets and leaves is what it would have as a program: words, environment, folder, its two outputs
and its exit code. Where the environment changes how Python itself starts, it is started as a program.

`python -m support.commands SOCKET` is the process to fork from; it ends with the one that started it.
"""

import array
import atexit
import contextlib
import gc
import json
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any, NoReturn

import click

BIN = Path(sys.executable).parent
_PROGRAMS = {  # pyproject.toml: project.scripts
    "central": "provisioning.central",
    "hub": "hub",
    "hub-image": "provisioning.cards",
    "packs": "content_packs",
}
_OF_PYTHON = ("PYTHON", "LC_", "LANG", "LD_")  # how these variables begin


def run_command(words: Sequence[str], *, env: Mapping[str, str], timeout_s: float) -> tuple[int, str, str]:
    """Run one of our commands; return its exit code and what it said on both outputs."""
    if words[0] not in _PROGRAMS or _of_python(env) != _of_python(os.environ):
        command = [str(BIN / words[0]), *words[1:]]
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=timeout_s, env=env, check=False
        )
        return done.returncode, done.stdout, done.stderr
    out, err = os.pipe(), os.pipe()
    with socket.socket(socket.AF_UNIX) as line:
        line.connect(str(_forking()))
        order = json.dumps({"words": words, "env": dict(env), "folder": os.getcwd()}).encode()
        line.sendmsg([order], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [out[1], err[1]]))])
        line.shutdown(socket.SHUT_WR)
        os.close(out[1])
        os.close(err[1])
        answers = line.makefile()
        pid = int(answers.readline())
        try:
            said = _read_to_the_end((out[0], err[0]), time.monotonic() + timeout_s)
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
            raise subprocess.TimeoutExpired(list(words), timeout_s) from None
        finally:
            os.close(out[0])
            os.close(err[0])
        return int(answers.readline()), said[0].decode(), said[1].decode()


def _of_python(env: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in env.items() if name.startswith(_OF_PYTHON)}


def _read_to_the_end(pipes: Sequence[int], deadline: float) -> list[bytes]:
    said, open_ones = {pipe: bytearray() for pipe in pipes}, set(pipes)
    while open_ones:
        ready, _, _ = select.select(list(open_ones), [], [], max(0.0, deadline - time.monotonic()))
        if not ready:
            raise TimeoutError
        for pipe in ready:
            block = os.read(pipe, 65536)
            said[pipe] += block
            if not block:
                open_ones.remove(pipe)
    return [bytes(said[pipe]) for pipe in pipes]


@cache
def _forking() -> Path:
    """Start the process to fork from; return its socket."""
    place = Path(tempfile.mkdtemp(prefix="commands-")) / "socket"
    process = subprocess.Popen(
        [sys.executable, "-m", "support.commands", str(place)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[1])},
        cwd="/",
    )
    atexit.register(process.communicate)  # ends its stdin, and so it
    assert process.stdout is not None
    assert process.stdout.readline() == b"ready\n"
    return place


def _serve(place: Path) -> None:
    """Take orders until the process at the other end of stdin has ended; each is done in a fork."""
    commands = _load()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(place))
        listener.listen(64)
        os.write(1, b"ready\n")
        while True:
            ready, _, _ = select.select([listener, 0], [], [])
            if listener not in ready:
                break
            line, _ = listener.accept()
            if os.fork() == 0:
                listener.close()
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                _obey(line, commands)
            line.close()
    place.unlink()
    place.parent.rmdir()


def _load() -> dict[str, Callable[[], object]]:
    """Import everything that a command may need; return what each program calls."""
    programs = {name: f"{module}.cli" for name, module in _PROGRAMS.items()}
    for module in programs.values():
        _load_all(import_module(module).cli)
    gc.collect()
    gc.freeze()  # so that forks share what is loaded
    return {name: import_module(module).main for name, module in programs.items()}


def _load_all(command: click.Command) -> None:
    """Import what a group imports when one of its commands is used."""
    if isinstance(command, click.Group):
        for name in command.commands:
            _load_all(command.commands[name])


def _obey(line: socket.socket, commands: Mapping[str, Callable[[], object]]) -> NoReturn:
    """Run one command in a process of its own, and say its number and how it ended."""
    order, outputs = _receive(line)
    pid = os.fork()
    if pid == 0:
        line.close()
        signal.signal(signal.SIGINT, signal.default_int_handler)
        for number, output in enumerate(outputs, 1):
            os.dup2(output, number)
            os.close(output)
        nothing = os.open(os.devnull, os.O_RDONLY)
        os.dup2(nothing, 0)
        os.close(nothing)
        os.environ.clear()
        os.environ.update(order["env"])
        time.tzset()
        tempfile.tempdir = None  # it may be another in this environment
        os.chdir(order["folder"])
        program, *words = order["words"]
        sys.argv = [str(BIN / program), *words]
        sys.modules["__main__"].__package__ = None  # else click takes `python -m` for the program's name
        sys.exit(commands[program]())
    for output in outputs:
        os.close(output)
    line.sendall(f"{pid}\n".encode())
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    with contextlib.suppress(BrokenPipeError):
        line.sendall(f"{code}\n".encode())
    os._exit(0)


def _receive(line: socket.socket) -> tuple[dict[str, Any], list[int]]:
    data, outputs, _, _ = socket.recv_fds(line, 65536, 2)
    while block := line.recv(65536):
        data += block
    return json.loads(data), list(outputs)


if __name__ == "__main__":
    _serve(Path(sys.argv[1]))
