"""How long somebody who gives wrong passwords has to wait. Pure; time is an argument.

Times are seconds since this machine was switched on (CLOCK_BOOTTIME): a hub's clock may be set at any
moment. What was counted before a restart is counted on as if it had happened when the machine came up, so
that pulling the plug gains nobody anything.
"""

from dataclasses import dataclass

FREE_MISSES = 5  # a person mistypes; portal.md §2.5
FIRST_WAIT_S = 30.0
MOST_WAIT_S = 900.0  # a lesson goes on while somebody else's guesses wait
FORGET_AFTER_S = 12 * 3600.0


@dataclass(frozen=True, slots=True)
class Misses:
    """Wrong passwords in a row for one account or from one address."""

    count: int = 0
    last_at_s: float = 0.0
    boot_id: str = ""  # of the boot that `last_at_s` belongs to


def wait_s(count: int) -> float:
    """Return how long nothing is accepted after `count` misses in a row: doubled with each, up to a limit."""
    if count < FREE_MISSES:
        return 0.0
    doublings = min(count - FREE_MISSES, 16)  # a larger power is over the limit anyway
    return min(FIRST_WAIT_S * 2.0**doublings, MOST_WAIT_S)


def wait_left_s(misses: Misses, *, now_s: float, boot_id: str) -> float:
    """Return how many seconds are left to wait; 0: try."""
    return max(0.0, wait_s(misses.count) - _since(misses, now_s, boot_id))


def missed(misses: Misses, *, now_s: float, boot_id: str) -> Misses:
    """Return what is known after one more miss; old ones are forgotten."""
    before = 0 if _since(misses, now_s, boot_id) >= FORGET_AFTER_S else misses.count
    return Misses(before + 1, now_s, boot_id)


def _since(misses: Misses, now_s: float, boot_id: str) -> float:
    return now_s - (misses.last_at_s if misses.boot_id == boot_id else 0.0)
