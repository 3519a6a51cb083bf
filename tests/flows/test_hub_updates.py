"""The hub itself updated by packs over the real road: office, sshd, sync, then what root does on a card."""

import json
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from content_packs.errors import BadDataError, IdentityError
from hub import machine
from hub.card import other_slot, slots, software, update
from hub.card.places import CardPlaces
from hub.card.school import keep
from hub.card.slots import SlotState
from hub.card.update import Updating, settle
from hub.school import CentralConfig
from hub.school.root import pack_root
from hub.settings import read_settings
from hub.status import read_status
from hub.updates import read_updates
from support.launcher import IMAGE, Launcher
from support.road import Road, must
from support.school_config import make_school, office_part
from support.system_packs import ROOT, image_source, software_source, wheel


@dataclass
class Hands:
    """The card's services: what the launcher takes answers, and `wrong` is what is wrong with a version."""

    launcher: Launcher
    wrong: dict[int, str] = field(default_factory=dict)
    did: list[str] = field(default_factory=list)

    def restart_services(self) -> None:
        self.did.append(f"restart {self.launcher.start()}")

    def is_healthy(self) -> str:
        return self.wrong.get(self.launcher.start(), "")

    def failing_now(self) -> tuple[str, ...]:
        return ("network",)

    def reboot(self) -> None:
        self.did.append("reboot")


