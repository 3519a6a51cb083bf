"""Updates of the hub itself, from installed packs: what is to be done, done, tried, and kept or taken back.

`plan_updates` decides, `run_updates` acts, `settle` notes what became of a trial; hub/card/software.py and
hub/card/other_slot.py do the two sorts of work. What runs is never touched before the new version lies whole.
"""

import json
import platform
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Protocol

from content_packs.durable import write_durably
from content_packs.errors import Error, LocalError, local_error
from hub.card import environment, other_slot, slots, software
from hub.card.places import CardPlaces
from hub.card.system_packs import SystemPack, find_system_packs
from hub.clock import hub_moment
from hub.network.state import read_network_state
from hub.settings import HubSettings
from hub.updates import State, Update, Updates, read_updates_file, write_updates_file

HEALTHY_WITHIN_S = 420.0  # after the services started again: a Pi 3 needs two minutes for the portal
_LOOK_S = 15.0
_NIGHT_HOURS = range(1, 5)  # local: a hub that runs at night has nobody on it
_LONG_UP_S = 3600
_SECRET = 0o600
_FAILING = "failing-before.json"


@dataclass(frozen=True, slots=True)
class Running:
    """What runs now."""

    image: str  # the image's version
    built_at: int  # of the image, seconds since 1970
    python: str
    machine: str
    software: software.Installed
    slot: slots.Slot
    slot_state: slots.SlotState | None


@dataclass(frozen=True, slots=True)
class Step:
    """What is to be done with a pack; `refused` says why nothing is, `waits` for what it is done later."""

    pack: SystemPack
    refused: str = ""
    is_done: bool = False  # it runs already
    waits: str = ""


class Hands(Protocol):
    """What an update does to the machine; tests have others."""

    def restart_services(self) -> None:
        """Start what runs all the time again, with the software that the launcher now takes."""

    def is_healthy(self) -> str:
        """Ask the new software whether the hub works; return what is wrong, empty where nothing is."""

    def failing_now(self) -> tuple[str, ...]:
        """Return what of `hub card health` fails already, before anything is changed."""

    def reboot(self) -> None:
        """Start the machine again."""


def read_running(places: CardPlaces) -> Running:
    """Look at what runs; raises LocalError where this is no card."""
    slot = slots.running_slot()
    try:
        image = (places.image / "version").read_text(encoding="ascii").strip()
        built_at = int((places.image / "built-at").read_text(encoding="ascii"))
    except (OSError, ValueError) as error:
        raise LocalError(f"{places.image}: no version of the image there: {error}") from error
    state = slots.read_slots(places.boot)
    python = environment.this_python().version
    installed = software.read_installed(places.software)
    return Running(image, built_at, python, platform.machine(), installed, slot, state)


def plan_updates(
    packs: Sequence[SystemPack],
    running: Running,
    known: Updates,
    *,
    refuse_image: Callable[[SystemPack], str],
    again: bool = False,
) -> list[Step]:
    """Return what is to be done, at most one pack of each kind, software first: it needs no restart."""
    is_trying = running.slot_state is not None and running.slot_state.trying
    steps = []
    for kind in ("software", "image"):
        ours = [pack for pack in packs if pack.kind == kind]
        found = [_plan(pack, running, known, refuse_image, again=again) for pack in ours]
        if is_trying:
            words = "the image that was written last has to be tried first"
            found = [s if s.refused or s.is_done else replace(s, waits=words) for s in found]
        # Of several the first that can be used; else what is wrong with the newest.
        steps += [next((step for step in found if not step.refused), found[0])] if found else []
    return steps


def _plan(
    pack: SystemPack,
    running: Running,
    known: Updates,
    refuse_image: Callable[[SystemPack], str],
    *,
    again: bool,
) -> Step:
    if pack.kind == "software":
        refused = (
            "" if pack.version == running.software.chosen else _refuse_software(pack, running, again=again)
        )
        return Step(pack, refused, is_done=pack.version == running.software.chosen)
    if pack.details["image"] == running.image:
        return Step(pack, is_done=True)
    last = known.find("image")
    if (
        last
        and (last.pack_id, last.version, last.state) == (pack.pack_id, pack.version, "failed")
        and not again
    ):
        return Step(pack, last.why or "it did not become healthy")
    return Step(pack, refuse_image(pack))


