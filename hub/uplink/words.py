"""How long it takes, in English: for the terminal. Pages translate from the numbers."""

from collections.abc import Mapping

from content_packs.console import size_text
from hub.uplink.eta import Eta, Outlook
from hub.uplink.limits import Limits, Wait, WaitCode

STICK_HINT = "take a stick: `central usb` in the office, `hub sync --from` here"
_MINUTE, _HOUR, _DAY = 60, 3600, 86400
_MOMENT = "less than a minute"


def span_text(seconds: float) -> str:
    """Return a duration in its two largest units: `2 days 3 h`, `5 min`."""
    minutes = round(seconds / _MINUTE)
    days, rest = divmod(minutes, _DAY // _MINUTE)
    hours, minutes = divmod(rest, _HOUR // _MINUTE)
    if days >= 10:
        return f"{days} days"
    parts = [f"{days} day{'s' if days > 1 else ''}"] if days else []
    parts += [f"{hours} h"] if hours else []
    parts += [f"{minutes} min"] if minutes and not days else []
    return " ".join(parts) or _MOMENT


def speed_text(bytes_per_s: float) -> str:
    """Return a speed as those who sell links write it."""
    kbit_s = bytes_per_s * 8 / 1000
    if kbit_s < 1000:
        return f"{kbit_s:.0f} kbit/s"
    size, unit = (1000, "Mbit/s") if kbit_s < 1_000_000 else (1_000_000, "Gbit/s")
    return f"{kbit_s / size:.{0 if kbit_s >= 100 * size else 1}f} {unit}"


def eta_text(size_bytes: int, outlook: Outlook | None, *, stick_days: int) -> str:
    """Return when so many bytes are here, what makes it longer, and whether a stick is the better road."""
    if outlook is None or not size_bytes or not outlook.bytes_per_s:
        return ""
    eta = outlook.eta(size_bytes)
    link_s = size_bytes / outlook.bytes_per_s
    span = span_text(link_s)
    about = "" if span == _MOMENT else "about "
    text = f"{about}{span} at {speed_text(outlook.bytes_per_s)}"
    if eta is None:
        return f"{text}; {_cause(outlook.limits)}: more than ten years; {STICK_HINT}"
    if eta.limited_by:
        text += f"; {_cause(outlook.limits)}: {span_text(eta.seconds)}"
    return f"{text}; {STICK_HINT}" if needs_stick(eta, stick_days) else text


_WAITS: Mapping[WaitCode, str] = {
    "quiet-hours": "quiet hours",
    "session-budget": "this sync's budget is used up",
    "day-budget": "today's budget is used up",
    "month-budget": "this month's budget is used up",
}


def wait_text(wait: Wait | None) -> str:
    """Return why content waits and when it goes on; nothing where it does not wait."""
    if wait is None:
        return ""
    when = "with the next sync" if wait.until is None else f"{wait.until:%Y-%m-%d %H:%M}"
    whose = ", as the office said for this pack" if wait.by_office else ""
    return f"{_WAITS[wait.code]}{whose}; goes on {when}"


def needs_stick(eta: Eta | None, stick_days: int) -> bool:
    """Whether it takes so long that somebody should carry it; no end in sight counts so."""
    return eta is None or eta.days > stick_days


def _cause(limits: Limits) -> str:
    """Return what the settings limit."""
    budgets = (
        (limits.session_bytes, "a sync"),
        (limits.day_bytes, "a day"),
        (limits.month_bytes, "a month"),
    )
    causes = [f"{size_text(size)} {per}" for size, per in budgets if size]
    causes += ["quiet hours"] if limits.quiet_hours.spans else []
    return f"with {', '.join(causes)}"
