"""A school for tests: a card in its machine, its office behind a slow line, two devices in its class.

The class is at a cable of this host (virt), or on simulated radios inside the guest (raspi3b, whose only
network in QEMU is one on USB, which is the way out).
"""

import json
import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from hub.network.lan import Lan
from support.card import Card
from support.card_office import CABLE, PASSWORD, TEMPLATE, CardOffice
from support.lan_browser import LanBrowser
from support.machine import Machine, running
from support.netns import Client, Device, place, socket_of
from support.waiting import wait_for
from tests.image import radio
from tests.image.conftest import UP_S, shell, shell_words
from tests.image.radio import Telephone
from tests.image.report import note_start

HUB_LAN = Lan()
JOB_S = 1800  # of anything that a technician asks for
WIFI = f'mode = "builtin"\nssid = "{radio.SSID}"\npassword = "{radio.PASSWORD}"\n'
# Waits until the class is in the network of a machine that started at a moment; notes the start by a name.
Join = Callable[[float, str], list[LanBrowser]]
_TRIES, _PAUSE_S = 40, 5  # of a device that asks for an address


@dataclass
class School:
    """The card in its machine, its office, and who is in the classroom."""

    machine: Machine
    office: CardOffice
    phone: LanBrowser  # whoever presses "Continue"
    new_phone: LanBrowser  # whoever does not
    technician: LanBrowser
    join: Join

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
        self.join(begun, what)


@contextmanager
def school_at_work(
    image: Path,
    folder: Path,
    what: str,
    *,
    board: str = "virt",
    publish: bool = False,
    extra: Sequence[str] = (),
) -> Iterator[School]:
    """Start a school: from power on to the portal, which is noted as `what`."""
    with ExitStack() as stack:
        is_cable = board == "virt"
        office = stack.enter_context(
            CardOffice(folder, template=TEMPLATE if is_cable else TEMPLATE.replace(CABLE, WIFI))
        )
        card = Card.of_image(image, folder / "card.qcow2", size="8G")
        card.put_boot_file("hub-config.txt", office.make_config())
        if publish:
            office.publish()
        machine = Machine(
            card, board, reach={22: office.relay.port}, arguments=shell_words(board), extra=extra
        )
        if is_cable:
            spaces = stack.enter_context(place(f"img{os.getpid()}"))
            machine.lan = stack.enter_context(socket_of(spaces.switch))
            join: Join = partial(join_by_cable, machine, spaces.devices, folder)
        else:
            radio.put_programs(card)
            join = partial(join_by_radio, machine)
        stack.enter_context(running(machine))
        phones = join(time.monotonic(), what)
        technician = LanBrowser(phones[0].device, phones[0].server)
        yield School(machine, office, *phones, technician, join)


def join_by_cable(
    machine: Machine, devices: Sequence[Device], folder: Path, begun: float, what: str
) -> list[LanBrowser]:
    """Wait with a fixed address until the portal is there, then let each device ask for one, patiently."""
    devices[0].sit(HUB_LAN, 900)
    wait_for_portal(machine, devices[0], begun, what)
    devices[0].run("ip", "addr", "flush", "dev", "nic")
    phones = [
        LanBrowser(device, str(device.join(folder, tries=_TRIES, pause_s=_PAUSE_S).dns)) for device in devices
    ]
    shell(machine)
    return phones


def join_by_radio(machine: Machine, begun: float, what: str) -> list[LanBrowser]:
    """Let two telephones into the Wi-Fi, then wait for the portal's home."""
    telephones = [Telephone(machine, number) for number in (1, 2)]
    radio.switch_on(machine, telephones=len(telephones))
    phones = []
    for telephone in telephones:
        assert telephone.join(), telephone.number
        phones.append(LanBrowser(telephone, str(telephone.take_address().dns)))
    wait_for_portal(machine, telephones[0], begun, what)
    return phones


def wait_for_portal(machine: Machine, client: Client, begun: float, what: str) -> None:
    """Wait until the portal's home is there, and note how long that took."""
    question = {"do": "wait", "host": "hub.lan", "path": "/", "address": str(HUB_LAN.hub), "within_s": UP_S}
    (said,) = client.ask(question, timeout_s=UP_S + 60)
    assert said["seconds"] >= 0, f"no portal after {UP_S} s"
    note_start(machine, what, begun)


def ask_for(technician: LanBrowser, name: str, **values: str) -> str:
    """Press a button of the technician's pages, where they ask so once more; return the job's page."""
    answer = technician.post(f"/tech/do/{name}", sure="1", **values)
    assert answer.status == 303, answer.text
    return answer.headers["location"]
