"""Acceptance 15: a booted card brings a newer version of itself from its office, and keeps it if it works.

Software beside the image's own, then a whole system into the other slot; of both also one that does not work.
One card and one machine for all of it, in this order.
"""

import json
import os
import re
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from hub.card.update import HEALTHY_WITHIN_S
from support.card import Card
from support.card_office import CardOffice
from support.front_page import front_page
from support.hub_releases import break_portal, later_source, name_root
from support.machine import Machine, running
from support.ports import free_port
from support.waiting import wait_for
from tests.image.conftest import UP_S, served, shell, shell_words
from tests.image.report import note

pytestmark = pytest.mark.timeout(7200)

TEMPLATE = """\
school_code = "12345678"
school_name = "Ліцей"
language = "uk"
[wifi]
mode = "off"
[uplink]
kind = "ethernet"
"""
AS_HUB = "setpriv --reuid=hub --regid=hub --init-groups --no-new-privs hub --dir /data/hub"
SYNC_S = 1800
UPDATE_S = 1800


@dataclass
class School:
    """A card in its machine, its office, and the image that both came from."""

    machine: Machine
    office: CardOffice
    image: Path
    folder: Path

    def bring(self, source: Path) -> int:
        """Publish a version, let the hub sync, and return the version."""
        self.office.release(source)
        begun = time.monotonic()
        assert self.sync() == "0", self.machine.ask("tail -n 5 /run/sync.txt")
        note(f"virt: sync of {source.name}, s", round(time.monotonic() - begun))
        return int(re.findall(r"(?m)^version = (\d+)", (source / "pack.toml").read_text())[0])

    def sync(self) -> str:
        """Sync, after the timer's own sync where that is at it; return the exit code."""
        until = "while sleep 2; do [ $code != 75 ] && break;"
        sync = f"{AS_HUB} sync >/run/sync.txt 2>&1; code=$?"
        return self.machine.ask(f"{sync}; {until} {sync}; done; echo $code", timeout_s=SYNC_S)

    def update(self, kind: str) -> dict[str, str]:
        """Return what the hub says became of the last update of a kind."""
        said = self.machine.ask("cat /data/card/updates.json 2>/dev/null | tr -d '\\n'")
        items = json.loads(said)["items"] if said else ()
        return next((item for item in items if item["kind"] == kind), {})

    def wait_for_update(self, kind: str, version: int, *states: str) -> dict[str, str]:
        """Wait until a version is in one of these states."""

        def is_so() -> bool:
            item = self.update(kind)
            return item.get("version") == version and item["state"] in states

        wait_for(is_so, timeout_s=UPDATE_S, every_s=5, seen=lambda: f"{self.update(kind)}\n{self.journal()}")
        return self.update(kind)

    def journal(self) -> str:
        """Return what the updates said."""
        return self.machine.ask("journalctl -q -o cat --no-pager -u hub-update -u hub-health | tail -n 15")

    def program(self) -> str:
        """Wait until the portal serves, and return which program that is."""
        (port,) = self.machine.ports
        wait_for(lambda: front_page(port) == 200, timeout_s=UP_S, every_s=2, seen=self.journal)
        return self.machine.ask("tr '\\0' ' ' </proc/$(systemctl show -P MainPID hub-portal)/cmdline")


@pytest.fixture(scope="module")
def school(image, tmp_path_factory):
    """A hub that is enrolled, and has nothing from its office yet."""
    folder = tmp_path_factory.mktemp("updates")
    with ExitStack() as stack:
        office = stack.enter_context(CardOffice(folder, delay_s=0.0, bits_per_s=None, template=TEMPLATE))
        card = Card.of_image(image, folder / "card.qcow2", size="8G")
        card.put_boot_file("hub-config.txt", office.make_config())
        ports, reach = {free_port(): 80}, {22: office.relay.port}
        machine = Machine(card, ports=ports, reach=reach, arguments=shell_words("virt"))
        stack.enter_context(running(machine))
        served(machine)
        school = School(machine, office, image, folder)
        school.sync()
        office.approve()
        yield school


def test_newer_software_is_tried_and_kept(school):
    version = school.bring(later_source(school.image, "software", school.folder, 1))
    school.wait_for_update("software", version, "good")

    assert school.machine.ask("readlink /data/software/current") == str(version)
    assert f"/data/software/{version}/bin/" in school.program()


def test_software_that_serves_nobody_is_taken_back(school):
    good = school.update("software")["version"]
    source = later_source(school.image, "software", school.folder, 2)
    break_portal(source)
    version = school.bring(source)
    begun = time.monotonic()
    item = school.wait_for_update("software", version, "failed")
    note(f"virt: software that fails is back, s (of it {HEALTHY_WITHIN_S:.0f} of patience)",
         round(time.monotonic() - begun))  # fmt: skip

    assert "port 80" in item["why"]
    assert school.machine.ask("readlink /data/software/current") == str(good)
    assert f"/data/software/{good}/bin/" in school.program()


def test_a_newer_system_starts_in_the_other_slot_and_is_kept(school):
    machine, source = school.machine, later_source(school.image, "image", school.folder, 3)
    name_root(source, school.folder)
    version = school.bring(source)
    school.wait_for_update("image", version, "waiting")
    assert machine.process.poll() is None, "nothing starts again by itself while a class is there"
    machine.type("systemctl reboot")
    machine.wait_for_restart(timeout_s=UP_S)
    machine.wait_for("hub: slot b, trying, 2 tries left", timeout_s=UP_S)
    shell(machine)
    school.wait_for_update("image", version, "good")

    assert machine.ask("cat /usr/lib/hub/version") == "later-3"
    assert machine.ask("grep -c 'slot=b state=good' /boot/firmware/slot?.env | sort -u").count(":1") == 2
    assert "/opt/hub/bin/" in school.program(), "the image is newer than the software that came before it"


def test_a_system_that_cannot_start_is_left_for_the_one_before(school):
    machine, source = school.machine, later_source(school.image, "image", school.folder, 4)
    with (source / "content/root.squashfs").open("r+b") as root:
        root.seek(4)  # after what a check of the pack looks at
        root.write(os.urandom(1 << 20))
    version = school.bring(source)
    school.wait_for_update("image", version, "waiting")
    machine.type("systemctl reboot")
    machine.wait_for_restart(timeout_s=UP_S)
    machine.wait_for("going to slot b", timeout_s=UP_S)
    machine.wait_for_restart(timeout_s=UP_S)
    machine.wait_for("hub: slot b, good", timeout_s=UP_S)
    shell(machine)
    item = school.wait_for_update("image", version, "failed")

    assert item["why"] == "it did not become healthy within its starts"
    assert machine.ask("cat /usr/lib/hub/version") == "later-3"
    assert school.sync() == "0"
    school.office.run("ingest")
