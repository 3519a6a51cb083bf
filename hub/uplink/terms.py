"""What the office says of how one pack travels, beside hub.toml, which says it of all: the tighter holds."""

from dataclasses import replace

from hub.uplink.limits import Allowance, Limits, Moment, Spent, allow
from hub.uplink.quiet_hours import QuietHours, parse_quiet_hours

_MB = 1_000_000


def read_terms(quiet_hours: str, day_mb: int, own: QuietHours) -> tuple[Limits, str]:
    """Return the limits of one pack, and what cannot be used of them; such a value counts as not said.

    `own` are the quiet hours of hub.toml, which hold for every pack. `quiet_hours` and `day_mb` come from
    whoever signs assignments: nothing in them may keep a pack away for ever.
    """
    try:
        said = parse_quiet_hours(quiet_hours)
    except ValueError as error:
        return Limits(day_bytes=day_mb * _MB), f"quiet hours {quiet_hours!r:.80}: expected {error}"
    both = said.joined(own)
    if said.spans and both.leaves_nothing:
        warning = f"quiet hours {quiet_hours!r:.80}: with those of this hub they leave nothing of the day"
        return Limits(day_bytes=day_mb * _MB), warning
    return Limits(both if said.spans else QuietHours(), day_bytes=day_mb * _MB), ""


def allow_pack(limits: Limits, spent_bytes: int, moment: Moment) -> Allowance:
    """Return what of one pack may travel now; `spent_bytes` are those of it that came today."""
    found = allow(limits, Spent(day_bytes=spent_bytes), moment)
    wait = None if found.wait is None else replace(found.wait, by_office=True)
    return replace(found, wait=wait)
