"""What is still to come to this hub and when, as checks and facts of its status; needs no depot.

It stands on what the last sync left to be done, and on the uplink's speed, budgets and quiet hours now.
"""

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from datetime import datetime
from itertools import accumulate
from typing import Any

from sqlite_utils import Database

from hub import history
from hub.clock import read_boot_id
from hub.health import Check, Level
from hub.settings import SyncSettings
from hub.uplink.eta import Eta, Outlook
from hub.uplink.limits import Moment, Spent
from hub.uplink.words import needs_stick
from hub.wording import Local, Packs, Size, Span, later

_BYTES_PER_KBIT = 125
_NEXT_SYNC = later(
    "The next sync brings them. On a card it comes by itself; elsewhere by a timer, or by `hub sync`."
)
_AFTER_WAIT = {
    "quiet-hours": later("Quiet hours last until %(until)s; the first sync after that brings them."),
    "day-budget": later("The budget of this day is used up; the first sync after %(until)s goes on."),
    "month-budget": later("The budget of this month is used up; the first sync after %(until)s goes on."),
}


@dataclass(frozen=True, slots=True)
class Coming:
    """What the last sync left, and when it is here. `facts` is null before the first sync."""

    facts: dict[str, Any] | None = None
    checks: tuple[Check, ...] = field(default=())


def read_coming(db: Database, settings: SyncSettings, moment: Moment) -> Coming:
    """Look what is still to come.

    Raises:
        LocalError: the database cannot be read.
    """
    plan = history.read_plan(db)
    if plan is None:
        return Coming(None, tuple(_check_clock(settings, moment)))
    outlook = read_outlook(db, settings, moment, history.read_spent(db, moment, read_boot_id()))
    travelling = [pack for pack in plan.packs if pack.action != "needs-space"]
    size = sum(pack.download_bytes for pack in travelling)
    eta = outlook.eta(size)
    facts = {
        "taken_at": plan.taken_at,
        "packs": list(_with_eta(plan.packs, outlook)),
        "bytes": size,
        "kbit_s": None if outlook.bytes_per_s is None else round(outlook.bytes_per_s * 8 / 1000, 1),
        "eta_s": None if eta is None else round(eta.seconds),
        "limited_by": eta.limited_by if eta else "",
        "spent_bytes": {"day": outlook.spent.day_bytes, "month": outlook.spent.month_bytes},
    }
    checks = [
        *_check_travelling(travelling, size, outlook, eta, settings),
        *_check_space(plan.packs),
        *_check_clock(settings, moment),
    ]
    return Coming(facts, tuple(checks))


def read_outlook(db: Database, settings: SyncSettings, moment: Moment, spent: Spent) -> Outlook:
    """Return what an ETA over the uplink stands on; its speed as the settings say, else as syncs found it.

    Raises:
        LocalError: the database cannot be read.
    """
    said = float(settings.link_kbit_s * _BYTES_PER_KBIT)
    return Outlook(said or history.read_bytes_per_s(db), settings.limits(), spent, moment)


def _with_eta(packs: tuple[history.PlannedPack, ...], outlook: Outlook) -> Iterator[dict[str, Any]]:
    """Yield each pack with the seconds until it is here, after those before it."""
    comes = [pack.action != "needs-space" for pack in packs]
    sizes = accumulate(pack.download_bytes * is_coming for pack, is_coming in zip(packs, comes, strict=True))
    for pack, is_coming, eta in zip(packs, comes, outlook.etas(list(sizes)), strict=True):
        yield asdict(pack) | {"eta_s": round(eta.seconds) if eta and is_coming else None}


def _check_travelling(
    packs: list[history.PlannedPack], size: int, outlook: Outlook, eta: Eta | None, settings: SyncSettings
) -> Iterator[Check]:
    if not packs:
        return
    wait, until = _find_wait(packs, outlook.moment)
    values = {
        "packs": Packs(len(packs)),
        "size": Size(size),
        "time": Span(eta.seconds) if eta else Span(0),
        "until": Local(until),
    }
    hint = _AFTER_WAIT.get(wait, _NEXT_SYNC)
    if outlook.bytes_per_s is None:
        message = later("Still to come: %(packs)s (%(size)s).")
    elif eta is None:
        message = later("Still to come: %(packs)s (%(size)s), too much for this link.")
    else:
        message = later("Still to come: %(packs)s (%(size)s), in about %(time)s.")
    if outlook.bytes_per_s is not None and needs_stick(eta, settings.stick_days):
        hint = later("A stick is faster: ask the office to write one (`central usb`).")
    yield Check("coming", Level.NOTE, message, hint, values)


def _find_wait(packs: list[history.PlannedPack], moment: Moment) -> tuple[str, str]:
    """Return why all of these still wait, and until when; nothing where the next sync brings some of them."""
    if not all(pack.wait and pack.goes_on_at for pack in packs):
        return "", ""
    first = min(packs, key=lambda pack: pack.goes_on_at)
    local = datetime.fromisoformat(first.goes_on_at).astimezone().replace(tzinfo=None)
    is_over = moment.is_known and local <= moment.local
    return ("", "") if is_over else (first.wait, first.goes_on_at)


def _check_space(packs: tuple[history.PlannedPack, ...]) -> Iterator[Check]:
    names = ", ".join(pack.title or pack.pack for pack in packs if pack.action == "needs-space")
    if names:
        yield Check(
            "needs-space",
            Level.ATTENTION,
            later("There is no room for new versions of: %(packs)s."),
            later(
                "The old ones stay. The office can take another pack away, or assign these with "
                "`--when-full replace`; or put in a larger card."
            ),
            {"packs": names},
        )
    outage = ", ".join(pack.title or pack.pack for pack in packs if pack.action == "replace")
    if outage:
        yield Check(
            "replacing",
            Level.ATTENTION,
            later("These packs are being replaced and are missing until they are whole: %(packs)s."),
            _NEXT_SYNC,
            {"packs": outage},
        )


def _check_clock(settings: SyncSettings, moment: Moment) -> Iterator[Check]:
    """Say what becomes of quiet hours and budgets where nobody knows the time."""
    limits = settings.limits()
    if not moment.is_known and (limits.quiet_hours.spans or limits.day_bytes or limits.month_bytes):
        yield Check(
            "clock-limits",
            Level.ATTENTION,
            later(
                "Without the right time, quiet hours do not hold, and a day's budget is that of one start."
            ),
            later("Set the time."),
        )
