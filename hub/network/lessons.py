"""What time it is for the filter: the hub's clock rules, as root may read them in the portal's folder."""

import os
import stat
from datetime import UTC, datetime

from hub.clock import best_time, floor_file, is_known, parse_floor
from hub.settings import HubPaths
from hub.uplink.limits import Moment

_MAX_BYTES = 200


def class_moment(hub: HubPaths, system: datetime | None = None) -> Moment:
    """Return the school's local time, and whether it may be believed.

    What is no plain file counts as no floor: nothing that lies there may keep root's watcher waiting.
    """
    said = system or datetime.now(UTC)
    floor = parse_floor(_read(hub))
    return Moment(best_time(said, floor).astimezone().replace(tzinfo=None), is_known(said, floor))


def _read(hub: HubPaths) -> str:
    try:
        descriptor = os.open(floor_file(hub.trust), os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        with os.fdopen(descriptor, "rb") as file:
            is_file = stat.S_ISREG(os.fstat(descriptor).st_mode)
            return file.read(_MAX_BYTES).decode("ascii", "replace") if is_file else ""
    except OSError:
        return ""
