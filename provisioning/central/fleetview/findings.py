"""What a hub's own status finds wrong, in the office's words: the code of a check → an alert."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from provisioning.central.fleetview.alert import Alert

_QUIET = {  # the office knows these by itself, or nobody has to act
    "coming",
    "disk",
    "held",
    "packs",
    "reports",
    "search",
    "settings",
    "sync",
    "update-image",
    "update-software",
    "updates",
}
UNKNOWN = "hub-"  # how the code begins of what a newer hub finds
_HEAT = Alert("warm", "info", "The hub is warm.", hint="Ask the school to give it air.")
_FILTER_HINT = "Look at the filter that is assigned to this school; build and publish it again."
FINDINGS: Mapping[str, Alert] = {
    "power": Alert(
        "under-voltage",
        "soon",
        "The hub gets too little power; its card may be damaged.",
        hint="Replace its power supply or its cable: those of the Raspberry Pi, and short.",
    ),
    "heat": _HEAT,
    "card": Alert(
        "card-errors",
        "urgent",
        "Errors that the memory card has shown: %(count)s.",
        hint="Send a new card today, and ask for a backup on a stick first.",
    ),
    "data-lost": Alert(
        "card-dead",
        "urgent",
        "The memory card cannot be used; nothing that happens there is kept.",
        hint="Send a new card; the school restores its backup.",
    ),
    "database": Alert(
        "database-damaged",
        "soon",
        "The hub's list of lessons is damaged.",
        hint="The technician runs `hub repair`; no lesson is lost. If it comes again, replace the card.",
    ),
    "services": Alert(
        "services-down",
        "soon",
        "Parts of the hub do not run.",
        hint="Ask the school to switch it off and on. If it stays so, ask for the support file.",
    ),
    "watchdog": Alert(
        "had-hung",
        "info",
        "The hub had hung and started itself again.",
        hint="If this comes often, replace its power supply.",
    ),
    "clock": Alert(
        "clock-wrong",
        "info",
        "The hub's clock is wrong.",
        hint="Lessons and syncs work; dates shown may be wrong. Setting the time, or a link, mends it.",
    ),
    "kolibri": Alert(
        "kolibri-down",
        "soon",
        "Kolibri does not run there.",
        hint="Ask the school to switch the hub off and on. If it stays so, ask for the support file.",
    ),
    "kolibri-channel": Alert(
        "course-refused",
        "soon",
        "Kolibri did not take a course.",
        hint="Build its pack again and publish it.",
    ),
    "settings-refused": Alert(
        "settings-refused",
        "soon",
        "Settings of this hub cannot be used.",
        hint="The technician's page names them; correct hub-config.txt.",
    ),
    "network-no-filter": Alert(
        "filter-missing", "urgent", "No filter has come: the class has no Internet.", hint=_FILTER_HINT
    ),
    "network-filter-refused": Alert(
        "filter-refused",
        "urgent",
        "A new filter is not used there, the one before stays.",
        hint=_FILTER_HINT,
    ),
    "network-ap": Alert(
        "wifi-down", "urgent", "Its Wi-Fi does not run.", hint="Ask the school to switch the hub off and on."
    ),
    "network-full": Alert(
        "wifi-full",
        "soon",
        "Its Wi-Fi is full: more devices cannot join.",
        hint="For a whole class, connect an access point by cable.",
    ),
    "network-stranger": Alert(
        "network-stranger",
        "soon",
        "Another device gives out addresses in the class's network.",
        hint="Ask the school to switch off DHCP in its other access point or router.",
    ),
}


def list_findings(findings: Mapping[str, str], *, errors: int = 0) -> Iterator[Alert]:
    """Yield what the checks of a hub's status mean; one that is not known here, by its code.

    `errors` are those that its memory card has shown.
    """
    if errors:
        findings = {**findings, "card": "attention"}
    for code, level in sorted(findings.items()):
        known = FINDINGS.get(code)
        if known is not None:
            yield replace(known, values={"count": errors}) if code == "card" else known
        elif code not in _QUIET and level in ("attention", "broken"):
            yield Alert(
                f"{UNKNOWN}{code}",
                "soon",
                "The hub's own status finds fault with: %(check)s.",
                {"check": code},
                "Its technician's page says what to do.",
            )
