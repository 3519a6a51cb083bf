"""What a technician can ask for: for each action its job, what it means, and a check of what was filled in.

A page links to `/tech/do/<action>` (`ask.py`), which says the consequences, and asks when that is confirmed.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from content_packs.depot import is_pack_id
from content_packs.errors import LocalError
from hub.clock import BUILT_AT, is_known, read_floor
from hub.jobvalues import SPECS, check_megabytes
from hub.library.install import held_version
from hub.library.installed import current_version, list_versions
from hub.settings import HubPaths
from hub.sticks import find_stick
from hub.uplink.quiet_hours import check_quiet_hours
from hub.web.wifi_fields import WIFI_CHANNELS, WIFI_MODES, password_fault, ssid_fault
from hub.wording import later

Values = Mapping[str, str]
Faults = dict[str, str]  # for a field, what is wrong and what to do: English, as `later` marks it


def nothing_to_check(_: HubPaths, __: Values) -> Faults:
    """An action without fields cannot be filled in wrongly."""
    return {}


@dataclass(frozen=True, slots=True)
class Action:
    """One thing that can be asked for. Texts are English, as `later` marks them."""

    job: str
    icon: str
    title: str  # of the page that asks, and of the job
    button: str
    consequences: tuple[str, ...]
    back: str  # the endpoint of the page it belongs to
    check: Callable[[HubPaths, Values], Faults] = nothing_to_check
    is_harmless: bool = False  # asked by one press; what it means stands beside its button
    gather: Callable[[Values], dict[str, str]] = dict  # the values of the job, from what the form sent

    @property
    def fields(self) -> tuple[str, ...]:
        """The names of the values that its job takes."""
        spec = SPECS[self.job]
        return (*spec.required, *spec.optional)


def _check_stick(paths: HubPaths, values: Values) -> Faults:
    if find_stick(paths, values["stick"]) is None:
        return {"stick": later("This stick is not in the hub any more. Plug it in again and wait a moment.")}
    return {}


def _check_offering(paths: HubPaths, values: Values) -> Faults:
    stick = find_stick(paths, values["stick"])
    if stick is not None and not stick.has_depot:
        return {"stick": later("There are no lessons of the office on this stick. Ask the office for one.")}
    return _check_stick(paths, values)


def _check_restore(paths: HubPaths, values: Values) -> Faults:
    stick = find_stick(paths, values["stick"])
    if stick is not None and values["file"] not in [backup.file for backup in stick.backups]:
        return {"file": later("This backup is not on the stick. Choose another one.")}
    return _check_stick(paths, values)


def older_version(paths: HubPaths, pack_id: str) -> int | None:
    """Return the version that a rollback would show again; None where there is none."""
    shown = current_version(paths, pack_id)
    older = [version for version in list_versions(paths, pack_id) if shown is not None and version < shown]
    return max(older, default=None)


def _check_rollback(paths: HubPaths, values: Values) -> Faults:
    if not is_pack_id(values["pack"]) or older_version(paths, values["pack"]) is None:
        return {"pack": later("There is no earlier version of this pack on the hub.")}
    return {}


def _check_held(paths: HubPaths, values: Values) -> Faults:
    if not is_pack_id(values["pack"]) or held_version(paths, values["pack"]) is None:
        return {"pack": later("Nobody has put this pack back to an earlier version.")}
    return {}


def _check_limits(_: HubPaths, values: Values) -> Faults:
    faults = {}
    if check_quiet_hours(values["quiet_hours"]):
        faults["quiet_hours"] = later("Write quiet hours such as 08:00-15:00; several with a comma between.")
    if any(value and check_megabytes(value) for name, value in values.items() if name.endswith("_mb")):
        faults["mb"] = later("Write megabytes as digits alone.")
    return faults


def _check_wifi(_: HubPaths, values: Values) -> Faults:
    if values["mode"] not in WIFI_MODES:
        return {"mode": later("Choose who makes the Wi-Fi.")}
    if values["mode"] != "builtin":
        return {}  # the other fields are not used then
    faults = {"ssid": ssid_fault(values["ssid"]), "password": password_fault(values["password"])}
    if values["channel"] not in WIFI_CHANNELS:
        faults["channel"] = later("Choose one of the channels offered.")
    return {name: fault for name, fault in faults.items() if fault}


def check_time(iso: str, *, floor: datetime) -> str:
    """Return what is wrong with a time (with its zone) to be set, or nothing. Pure."""
    try:
        moment = datetime.fromisoformat(iso)
    except ValueError:
        return later("No time was sent. Write the date and the time by hand, as the fields show them.")
    if not is_known(moment, floor):  # as root's runner judges
        return later("That cannot be: the office has signed lessons later than this, or it is years ahead.")
    return ""


def _check_time(paths: HubPaths, values: Values) -> Faults:
    try:
        floor = read_floor(paths.trust)
    except LocalError:
        floor = BUILT_AT
    fault = check_time(values["iso"], floor=floor)
    return {"iso": fault} if fault else {}


def _gather_time(form: Values) -> dict[str, str]:
    """Take the time that the browser filled in, else the date and time typed, in the hub's own zone."""
    typed = f"{form.get('date', '')}T{form.get('time', '')}"
    try:
        moment = datetime.fromisoformat(form.get("iso") or typed)
    except ValueError:
        return {"iso": ""}
    return {"iso": (moment if moment.tzinfo else moment.astimezone()).isoformat(timespec="seconds")}


