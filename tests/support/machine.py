"""A Raspberry Pi without one: QEMU runs a card, and we play firmware, console and power switch."""

import os
import re
import subprocess
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from support.card import Card, boot_file, named_slot
from support.waiting import wait_for

OUTSIDE = "10.0.2.100"  # what a guest may reach of us, where `reach` says so
_KERNEL_LINE = re.compile(rb"\[ *\d+\.\d+\] .*\r?\n")  # the kernel talks in between
_END_S = 60.0


@dataclass(frozen=True, slots=True)
class Board:
    """What QEMU is told of one kind of machine."""

    options: Sequence[str]
    console: str
    serial: Sequence[str]
    dtb: str | None = None
    words: str = ""  # of the kernel command line


BOARDS = {
    "virt": Board(
        (
            *("-M", "virt", "-cpu", "cortex-a72", "-smp", "2"),
            *("-device", "virtio-blk-pci,drive=card", "-device", "i6300esb", "-device", "virtio-rng-pci"),
        ),
        "ttyAMA0",
        ("-serial", "stdio"),
    ),
    "raspi3b": Board(
        ("-M", "raspi3b"),
        "ttyS1,115200",
        ("-serial", "null", "-serial", "stdio"),
        "bcm2837-rpi-3-b.dtb",
        "module_blacklist=bcm2835_wdt",  # QEMU takes it for a restart when this watchdog is armed
    ),
}