def _refuse_software(pack: SystemPack, running: Running, *, again: bool) -> str:
    details = pack.details
    if pack.version in running.software.bad and not again:
        return "it did not become healthy"
    if details["machine"] != running.machine:
        return f"it is for {details['machine']}, this machine is {running.machine}"
    if details["python"] != running.python:
        return f"it is for Python {details['python']}, this image has {running.python}"
    if details["needs_image"] > running.built_at:
        return f"it needs an image of {details['needs_image']} or later, this one is of {running.built_at}"
    if details["built_at"] <= running.built_at:
        return f"it is of {details['built_at']}, the image brings that of {running.built_at}"
    return ""


@dataclass(frozen=True, slots=True)
class Updating:
    """One run of `hub card update`."""

    places: CardPlaces
    settings: HubSettings
    hands: Hands
    now: datetime
    say: Callable[[str], None]

    def plan(self, *, again: bool = False) -> list[Step]:
        """Return what is to be done now; writes nothing.

        Raises:
            LocalError: this is no card, or it cannot be read.
        """
        running = read_running(self.places)
        packs = find_system_packs(self.places, self.settings.hub_id, now=self.now)
        if not packs:
            return []
        known = read_known(self.places, running)
        return plan_updates(packs, running, known, refuse_image=self._refuse_image, again=again)

    def run(self, *, again: bool = False) -> Updates:
        """Do what is to be done, and return what became of it; no fault of one pack hides the other."""
        self._end_stale_trial()
        settle(self.places, now=self.now)
        for step in self.plan(again=again):
            if step.is_done or step.waits:
                continue
            if step.refused:
                self._note(step.pack, "refused", step.refused)
                continue
            try:
                if step.pack.kind == "software":
                    self._try_software(step.pack, again=again)
                else:
                    self._write_image(step.pack)
            except Error as error:
                self.say(error.message)
                self._note(step.pack, "refused", error.message)
        return settle(self.places, now=self.now)

    def restart_if_nobody_minds(self, *, asked: bool) -> bool:
        """Start again where an image waits for it: when asked, else at night with nobody there."""
        known = settle(self.places, now=self.now)
        item = known.find("image")
        if item is None or item.state != "waiting" or not (asked or self._nobody_minds()):
            return False
        self.hands.reboot()
        return True

    def _nobody_minds(self) -> bool:
        moment = hub_moment(self.places.hub.trust, self.now)
        stations = (read_network_state(self.places.hub) or {}).get("stations") or {}
        return (
            moment.is_known
            and moment.local.hour in _NIGHT_HOURS
            and not stations.get("count")
            and software.uptime_s() > _LONG_UP_S
        )

    def _end_stale_trial(self) -> None:
        """Go on where a run was cut in the middle: the version is whole, and only has to be found healthy."""
        folder = self.places.software
        trial = software.read_installed(folder).on_trial
        if trial is not None:
            self._wait_for_health()
        software.tidy(folder)

    def _try_software(self, pack: SystemPack, *, again: bool) -> None:
        folder = self.places.software
        bad = folder / str(pack.version) / software.BAD
        if again and bad.exists():
            bad.unlink()
        self.say(f"software {pack.version} ({pack.details['software']}): unpacking")
        environment.make_environment(
            pack, folder, python=environment.this_python(), before=environment.these_packages()
        )
        self._note(pack, "trying")
        keep_failing(self.places, self.hands.failing_now())
        software.begin_trial(folder, pack.version)
        self.say(f"software {pack.version} is being tried")
        self.hands.restart_services()
        self._wait_for_health()

    def _wait_for_health(self) -> None:
        """Wait until the software that is tried was found healthy, else take it back."""
        folder, until = self.places.software, time.monotonic() + HEALTHY_WITHIN_S
        wrong = ""
        while software.read_installed(folder).on_trial is not None:
            wrong = self.hands.is_healthy()
            if not wrong:
                software.commit(folder)  # it did so itself, if it is what it should be
                break
            if time.monotonic() > until:
                software.give_up(folder, wrong)
                self.say(f"it did not become healthy: {wrong}; going back")
                self.hands.restart_services()
                break
            time.sleep(_LOOK_S)
        settle(self.places, now=self.now)
        software.tidy(folder)

    def _refuse_image(self, pack: SystemPack) -> str:
        target = other_slot.find_target()
        board = other_slot.read_board()
        return other_slot.refuse(pack, target, self.places, board=board, machine=platform.machine())

    def _write_image(self, pack: SystemPack) -> None:
        target = other_slot.find_target()
        self._note(pack, "writing")
        self.say(f"image {pack.version} ({pack.details['image']}): writing slot {target.slot}")
        percent = [-1]

        def say(done: int, of: int) -> None:
            if done * 10 // of > percent[0]:
                percent[0] = done * 10 // of
                self.say(f"  {percent[0] * 10} %")

        other_slot.write_slot(pack, target, self.places, say=say)
        self._note(pack, "waiting")
        keep_failing(self.places, self.hands.failing_now())
        slots.try_slot(self.places.boot, target.slot, running=slots.running_slot())
        self.say(f"slot {target.slot} is tried at the next start")

    def _note(self, pack: SystemPack, state: State, why: str = "") -> None:
        running = read_running(self.places)
        name = pack.details["software" if pack.kind == "software" else "image"]
        before = _name_of_software(running) if pack.kind == "software" else running.image
        item = Update(pack.kind, pack.pack_id, pack.version, name, state, before, why[:500], _stamp(self.now))
        last = read_known(self.places, running).find(pack.kind)
        if last and (last.pack_id, last.version) == (item.pack_id, item.version):
            if replace(last, at="") == replace(item, at=""):
                return
            if (last.state, state) == ("failed", "refused"):
                return  # that it did not work says more than that it is therefore not tried again
        keep(self.places, read_known(self.places, running).with_item(item))


