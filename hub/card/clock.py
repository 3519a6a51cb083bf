"""What time it was on this card: kept every ten minutes and at shutdown, and never gone behind at a start.

The initramfs reads the same file (handover.sh, `kept_time`), so that even the first log line has a date.
"""

import time
from datetime import UTC, datetime
from pathlib import Path

from content_packs.durable import write_durably
from content_packs.errors import local_error
from hub.card.places import CardPlaces
from hub.clock import best_time, read_floor

CARD_DIR = CardPlaces().card
_CLOCK = "clock"
_SANE = 10**13  # seconds; the shell does not read more digits


def read_kept(card_dir: Path) -> datetime | None:
    """Return the time that was kept last; None where there is none, or the two copies of it differ."""
    try:
        lines = (card_dir / _CLOCK).read_text(encoding="ascii").splitlines()
    except (FileNotFoundError, UnicodeDecodeError):
        return None
    except OSError as error:
        raise local_error(error, "reading the kept clock") from error
    if len(lines) != 2 or lines[0] != lines[1] or not lines[0].isdigit() or int(lines[0]) >= _SANE:
        return None
    try:
        return datetime.fromtimestamp(int(lines[0]), UTC)
    except (OverflowError, ValueError):
        return None


def keep_time(card_dir: Path, trust_dir: Path, *, now: datetime) -> datetime:
    """Keep the time for the next start and return it.

    An earlier one than was kept before is kept too: somebody set a clock right that was ahead. What cannot be
    the time, such as 2099, leaves what was kept.
    """
    floor = read_floor(trust_dir)
    kept = best_time(now, floor)
    if kept != now:
        kept = best_time(read_kept(card_dir) or floor, floor)
    line = f"{int(kept.timestamp())}\n"
    try:
        # Twice, so that a flipped bit is not believed.
        write_durably(card_dir / _CLOCK, (line * 2).encode())
    except OSError as error:
        raise local_error(error, "keeping the clock") from error
    return kept


def time_to_set(card_dir: Path, trust_dir: Path, *, now: datetime) -> datetime | None:
    """Return what the clock has to be set to, or None where it can be right: never behind what is known."""
    floor = max(read_floor(trust_dir), read_kept(card_dir) or read_floor(trust_dir))
    known = best_time(now, floor)
    return None if known == now else known


def set_clock(at: datetime) -> None:
    """Set this machine's clock.

    Raises:
        LocalError: this account may not.
    """
    try:
        time.clock_settime(time.CLOCK_REALTIME, at.timestamp())
    except OSError as error:
        raise local_error(error, f"setting the clock to {at.isoformat(timespec='seconds')}") from error