class Card:
    """A card in a folder, whose slot a runs, synced from an office."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.places = CardPlaces(folder / "root", folder / "boot", folder / "data")
        for made in (self.places.boot / "a", self.places.card, self.places.image):
            made.mkdir(parents=True)
        (self.places.boot / "config.txt").write_text("os_prefix=a/\n")
        slots.write_slots(self.places.boot, SlotState("a"))
        self.device = folder / "p3"
        self.device.write_bytes(bytes(4 << 20))
        self._line = folder / "cmdline"
        monkeypatch.setattr(machine, "_COMMAND_LINE", self._line)
        self.starts("a", "hub-v1")
        monkeypatch.setattr(
            other_slot, "find_target", lambda: other_slot.Target("b", self.device, "hub.slot=a")
        )
        monkeypatch.setattr(update, "HEALTHY_WITHIN_S", 0.0)
        monkeypatch.setattr(update, "_LOOK_S", 0.0)
        self.launcher = Launcher(self.places.data)
        self.hands = Hands(self.launcher)
        self.said: list[str] = []
        self.road = Road(folder, hub=self.places.hub.dir)
        root = pack_root((self.road.central / "hub-root.json").read_bytes())
        self.school = make_school(central=replace(office_part("h-1"), root=root))
        keep(self.places, self.school)

    def starts(self, slot: str, image: str) -> None:
        """The machine starts from a slot."""
        self._line.write_text(f"hub.slot={slot} hub.disk=48554231\n")
        (self.places.image / "version").write_text(f"{image}\n")
        (self.places.image / "built-at").write_text("1000\n")

    def gets(self, source: Path) -> None:
        """The office publishes and assigns a pack, and the hub syncs."""
        self.road.publish(source)
        name = "hub-image" if "image" in source.name else "hub-software"
        self.road.assign(name)
        assert self.road.sync().code == 0

    def updating(self, now: datetime | None = None) -> Updating:
        settings = read_settings(self.places.hub)
        return Updating(self.places, settings, self.hands, now or datetime.now(UTC), self.said.append)

    def updates(self, *, again: bool = False) -> list[tuple[str, int, str]]:
        """Run `hub card update`; return what became of it."""
        found = self.updating().run(again=again).items
        assert read_updates(self.places.hub).items == found
        return [(item.kind, item.version, item.state) for item in found]

    def why(self, kind: str) -> str:
        return read_updates(self.places.hub).find(kind).why

    def checks(self, begin: str = "update") -> dict[str, str]:
        """What the technician reads of updates: code → text."""
        status = read_status(self.places.hub, read_settings(self.places.hub), system=datetime.now(UTC))
        return {check.code: check.text for check in status.checks if check.code.startswith(begin)}


@pytest.fixture
def card(tmp_path, monkeypatch):
    card = Card(tmp_path, monkeypatch)
    yield card
    card.road.stop()


def test_software_is_tried_kept_or_taken_back(card, tmp_path):
    card.gets(software_source(tmp_path / "software-7", 7, wheel_bytes=wheel("7")))
    assert "Only a hub on its card" in card.checks()["updates"]  # nobody has taken it yet
    assert "No lesson packs" in card.checks("packs")["packs"]
    assert card.launcher.start() == IMAGE
    assert card.updates() == [("software", 7, "good")]
    assert card.launcher.boot() == 7
    assert json.loads((card.places.card / "failing-before.json").read_text()) == ["network"]
    assert "update-software" in card.checks()

    card.hands.wrong[8] = "portal: no answer on port 80"
    card.gets(software_source(tmp_path / "software-8", 8, wheel_bytes=wheel("8")))
    assert card.updates() == [("software", 8, "failed")]
    assert card.hands.did == ["restart 7", "restart 8", "restart 7"]
    assert card.launcher.boot() == 7
    assert card.why("software") == "portal: no answer on port 80"
    assert "7" in card.checks()["update-software"]
    assert card.updates() == [("software", 8, "failed")]  # it is not tried again by itself
    assert card.hands.did[3:] == []

    card.hands.wrong.clear()
    assert card.updates(again=True) == [("software", 8, "good")]
    assert card.launcher.boot() == 8


def test_what_somebody_changed_on_the_disk_is_never_run(card, tmp_path):
    """The folder of packs is the portal's account's; root trusts what the office signed."""
    card.gets(software_source(tmp_path / "software-7", 7, wheel_bytes=wheel("7")))
    pack = card.places.hub.packs / "hub-software" / "7"
    stored = next((pack / "files").glob("*.whl"))
    stored.unlink()
    stored.write_bytes(wheel("0wned"))
    assert card.updates() == [("software", 7, "refused")]
    assert "hub repair" in " ".join(card.said) or "expected" in card.why("software")

    must(
        "packs",
        "build",
        software_source(tmp_path / "other", 7, wheel_bytes=wheel("0wned")),
        "-o",
        tmp_path / "o",
    )
    (pack / "index.zst").write_bytes((tmp_path / "o" / "index.zst").read_bytes())
    assert card.updating().plan() == []
    assert card.launcher.boot() == IMAGE


def test_only_the_office_of_the_school_config_changes_the_system(card, tmp_path):
    """Its root is root's; that in the hub's folder, whoever took the portal over can write."""
    card.gets(software_source(tmp_path / "software-7", 7, wheel_bytes=wheel("7")))
    assert [step.refused for step in card.updating().plan()] == [""]
    for central in (CentralConfig(), office_part("h-1")):  # without an office; of another
        keep(card.places, replace(card.school, central=central))
        with suppress(IdentityError, BadDataError):
            assert card.updating().plan() == []


def test_an_image_goes_into_the_other_slot_and_waits_for_a_start(card, tmp_path, monkeypatch):
    card.gets(image_source(tmp_path / "image-2", 2))
    assert card.updates() == [("image", 2, "waiting")]
    assert card.device.read_bytes()[: len(ROOT)] == ROOT
    assert slots.read_slots(card.places.boot) == SlotState("b", seq=2, trying=True, tries=3)
    assert card.updates() == [("image", 2, "waiting")]  # nothing is written twice
    assert "update-image" in card.checks()

    tonight = datetime.now().astimezone().replace(hour=2, minute=0) + timedelta(days=2)
    at_noon = tonight.replace(hour=12)
    monkeypatch.setattr(software, "uptime_s", lambda: 7200.0)
    assert not card.updating(at_noon).restart_if_nobody_minds(asked=False)
    assert card.updating(at_noon).restart_if_nobody_minds(asked=True)
    assert card.updating(tonight).restart_if_nobody_minds(asked=False)
    monkeypatch.setattr(software, "uptime_s", lambda: 600.0)  # somebody has just switched it on
    assert not card.updating(tonight).restart_if_nobody_minds(asked=False)
    assert card.hands.did == ["reboot", "reboot"]

    card.starts("b", "hub-v2")
    assert settle(card.places, now=datetime.now(UTC)).find("image").state == "trying"
    slots.point_firmware(card.places.boot, "a")
    card.starts("a", "hub-v1")
    slots.write_slots(card.places.boot, SlotState("a", failed="b"))

    assert card.updates() == [("image", 2, "failed")]
    assert "hub-v1" in card.checks()["update-image"]
    assert card.updates() == [("image", 2, "failed")]
    assert slots.read_slots(card.places.boot).slot == "a"
    assert card.updates(again=True) == [("image", 2, "waiting")]

    card.starts("b", "hub-v2")
    slots.mark_good(card.places.boot, running="b")
    assert card.updates() == [("image", 2, "good")]