ACTIONS = {
    "sync": Action(
        "sync",
        "again",
        later("Sync with the office"),
        later("Sync now"),
        (later("New lessons come while the class goes on working; what was cut off goes on where it was."),),
        "tech.sync.show",
        is_harmless=True,
    ),
    "sync-limits": Action(
        "sync-limits",
        "clock",
        later("Set pauses and budgets"),
        later("Keep"),
        (later("It holds from the next sync on. News and reports, about 10 kB, always travel."),),
        "tech.sync.show",
        _check_limits,
        is_harmless=True,
    ),
    "install": Action(
        "sync-from",
        "save",
        later("Install lessons from the stick"),
        later("Install"),
        (
            later("Lessons come from the stick; each is checked and then shown to the class at once."),
            later("Reports for the office are left on the stick. Send it back when you have finished."),
            later("Leave the stick in until this page says that it may go."),
        ),
        "tech.content.show",
        _check_offering,
    ),
    "eject": Action(
        "eject",
        "open",
        later("Take the stick out"),
        later("Make it safe to remove"),
        (later("What is still being written to the stick is finished first."),),
        "tech.content.show",
        _check_stick,
        is_harmless=True,
    ),
    "rollback": Action(
        "rollback",
        "back",
        later("Show the earlier version of a pack"),
        later("Show the earlier version"),
        (
            later("The class sees the earlier version at once; the newer one is put aside."),
            later("It stays so until the office has a newer version still. Tell the office what is wrong."),
        ),
        "tech.content.show",
        _check_rollback,
    ),
    "follow": Action(
        "follow",
        "again",
        later("Follow the office again"),
        later("Follow the office again"),
        (
            later("The office's version of this pack comes again with the next sync."),
            later("Do that when the office says that it has mended the pack."),
        ),
        "tech.content.show",
        _check_held,
    ),
    "repair": Action(
        "repair",
        "tool",
        later("Read all lessons and mend them"),
        later("Read all and mend"),
        (
            later(
                "Every file on the card is read; what is damaged is taken away, and comes again by a sync."
            ),
            later(
                "It takes up to an hour. Lessons stay open and are slower; nothing else is done meanwhile."
            ),
            later("Restarting the hub or switching it off ends it; ask for it again then."),
        ),
        "tech.content.show",
    ),
    "wifi": Action(
        "wifi",
        "globe",
        later("Change the Wi-Fi"),
        later("Change the Wi-Fi"),
        (
            later("This will disconnect you and the whole class."),
            later("Join again with the new name and password; let each device forget the old network."),
            later("Write the new password down first: without it only a cable leads to the hub."),
        ),
        "tech.wifi.show",
        _check_wifi,
    ),
    "set-time": Action(
        "set-time",
        "clock",
        later("Set the clock"),
        later("Set the clock"),
        (later("Dates on the pages, quiet hours and budgets go by it. Lessons work with any time."),),
        "tech.power.show",
        _check_time,
        is_harmless=True,
        gather=_gather_time,
    ),
    "restart": Action(
        "restart",
        "again",
        later("Restart the hub"),
        later("Restart"),
        (
            later(
                "The class loses its pages for two to four minutes; what learners are writing may be lost."
            ),
            later("A sync that is on its way goes on afterwards where it was."),
        ),
        "tech.power.show",
    ),
    "power-off": Action(
        "power-off",
        "off",
        later("Switch the hub off"),
        later("Switch off"),
        (
            later("The Wi-Fi and all lessons are gone until somebody unplugs the hub and plugs it in again."),
            later("Wait until the green light has not blinked for ten seconds, then pull the plug."),
        ),
        "tech.power.show",
    ),
    "backup": Action(
        "backup",
        "save",
        later("Back up to the stick"),
        later("Back up"),
        (
            later(
                "What nobody can make again is copied: settings, keys, accounts, Kolibri's marks, reports."
            ),
            later("Lessons are not: the office has them. An older backup on the stick stays."),
            later("Keep the stick locked away: with the code it tells all that is on it."),
        ),
        "tech.backup.show",
        _check_stick,
    ),
    "restore": Action(
        "restore",
        "back",
        later("Restore from a backup"),
        later("Restore"),
        (
            later(
                "Settings, accounts and marks become those of the backup; what was done since then is lost."
            ),
            later("The hub restarts. The class loses its pages for some minutes."),
            later("Never restore one school's backup on the hub of another."),
        ),
        "tech.backup.show",
        _check_restore,
    ),
    "check-again": Action(
        "check-again",
        "check",
        later("Run the checks again"),
        later("Run the checks again"),
        (later("It looks at everything anew and disturbs nobody."),),
        "tech.status.show",
        is_harmless=True,
    ),
    "support-file": Action(
        "support-file",
        "files",
        later("Make a support file"),
        later("Make a support file"),
        (
            later(
                "It holds the status, versions and warnings for the office; no names, passwords or lessons."
            ),
        ),
        "tech.logs.show",
        is_harmless=True,
    ),
}
BY_JOB = {action.job: action for action in ACTIONS.values()}