@dataclass(slots=True)
class Machine:
    """One card in one machine, from power on to power off, over as many starts as it takes."""

    card: Card
    board: str = "virt"
    memory_mib: int = 1024
    ports: dict[int, int] = field(default_factory=dict)  # of this host's loopback → of the guest
    lan: int | None = None  # a tap device, open: the classroom's network, by the card's own Ethernet socket
    reach: dict[int, int] = field(default_factory=dict)  # of 10.0.2.100, outside → of this host's loopback
    clock: str | None = None  # what its clock says at power on: 1970-01-01
    extra: Sequence[str] = ()
    log: Path | None = None  # what is written to the card is written down there: tests/image/power_cuts.py
    arguments: str = ""  # more words of the kernel command line
    slot: str = ""  # that the firmware started last
    process: "subprocess.Popen[bytes] | None" = None
    console: bytearray = field(default_factory=bytearray)
    _ear: threading.Thread | None = None
    _read: int = 0  # up to here the console was waited for

    def start(self) -> None:
        """Switch on: what config.txt names is started, as the firmware would."""
        self._kernel_files()
        self.process = subprocess.Popen(
            self._command(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            pass_fds=() if self.lan is None else (self.lan,),
        )
        self._ear = threading.Thread(target=self._listen, args=(self.process,))
        self._ear.start()

    def wait_for(self, pattern: str, *, timeout_s: float) -> re.Match[bytes]:
        """Return the next match on the console; what came before it is not looked at again."""
        found: list[re.Match[bytes]] = []

        def look() -> bool:
            match = re.compile(pattern.encode()).search(self.console, self._read)
            if match:
                found.append(match)
            return bool(match) or (self.process is not None and self.process.poll() is not None)

        wait_for(look, timeout_s=timeout_s, seen=self.last_lines)
        look()
        assert found, f"{pattern!r} was not said before the machine ended; last lines:\n{self.last_lines()}"
        self._read = found[0].end()
        return found[0]

    def wait_for_end(self, *, timeout_s: float) -> None:
        """Wait until the guest restarts or switches itself off; both end the process."""
        assert self.process is not None
        process = self.process
        wait_for(lambda: process.poll() is not None, timeout_s=timeout_s, seen=self.last_lines)

    def wait_for_restart(self, *, timeout_s: float) -> None:
        """Wait until the guest restarts, then start what config.txt names now."""
        self.wait_for_end(timeout_s=timeout_s)
        self.pull_the_plug()
        self.start()

    def type(self, line: str) -> None:
        """Type a line at the console."""
        assert self.process is not None
        assert self.process.stdin is not None
        self.process.stdin.write(line.encode() + b"\n")
        self.process.stdin.flush()

    def ask(self, command: str, *, timeout_s: float = 60) -> str:
        """Run a command in the shell at the console and return what it prints."""
        # The marks are put together by the shell, so that the echo of what we type is not taken for them.
        self.type(f'echo "<""<"; {command}; echo ">"">"')
        answer = self.wait_for(r"<<\r?\n([\s\S]*?)>>", timeout_s=timeout_s).group(1)
        return _KERNEL_LINE.sub(b"", answer).decode().strip()

    def pull_the_plug(self) -> None:
        """Switch off without a word, as a power cut does.

        QEMU itself ends in order: killed, it would lose what its card (`cache=unsafe`) has long confirmed.
        """
        if self.process is not None and self._ear is not None:
            self.process.terminate()
            self.process.wait(_END_S)
            self._ear.join()
            self.process = None

    def cpu_s(self) -> float:
        """Return the processor time that QEMU took since power on: what a busy host does not change."""
        assert self.process is not None
        said = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(said[11]) + int(said[12])) / os.sysconf("SC_CLK_TCK")

    def last_lines(self, count: int = 25) -> str:
        """Return the end of what the console said."""
        return "\n".join(self.console.decode(errors="replace").splitlines()[-count:])

    def said(self) -> str:
        """Return all that the console said since the first start."""
        return self.console.decode(errors="replace")

    def _listen(self, process: "subprocess.Popen[bytes]") -> None:
        assert process.stdout is not None
        assert process.stdin is not None
        with self.card.path.with_suffix(".console.txt").open("ab") as kept:
            while block := process.stdout.read1(65536):  # type: ignore[attr-defined]
                self.console += block
                kept.write(block)
                kept.flush()
        process.stdout.close()
        process.stdin.close()

    def _kernel_files(self) -> None:
        fat = self.card.boot_partition()
        self.slot = named_slot(boot_file(fat, "config.txt"))
        names = ["vmlinuz", "initrd.img", "cmdline.txt", *filter(None, [BOARDS[self.board].dtb])]
        for name in names:
            self._file(name).write_bytes(boot_file(fat, f"{self.slot}/{name}"))

    def _file(self, name: str) -> Path:
        return self.card.path.with_suffix(f".{name}")

    def _command(self) -> list[str]:
        board = BOARDS[self.board]
        words = self._file("cmdline.txt").read_text().split()
        kept = [word for word in words if not word.startswith("console=") and word != "quiet"]
        line = " ".join([f"console={board.console}", *kept, board.words, self.arguments])
        return [
            *("qemu-system-aarch64", *board.options, "-m", str(self.memory_mib)),
            *(
                "-kernel",
                str(self._file("vmlinuz")),
                "-initrd",
                str(self._file("initrd.img")),
                "-append",
                line,
            ),
            *(("-dtb", str(self._file(board.dtb))) if board.dtb else ()),
            *self._drive(),
            *self._network(),
            *(("-rtc", f"base={self.clock}") if self.clock else ()),
            *board.serial,
            # A restart ends the process, so that we can read config.txt again as the firmware does.
            *("-display", "none", "-monitor", "none", "-action", "reboot=shutdown,watchdog=reset"),
            *self.extra,
        ]

    def _drive(self) -> list[str]:
        if self.log:
            disk = f"driver=qcow2,node-name=disk,file.driver=file,file.filename={self.card.path}"
            log = f"driver=blklogwrites,node-name=card,file=disk,log.driver=file,log.filename={self.log}"
            return ["-blockdev", disk, "-blockdev", log]
        where = "if=sd" if self.board == "raspi3b" else "if=none,id=card"
        return ["-drive", f"file={self.card.path},format=qcow2,cache=unsafe,{where}"]

    def _network(self) -> list[str]:
        forwards = "".join(f",hostfwd=tcp:127.0.0.1:{ours}-:{theirs}" for ours, theirs in self.ports.items())
        forwards += "".join(
            f",guestfwd=tcp:{OUTSIDE}:{theirs}-cmd:busybox nc 127.0.0.1 {ours}"
            for theirs, ours in self.reach.items()
        )
        card = "usb-net" if self.board == "raspi3b" else "virtio-net-pci,romfile="
        words = []
        if self.lan is not None:  # the built-in socket is the class's, so the way out is a telephone on USB
            words += ["-netdev", f"tap,id=lan,fd={self.lan}", "-device", f"{card},netdev=lan"]
            words += ["-device", "qemu-xhci"]
            card = "usb-net"
        # restrict=yes: no Internet, as in a school whose uplink is down; the forwards work all the same.
        return [*words, "-netdev", f"user,id=wan,restrict=yes{forwards}", "-device", f"{card},netdev=wan"]


@contextmanager
def running(machine: Machine) -> Iterator[Machine]:
    """Switch a machine on for a block; what its console says is kept beside the card, as it is said."""
    try:
        machine.start()
        yield machine
    finally:
        machine.pull_the_plug()
