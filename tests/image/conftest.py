"""The image under test, and cards and machines of it."""

import itertools
import os
from pathlib import Path

import pytest

from support.card import Card
from support.machine import BOARDS, Machine, running
from tests.image.report import TABLE, note_image

ROOT = Path(__file__).parents[2]
ANSWER_S = 20
UP_S = 600  # seconds from power on to multi-user, on two busy cores


def pytest_terminal_summary(terminalreporter):
    """Print what was measured, now and before."""
    if TABLE.exists():
        terminalreporter.write_line(TABLE.read_text(encoding="utf-8"))


@pytest.fixture(scope="session")
def image():
    path = Path(os.environ.get("HUB_IMAGE", ROOT / "build" / "image" / "hub.img"))
    assert path.is_file(), f"{path} is no image: run `make image`, or say HUB_IMAGE=path"
    note_image(path)
    return path


@pytest.fixture
def new_card(image, tmp_path):
    """Make a card of the image; size is a power of two, as QEMU wants it of an SD card."""
    made = []

    def make(size="8G"):
        made.append(Card.of_image(image, tmp_path / f"card{len(made)}.qcow2", size=size))
        return made[-1]

    return make


def shell_words(board):
    """Return what the kernel is told so that a shell is at the console."""
    console = BOARDS[board].console.partition(",")[0]
    words = f"systemd.debug_shell={console} systemd.mask=serial-getty@{console}.service"
    # A busy machine starves its guest for longer than a Pi ever waits.
    return f"{words} systemd.watchdog_sec=600"


@pytest.fixture
def boot():
    """Start a card with a shell at its console; `shell(machine)` waits until it answers."""

    def start(card, board="virt", **options):
        arguments = f"{shell_words(board)} {options.pop('arguments', '')}"
        return running(Machine(card, board=board, memory_mib=1024, arguments=arguments, **options))

    return start


def shell(machine, said="Early root shell"):
    """Wait until the shell at the console answers, which is before the hub's services are up."""
    machine.wait_for(said, timeout_s=UP_S)
    for number in itertools.count():  # what is typed before the shell has opened its console is lost
        machine.type(
            f'stty -echo; export TERM=dumb SYSTEMD_COLORS=0 HUB_DIR=/data/hub; PS1=; echo "sh"ell-{number}.'
        )
        try:
            machine.wait_for(rf"shell-{number}\.", timeout_s=ANSWER_S)
            break
        except AssertionError:
            if number * ANSWER_S > UP_S or machine.process.poll() is not None:
                raise
    # systemd says no more what it starts, as soon as it gets to it: an answer is an answer alone.
    machine.ask("kill -s RTMIN+21 1; sleep 5")
    machine.ask("true")
    return machine


def served(machine, said="Early root shell"):
    """Wait until all that the system starts by itself is up."""
    shell(machine, said)
    # Not `systemctl start --wait`: that waits until the target ends again.
    until = "for s in $(seq 600); do systemctl -q is-active multi-user.target && break; sleep 1; done"
    said = machine.ask(f"{until}; systemctl is-active multi-user.target", timeout_s=UP_S * 2)
    assert said == "active", machine.ask("systemctl list-jobs --no-pager | cat")
    return machine


def booted(machine):
    """Wait until the card is the hub of its school: `hub card boot` has made keys and files."""
    shell(machine)
    assert machine.ask("systemctl start hub-boot.service && echo booted", timeout_s=UP_S) == "booted"
    return machine