def _name_of_software(running: Running) -> str:
    number = running.software.chosen
    return str(number) if number is not None else running.image


def settle(places: CardPlaces, *, now: datetime) -> Updates:
    """Note what became of trials, for this card and for the pages; return it."""
    running = read_running(places)
    known = read_known(places, running)
    for item in known.items:
        judge = _judge_software if item.kind == "software" else _judge_image
        state, why = judge(item, running, places)
        if state != item.state:
            known = known.with_item(replace(item, state=state, why=why, at=_stamp(now)))
    keep(places, known)
    return known


def _judge_software(item: Update, running: Running, places: CardPlaces) -> tuple[State, str]:
    if item.state != "trying":
        return item.state, item.why
    installed = running.software
    if item.version in installed.bad:
        return "failed", software.why_bad(places.software, item.version)
    if installed.chosen == item.version:
        return ("trying", "") if installed.on_trial else ("good", "")
    return item.state, item.why


def _judge_image(item: Update, running: Running, _: CardPlaces) -> tuple[State, str]:
    if item.state not in ("waiting", "trying"):
        return item.state, item.why
    state = running.slot_state
    if running.image == item.name:
        return ("trying", "") if state is not None and state.trying else ("good", "")
    if state is not None and not state.trying and state.failed == slots.other(running.slot):
        return "failed", "it did not become healthy within its starts"
    return item.state, item.why


def read_known(places: CardPlaces, running: Running) -> Updates:
    """Return what is known of earlier updates, from where only root writes."""
    known = read_updates_file(places.updates) or Updates()
    return replace(known, image=running.image)


def keep(places: CardPlaces, known: Updates) -> None:
    """Keep it on the card, and tell it to the pages and to the office.

    Raises:
        LocalError: the disk refuses.
    """
    try:
        write_updates_file(places.updates, known, mode=_SECRET)
        write_updates_file(places.hub.updates, known)
    except OSError as error:
        raise local_error(error, "noting what became of an update") from error


def keep_failing(places: CardPlaces, names: Sequence[str]) -> None:
    """Note what fails before an update: it is not the update's fault afterwards.

    Raises:
        LocalError: the disk refuses.
    """
    try:
        write_durably(places.card / _FAILING, json.dumps(list(names)).encode(), mode=_SECRET)
    except OSError as error:
        raise local_error(error, "noting how the hub was before the update") from error


def read_failing(places: CardPlaces) -> tuple[str, ...]:
    """Return what failed before the last update."""
    try:
        return tuple(map(str, json.loads((places.card / _FAILING).read_bytes())))
    except (OSError, ValueError, TypeError):
        return ()


def running_software(places: CardPlaces) -> int | None:
    """Return which version of the software this very program is of; None: that of the image."""
    prefix = Path(sys.prefix).resolve()
    return (
        int(prefix.name) if prefix.parent == places.software.resolve() and prefix.name.isdecimal() else None
    )


def _stamp(now: datetime) -> str:
    return now.isoformat(timespec="seconds")
