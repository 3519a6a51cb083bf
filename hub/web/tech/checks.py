"""The help for each check of the status: what it means and what to do, step by step. Open to everybody."""

from dataclasses import dataclass

from flask import Blueprint, Response, render_template

from hub.machine import is_card
from hub.web.pages import cached_page
from hub.wording import later

bp = Blueprint("checks", __name__)


@dataclass(frozen=True, slots=True)
class Help:
    """What a technician reads about a check. Texts are English, as `later` marks them."""

    title: str
    meaning: str
    steps: tuple[str, ...]


_LOOK_AGAIN = later("Open the status page again: the line is gone when all is well.")
_CALL = later("If it stays so, make a support file on the page “Log” and send it to the office.")
CHECKS = {
    "database": Help(
        later("The list of lessons"),
        later("The hub cannot read its list of what is installed. The lessons themselves are on the card."),
        (
            later("Switch the hub off and on and wait five minutes: it often makes the list anew by itself."),
            later("Else press “Read all and mend” on the page “Lessons and sticks”: it takes up to an hour."),
            _CALL,
        ),
    ),
    "packs": Help(
        later("No lessons yet"),
        later("The office has not sent this hub anything, or nothing has arrived."),
        (
            later("Is there a way to the Internet? Then press “Sync now” on the page “Sync”."),
            later("Without the Internet ask the office for a stick and plug it into the hub."),
            later(
                "If a sync ends well and there is still nothing, the office has assigned nothing: call it."
            ),
        ),
    ),
    "sync": Help(
        later("The sync with the office"),
        later("The hub has not reached the office for long, or the last try failed. Lessons keep working."),
        (
            later("Check the cable or modem of the Internet: does its light blink?"),
            later("Press “Sync now” on the page “Sync” and read what it says."),
            later("Where there is no Internet for weeks, a stick from the office does the same."),
            later(
                "If it says that the hub or the office is not known, call the office: only it can mend that."
            ),
        ),
    ),
    "disk": Help(
        later("The disk"),
        later("The card is nearly full, or it cannot be written. A full card harms no lesson that is there."),
        (
            later("Nearly full: ask the office to take a pack away, or put in a larger card."),
            later(
                "Cannot be written: switch the hub off and on. If that does not help, the card is worn out."
            ),
            later("Make a backup to a stick if it still can, then replace the card."),
        ),
    ),
    "reports": Help(
        later("Reports to the office"),
        later("What the office should know cannot be read from the card."),
        (later("Switch the hub off and on."), _CALL),
    ),
    "clock": Help(
        later("The clock"),
        later("The hub has no battery. Without the Internet it does not know the time after a power cut."),
        (
            later("Open “Time and power” on a phone or PC whose clock is right, and take its time."),
            later("With a way to the Internet it sets itself within some minutes."),
        ),
    ),
    "clock-limits": Help(
        later("Quiet hours without a clock"),
        later("Quiet hours and budgets of a day need the right time; the hub does not know it now."),
        (later("Set the clock on the page “Time and power”."), _LOOK_AGAIN),
    ),
    "kolibri": Help(
        later("Kolibri"),
        later("Kolibri's courses cannot be opened, or not yet. Everything else works."),
        (
            later("After a start it takes up to five minutes: wait."),
            later("Then restart the hub on the page “Time and power”."),
            _CALL,
        ),
    ),
    "kolibri-channel": Help(
        later("A course that Kolibri refused"),
        later("The pack is here, but Kolibri cannot use it."),
        (later("Tell the office which course it is: the pack has to be built again."),),
    ),
    "kolibri-mended": Help(
        later("Kolibri's learners and marks"),
        later(
            "Their database was damaged, as by a power cut. The hub copies it on each day on which it runs, "
            "and has put the newest copy back by itself."
        ),
        (
            later("Tell the teachers: what was done in Kolibri since that copy has to be done again."),
            later("If it says that there was no copy: restore a backup from a stick on the page “Backup”."),
            later("If it happens again, the card is wearing out: ask the office for a new one."),
        ),
    ),
    "settings": Help(
        later("A setting that is not known"),
        later("There is a key in hub.toml that the hub does not know, most often a typing error."),
        (later("Compare its name with the list of settings. Everything else in the file is used."),),
    ),
    "settings-refused": Help(
        later("A setting that cannot be used"),
        later("A value in hub.toml does not fit; the usual one is used in its place."),
        (
            later("Correct the value; the line says what it should be."),
            later("Restart the hub."),
            _LOOK_AGAIN,
        ),
    ),
    "held": Help(
        later("A pack that was rolled back"),
        later("Somebody chose an earlier version of a pack; it stays until the office has a newer one."),
        (
            later("Tell the office what was wrong with the new version."),
            later(
                "To have the office's version: “Follow the office again” on the page “Lessons and sticks”."
            ),
        ),
    ),
    **dict.fromkeys(
        ("updates", "update-software", "update-image"),
        Help(
            later("An update of the hub itself"),
            later(
                "A new version of the hub's software or system came like a lesson. The hub tries it, and "
                "goes back by itself where it does not work."
            ),
            (
                later("While it is being tried, leave the hub on."),
                later("If it did not work, tell the office what this page says. Lessons go on."),
            ),
        ),
    ),
    "search": Help(
        later("The search reads"),
        later("New packs open at once; the search finds what is in them when it has read them."),
        (later("Nothing needs doing. An encyclopaedia takes an hour."),),
    ),
    "coming": Help(
        later("Lessons on their way"),
        later("The office means more for this hub than has arrived. It comes little by little."),
        (
            later("The page “Sync” says when all will be here."),
            later("If that is weeks, ask the office for a stick."),
        ),
    ),
    "needs-space": Help(
        later("No room for new lessons"),
        later("The new version of a pack does not fit. The old one stays and works."),
        (
            later("Ask the office to take another pack away, or to replace this one."),
            later("Or put in a larger card: the office makes one, a backup takes over marks and accounts."),
        ),
    ),
    "replacing": Help(
        later("A pack that is missing for a while"),
        later(
            "The office has chosen to give up the old version before the new one is here, for want of room."
        ),
        (later("Let the hub sync; a stick is quicker."), _LOOK_AGAIN),
    ),
    "power": Help(
        later("Too little voltage"),
        later("The supply or the cable gives too little. The hub slows down, and cards break from it."),
        (
            later("Use the power supply that came with the hub, and its own short cable."),
            later("Plug it into the wall, not into a computer or an extension with many devices."),
            later(
                "Unplug what draws current from the hub, such as a modem; it needs a hub of its own supply."
            ),
        ),
    ),
    "network": Help(
        later("The Wi-Fi"),
        later("So many devices are on the hub's Wi-Fi, and so many fit."),
        (later("The page “Wi-Fi” shows how well each hears the hub."),),
    ),
    "network-ap": Help(
        later("The Wi-Fi does not run"),
        later("Nobody can join. Devices on the cable still open the lessons."),
        (
            later("Wait a minute, then switch the hub off and on."),
            later("If it stays so, connect an access point by cable and choose that on the page “Wi-Fi”."),
        ),
    ),
    "network-full": Help(
        later("The Wi-Fi is full"),
        later("The radio inside the hub carries only a few devices; others cannot join."),
        (
            later("Let learners share devices, or let some leave the Wi-Fi."),
            later("For a whole class connect an access point by cable and choose that on the page “Wi-Fi”."),
        ),
    ),
    "network-no-radio": Help(
        later("No Wi-Fi in this hub"),
        later("The hub should make the Wi-Fi itself and finds no radio for it. The cable still works."),
        (
            later("Switch the hub off, wait ten seconds, switch it on."),
            later("If it stays so, connect an access point by cable and choose that on the page “Wi-Fi”."),
            _CALL,
        ),
    ),
    "network-no-cable": Help(
        later("No socket for the access point"),
        later("The access point should be on the cable, and this board has no socket for one."),
        (
            later("Choose the hub's own Wi-Fi on the page “Wi-Fi”."),
            later("Or plug in a USB network adapter, and the cable of the access point into that."),
        ),
    ),
    "network-no-client-radio": Help(
        later("No second radio for the Internet"),
        later("The Internet should come by Wi-Fi. The radio inside serves the class and cannot do both."),
        (
            later("Plug a USB Wi-Fi adapter into the hub."),
            later("Or use a cable, or a phone or modem on USB, and change that in hub-config.txt."),
        ),
    ),
    "network-settings": Help(
        later("A Wi-Fi that cannot be made"),
        later("The name, the password or the country of the Wi-Fi does not fit; the line says which."),
        (later("Correct it on the page “Wi-Fi”, or in hub-config.txt on the card."), _LOOK_AGAIN),
    ),
    "network-stranger": Help(
        later("Another device gives out addresses"),
        later("A router or access point on the cable answers in the hub's place: some do not find the hub."),
        (
            later("Open the settings of that device and switch off DHCP; make it a mere access point."),
            later("Plug the hub into one of its LAN sockets, not into WAN or Internet."),
            _LOOK_AGAIN,
        ),
    ),
    "network-clash": Help(
        later("The same addresses inside and outside"),
        later("The network outside uses the addresses of the class. Lessons work, the Internet may not."),
        (
            later("Change the range of addresses in the router outside, such as to 192.168.77.0."),
            _LOOK_AGAIN,
        ),
    ),
    "network-no-filter": Help(
        later("No filter yet"),
        later("Learners may use the Internet with a filter only, and none has come. Lessons work."),
        (
            later("Press “Sync now” on the page “Sync”; a stick from the office does the same."),
            later("Ask the office whether a filter is assigned to this hub."),
        ),
    ),
    "network-filter-clock": Help(
        later("Lesson rules all day"),
        later(
            "The filter blocks some sites in lessons only. As the clock may be wrong, they stay blocked"
            " after lessons too."
        ),
        (later("Set the clock on the technician's page. With a link it sets itself."),),
    ),
    "network-filter-refused": Help(
        later("A filter that is not used"),
        later("The new filter cannot be used on this hub. The one before goes on filtering."),
        (later("Tell the office what the line says: the filter has to be built again."),),
    ),
    "services": Help(
        later("Parts of the hub that do not run"),
        later("Something has stopped. It is started again by itself; what does not need it works."),
        (
            later("Wait five minutes."),
            later("Then restart the hub on the page “Time and power”."),
            _CALL,
        ),
    ),
    "watchdog": Help(
        later("The hub had hung"),
        later("It did not answer any more and started itself again. Once in a while that is no harm."),
        (later("If it comes often, change the power supply and its cable."), _CALL),
    ),
    "data-lost": Help(
        later("The card cannot be used"),
        later("The hub runs without its card's data: what happens now is gone when it is switched off."),
        (
            later("Switch the hub off, take the card out and put it in again, switch the hub on."),
            later("If it stays so, ask the office for a new card; put it in and restore the backup."),
        ),
    ),
    "heat": Help(
        later("The hub is too warm"),
        later("From 80 °C on it slows itself down."),
        (
            later("Take it off the radiator and out of the sun; leave a hand's width of air around it."),
            later("Blow the dust out of its case."),
        ),
    ),
    "card": Help(
        later("The memory card"),
        later("The file system has met errors: the card is wearing out or was disturbed by bad power."),
        (
            later("Make a backup to a stick today."),
            later("Ask the office for a new card; put it in and restore the backup."),
        ),
    ),
}


@bp.get("/help/checks")
def show() -> Response:
    """All of it, each under its code."""
    return _show()


@cached_page
def _show() -> str:
    groups: dict[Help, list[str]] = {}
    for code, help_text in CHECKS.items():
        groups.setdefault(help_text, []).append(code)
    return render_template("tech/checks.html", checks=groups, possible=_possible)


def _possible(steps: tuple[str, ...]) -> list[str]:
    """Leave out what one types: a hub on its card has nothing to type on."""
    return [step for step in steps if not (is_card() and "`hub " in step)]
