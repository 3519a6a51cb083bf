"""A school for tests: a card in its machine, its office behind a slow line, two devices in its class."""

import json
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hub.network.lan import Lan
from support.card import Card
from support.card_office import PASSWORD, CardOffice
from support.lan_browser import LanBrowser
from support.machine import Machine, running
from support.netns import Device, place, socket_of
from support.waiting import wait_for
from tests.image.conftest import UP_S, shell, shell_words
from tests.image.report import note_start

HUB_LAN = Lan()
JOB_S = 1800  # of anything that a technician asks for
_TRIES, _PAUSE_S = 40, 5  # of a device that asks for an address


@dataclass
class School:
    """The card in its machine, its office, and who is in the classroom."""

    machine: Machine
    office: CardOffice
    phone: LanBrowser  # whoever presses "Continue"
    new_phone: LanBrowser  # whoever does not
    technician: LanBrowser

    def sign_in(self) -> LanBrowser:
        """Return the technician's browser, signed in anew."""
        self.technician.cookies.clear()
        self.technician.sign_in("technician", PASSWORD)
        return self.technician

    def end_of(self, page: str) -> dict[str, Any]:
        """Wait until the job of this page has ended, and return its file."""
        path = f"/data/hub/jobs/{page.rpartition('/')[2]}.json"

        def read() -> dict[str, Any]:
            said = self.machine.ask(f"cat {path} 2>/dev/null | tr -d '\\n'")
            found: dict[str, Any] = json.loads(said) if said else {}
            return found

        wait_for(lambda: read().get("state") in ("done", "failed"), timeout_s=JOB_S, every_s=3, seen=read)
        return read()

    def packs(self) -> set[str]:
        """Return what is installed."""
        said = self.machine.ask("hub packs --json 2>/dev/null | tr -d '\\n'", timeout_s=600)
        return {pack["id"] for pack in json.loads(said)["packs"]}

    def start_again(self, what: str) -> None:
        """Start the machine, which has ended, and wait until the class has its pages and its addresses."""
        self.machine.pull_the_plug()
        begun = time.monotonic()
        self.machine.start()
        wait_for_portal(self.machine, self.phone.device, begun, what)
        shell(self.machine)
        join(self.phone.device, self.office.folder)


@contextmanager
def school_at_work(
    image: Path, folder: Path, what: str, *, publish: bool = False, extra: Sequence[str] = ()
) -> Iterator[School]:
    """Start a school: from power on to the portal, which is noted as `what`."""
    with ExitStack() as stack:
        office = stack.enter_context(CardOffice(folder))
        spaces = stack.enter_context(place(f"img{os.getpid()}"))
        card = Card.of_image(image, folder / "card.qcow2", size="8G")
        card.put_boot_file("hub-config.txt", office.make_config())
        if publish:
            office.publish()
        tap = stack.enter_context(socket_of(spaces.switch))
        reach = {22: office.relay.port}
        machine = Machine(card, lan=tap, reach=reach, arguments=shell_words("virt"), extra=extra)
        stack.enter_context(running(machine))
        begun = time.monotonic()
        wait_for_portal(machine, spaces.devices[0], begun, what)
        phones = [LanBrowser(device, join(device, folder)) for device in spaces.devices]
        technician = LanBrowser(phones[0].device, phones[0].server)
        yield School(shell(machine), office, *phones, technician)


def join(device: Device, folder: Path) -> str:
    """Let a device ask for an address, patiently; return who answers its questions for names."""
    return str(device.join(folder, tries=_TRIES, pause_s=_PAUSE_S).dns)


def wait_for_portal(machine: Machine, device: Device, begun: float, what: str) -> None:
    """Wait with a fixed address until the portal's home is there, and note how long that took."""
    device.sit(HUB_LAN, 900)
    question = {"do": "wait", "host": "hub.lan", "path": "/", "address": str(HUB_LAN.hub), "within_s": UP_S}
    (said,) = device.ask(question, timeout_s=UP_S + 60)
    assert said["seconds"] >= 0, f"no portal after {UP_S} s"
    note_start(machine, what, begun)
    device.run("ip", "addr", "flush", "dev", "nic")


def ask_for(technician: LanBrowser, name: str, **values: str) -> str:
    """Press a button of the technician's pages, where they ask so once more; return the job's page."""
    answer = technician.post(f"/tech/do/{name}", sure="1", **values)
    assert answer.status == 303, answer.text
    return answer.headers["location"]
