"""What time it is on a device without a clock: never earlier than the newest time that the office signed."""

from datetime import UTC, datetime
from pathlib import Path

from content_packs.durable import write_durably
from content_packs.errors import local_error

BUILT_AT = datetime(2026, 11, 1, tzinfo=UTC)  # no hub that runs this program lives before it
_FLOOR = "clock-floor"  # in the hub's trust folder, HubPaths.trust


def later_of(system: datetime, floor: datetime) -> datetime:
    """Return the system's time, or the floor where the system's clock is behind it (DESIGN §4)."""
    return max(system, floor)


def hub_now(trust_dir: Path) -> datetime:
    """Return the time, in UTC, as well as this hub can know it; reads the floor, writes nothing."""
    return later_of(datetime.now(UTC), read_floor(trust_dir))


def read_floor(trust_dir: Path) -> datetime:
    """Return the earliest time that it can be; a missing or damaged file counts as none."""
    try:
        text = (trust_dir / _FLOOR).read_text(encoding="ascii")
    except (FileNotFoundError, UnicodeDecodeError):
        return BUILT_AT
    except OSError as error:
        raise local_error(error, "reading the clock's floor") from error
    return later_of(BUILT_AT, _parse(text) or BUILT_AT)


def raise_floor(trust_dir: Path, signed_at: datetime) -> None:
    """Remember a time that verified metadata was signed at; an earlier one changes nothing."""
    if signed_at <= read_floor(trust_dir):
        return
    # Twice, so that a flipped bit is not believed: a floor in the far future would never come down.
    line = signed_at.astimezone(UTC).isoformat() + "\n"
    try:
        write_durably(trust_dir / _FLOOR, (line * 2).encode())
    except OSError as error:
        raise local_error(error, "writing the clock's floor") from error


def _parse(text: str) -> datetime | None:
    lines = text.splitlines()
    if len(lines) != 2 or lines[0] != lines[1]:
        return None
    try:
        parsed = datetime.fromisoformat(lines[0])
    except ValueError:
        return None
    return parsed if parsed.tzinfo is not None else None
