"""Both machines, where the hub is a guest in the school's network: times, memory, end, second start.

The portal is asked through QEMU's own network; raspi3b has no other cable than one on USB.
"""

import json
import time

import pytest

from support.front_page import front_page
from support.ports import free_port
from support.waiting import wait_for
from tests.image.conftest import UP_S, served
from tests.image.report import note, note_memory, note_start

GUEST = "http://10.0.2.15/"  # QEMU's network gives this address to whoever asks first
CONFIG = (
    b'school_code = "test-1"\nschool_name = "Lyceum"\n[wifi]\nmode = "off"\n[uplink]\nkind = "ethernet"\n'
)


def measure(machine, port, what):
    begun = time.monotonic()
    wait_for(
        lambda: front_page(port) == 200 or machine.process.poll() is not None,
        timeout_s=UP_S,
        every_s=0.5,
        seen=machine.last_lines,
    )
    assert machine.process.poll() is None, f"the machine ended by itself:\n{machine.last_lines()}"
    note_start(machine, what, begun)


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("board", ["virt", "raspi3b"])
def test_a_hub_starts_serves_ends_and_starts_again(new_card, boot, board):
    card, port = new_card(), free_port()
    card.put_boot_file("hub-config.txt", CONFIG)
    with boot(card, board, ports={port: 80}) as machine:
        measure(machine, port, f"{board}: power to portal, first start")
        served(machine)
        wait_for(lambda: kolibri_answers(machine), timeout_s=UP_S * 2, every_s=10)
        assert machine.ask("systemctl --failed --plain --no-legend --no-pager | cat") == ""
        told = "cat /boot/firmware/hub-status.txt"
        wait_for(
            lambda: GUEST in machine.ask(told), timeout_s=UP_S, every_s=5, seen=lambda: machine.ask(told)
        )
        note_memory(machine, f"{board}: all services idle")
        begun = time.monotonic()
        machine.type("systemctl poweroff")
        machine.wait_for("reboot: (Power down|.*System halted)", timeout_s=300)
        note(f"{board}: from the word to the end, s", round(time.monotonic() - begun))
        machine.pull_the_plug()
        machine.start()
        measure(machine, port, f"{board}: power to portal")
        served(machine)
        assert "recovering journal" not in machine.said()


def kolibri_answers(machine):
    said = machine.ask("cat /data/hub/run/kolibri.json 2>/dev/null | tr -d '\\n'")
    return bool(said) and json.loads(said)["up"]
