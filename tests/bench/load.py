"""HTTP load by wrk: 40 connections from two threads, as in GOALS.md."""

import re
import subprocess
import tempfile
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from bench.measure import cpu_s, family

CONNECTIONS = 40
THREADS = 2
_FAULTS = re.compile(r"Non-2xx or 3xx responses: (\d+)|Socket errors: (.*)")
_CHECKED_PATHS = 18  # all words of a class: the front door sends a search from the second time on
# One Accept-Encoding for all, that asked before and that loaded: Kolibri keeps a page for each of them.
_PLAIN = {"Accept-Encoding": "identity"}
_SCRIPT = """
local paths = {%s}
local threads = 0
setup = function(thread)
  thread:set("at", threads * math.floor(#paths / %d))
  threads = threads + 1
end
request = function()
  at = at %% #paths + 1
  return wrk.format("GET", paths[at])
end
"""


@dataclass(frozen=True, slots=True)
class Target:
    """What one server is asked for: `paths` in turn, each of wrk's threads from another one on.

    An answer without `holds` is another page: an error.
    """

    pid: int  # of the server
    port: int
    paths: Sequence[str]
    headers: Mapping[str, str] = field(default_factory=dict)
    holds: bytes = b""
    status: int = 200


@dataclass(frozen=True, slots=True)
class Rate:
    """What a server managed."""

    requests_per_s: float
    cpu_ms: float  # of the server's processor time for each request
    answer_bytes: int  # of the first path
    faults: str = ""  # in wrk's words


def measure(target: Target, *, seconds: int) -> Rate:
    """Ask for the first paths to see that the answers are right, then load the server for so long."""
    sizes = [len(_ask(target, path)) for path in target.paths[:_CHECKED_PATHS]]
    used_s = cpu_s(family(target.pid))
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        done = subprocess.run(
            [*_command(target, seconds), *_in_turn(target, script)],
            capture_output=True,
            text=True,
            timeout=seconds + 60,
            check=True,
        )
    used_s = cpu_s(family(target.pid)) - used_s
    answered = int(re.findall(r"(\d+) requests in", done.stdout)[0])
    rate = float(re.findall(r"Requests/sec:\s+([\d.]+)", done.stdout)[0])
    faults = "; ".join(match[0] for match in _FAULTS.finditer(done.stdout))
    return Rate(rate, used_s * 1000 / max(answered, 1), sizes[0], faults)


def _command(target: Target, seconds: int) -> list[str]:
    headers = [
        word for name, value in (_PLAIN | dict(target.headers)).items() for word in ("-H", f"{name}: {value}")
    ]
    first = f"http://127.0.0.1:{target.port}{target.paths[0]}"
    return ["wrk", f"-c{CONNECTIONS}", f"-t{THREADS}", f"-d{seconds}s", "--timeout", "10s", *headers, first]


def _in_turn(target: Target, script: IO[str]) -> list[str]:
    """Return what makes wrk ask for one path after another; one path alone goes without, which is faster."""
    if len(target.paths) == 1:
        return []
    listed = ", ".join(f'"{path}"' for path in target.paths)
    script.write(_SCRIPT % (listed, THREADS))
    script.flush()
    return ["-s", script.name]


def _ask(target: Target, path: str) -> bytes:
    request = urllib.request.Request(f"http://127.0.0.1:{target.port}{path}", headers=dict(target.headers))
    with urllib.request.urlopen(request, timeout=30) as answer:
        body: bytes = answer.read()
        assert answer.status == target.status, f"{request.full_url}: {answer.status}"
    assert target.holds in body, f"{request.full_url}: no {target.holds!r} in {body[:300]!r}"
    return body


def final_path(port: int, path: str) -> str:
    """Return where redirects lead a browser that opens `path`."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=30) as answer:
        return str(answer.url).removeprefix(f"http://127.0.0.1:{port}")


def save(port: int, path: str, file: Path) -> None:
    """Write what a server answers into a file."""
    file.write_bytes(_ask(Target(0, port, [path]), path))
