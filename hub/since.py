"""Since when a check of the status is as it is: `since.json`, written when a level changes. Pages show it."""

import json
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime

from content_packs.durable import write_durably
from content_packs.errors import local_error
from hub.settings import HubPaths

_NAME = "since.json"


def keep(paths: HubPaths, levels: Mapping[str, str], *, now: datetime) -> dict[str, datetime]:
    """Return since when each code of `levels` has its level; one that was not known or has changed: `now`.

    A code that is not in `levels` any more is forgotten. A damaged file counts as none.

    Raises:
        LocalError: the disk refuses to keep what changed.
    """
    known = _read(paths)
    found = {code: known.get((code, level), now) for code, level in levels.items()}
    if {(code, level): found[code] for code, level in levels.items()} != known:
        lines = {code: [level, found[code].isoformat(timespec="seconds")] for code, level in levels.items()}
        try:
            write_durably(paths.dir / _NAME, json.dumps(lines).encode())
        except OSError as error:
            raise local_error(error, f"writing {paths.dir / _NAME}") from error
    return found


def _read(paths: HubPaths) -> dict[tuple[str, str], datetime]:
    known = {}
    with suppress(OSError, ValueError, TypeError, AttributeError):
        for code, (level, at) in json.loads((paths.dir / _NAME).read_bytes()).items():
            moment = datetime.fromisoformat(at)
            if moment.tzinfo is not None:
                known[str(code), str(level)] = moment
    return known
