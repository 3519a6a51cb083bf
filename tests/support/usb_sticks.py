"""USB sticks of a machine in QEMU: files with a FAT32 partition, plugged in and pulled out by QMP."""

import json
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from support.card import MIB

_START_MIB = 1
_SIZE_MIB = 512
_ANSWER_S = 60.0


@dataclass(frozen=True, slots=True)
class Sticks:
    """The sockets for sticks of one machine; `options` are QEMU's."""

    socket: Path

    @property
    def options(self) -> tuple[str, ...]:
        """What QEMU is told, so that it listens."""
        return ("-qmp", f"unix:{self.socket},server=on,wait=off")

    def plug(self, stick: Path) -> None:
        """Plug a stick in."""
        name = stick.stem
        with _talking(self.socket) as say:
            file = {"driver": "file", "filename": str(stick)}
            say("blockdev-add", **{"driver": "raw", "node-name": name, "file": file})
            say("device_add", driver="usb-storage", id=name, drive=name, removable=True)

    def pull(self, stick: Path) -> None:
        """Pull a stick out, whatever the machine is doing with it."""
        name = stick.stem
        with _talking(self.socket) as say:
            say("device_del", id=name)
            until = time.monotonic() + _ANSWER_S
            while "error" in say("blockdev-del", may_fail=True, **{"node-name": name}):
                assert time.monotonic() < until, f"{name} is not let go"
                time.sleep(0.2)


@contextmanager
def _talking(path: Path) -> Iterator[Any]:
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(_ANSWER_S)
        connection.connect(str(path))
        with connection.makefile("rw", encoding="utf-8") as lines:
            lines.readline()  # the greeting

            def say(command: str, *, may_fail: bool = False, **arguments: object) -> dict[str, Any]:
                return _say(lines, command, arguments, may_fail=may_fail)

            say("qmp_capabilities")
            yield say


def _say(lines: TextIO, command: str, arguments: dict[str, object], *, may_fail: bool) -> dict[str, Any]:
    lines.write(json.dumps({"execute": command, "arguments": arguments}) + "\n")
    lines.flush()
    while True:
        answer: dict[str, Any] = json.loads(lines.readline())
        if "return" in answer or "error" in answer:
            assert may_fail or "return" in answer, f"{command}: {answer}"
            return answer


def make_stick(path: Path, label: str, folder: Path | None = None) -> Path:
    """Write a stick as it is sold, with what is in `folder` on it."""
    with path.open("wb") as file:
        file.truncate(_SIZE_MIB * MIB)
    table = f"label: dos\n{_START_MIB}MiB,,c\n".encode()
    subprocess.run(["sfdisk", "--quiet", path], input=table, check=True, capture_output=True)
    blocks = (_SIZE_MIB - _START_MIB) * 1024
    offset = _START_MIB * 2048  # sectors
    made = ["mkfs.vfat", "-F", "32", "-n", label, "--offset", str(offset), path, str(blocks)]
    subprocess.run(made, check=True, capture_output=True)
    if folder is not None:
        copied = ["mcopy", "-s", "-i", f"{path}@@{_START_MIB}M", *sorted(folder.iterdir()), "::"]
        subprocess.run(copied, check=True)
    return path


def list_stick(path: Path, folder: str = "") -> list[str]:
    """Return what lies in a folder of a stick that is in no machine."""
    command = ["mdir", "-b", "-i", f"{path}@@{_START_MIB}M", f"::{folder}"]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return [line.strip("/").rpartition("/")[2] for line in said.splitlines()]
