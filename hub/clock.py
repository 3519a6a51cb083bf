"""What time it is on a device without a clock: never earlier than the newest time that the office signed."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from content_packs.durable import write_durably
from content_packs.errors import local_error
from content_packs.owner import read_plain
from hub.uplink.limits import Moment

BUILT_AT = datetime(2026, 11, 1, tzinfo=UTC)  # no hub that runs this program lives before it
MAX_AHEAD = timedelta(days=5 * 365)  # of the floor; a clock that says later woke up in 2099
_BEHIND = timedelta(minutes=10)  # two good clocks, the office's and ours, may differ by that much
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
_FLOOR = "clock-floor"  # in the hub's trust folder, HubPaths.trust


def best_time(system: datetime, floor: datetime) -> datetime:
    """Return the system's time, or the floor where the system's clock cannot be right (DESIGN §4)."""
    return system if floor <= system <= floor + MAX_AHEAD else floor


def is_known(system: datetime, floor: datetime) -> bool:
    """Whether the system's clock may be right: then its day and hour may be believed."""
    return floor - _BEHIND <= system <= floor + MAX_AHEAD


def hub_now(trust_dir: Path) -> datetime:
    """Return the time, in UTC, as well as this hub can know it; reads the floor, writes nothing."""
    return best_time(datetime.now(UTC), read_floor(trust_dir))


def hub_moment(trust_dir: Path, system: datetime | None = None) -> Moment:
    """Return the hub's local time, and whether it may be believed; `system` is what the clock says."""
    said = system or datetime.now(UTC)
    floor = read_floor(trust_dir)
    local = best_time(said, floor).astimezone().replace(tzinfo=None)
    return Moment(local, is_known(said, floor))


def read_boot_id() -> str:
    """Return what the kernel calls this boot: the one span of time that is sure without a clock."""
    return _BOOT_ID.read_text(encoding="ascii").strip()


def read_floor(trust_dir: Path) -> datetime:
    """Return the earliest time that it can be; a missing or damaged file counts as none."""
    try:
        text = read_plain(floor_file(trust_dir)).decode("ascii")
    except (FileNotFoundError, UnicodeDecodeError):
        return BUILT_AT
    except OSError as error:
        raise local_error(error, "reading the clock's floor") from error
    return parse_floor(text)


def floor_file(trust_dir: Path) -> Path:
    """Return where the floor is kept."""
    return trust_dir / _FLOOR


def parse_floor(text: str) -> datetime:
    """Return the floor that such a file holds; a damaged one counts as none."""
    return max(BUILT_AT, _parse(text) or BUILT_AT)


def raise_floor(trust_dir: Path, signed_at: datetime) -> None:
    """Remember a time that verified metadata was signed at; an earlier one changes nothing."""
    if signed_at <= read_floor(trust_dir):
        return
    # Twice, so that a flipped bit is not believed: a floor in the far future would never come down.
    line = signed_at.astimezone(UTC).isoformat() + "\n"
    try:
        write_durably(floor_file(trust_dir), (line * 2).encode())
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
