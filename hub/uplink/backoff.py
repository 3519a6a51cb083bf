"""When to try again after a link failed: soon, then ever later, and never all hubs at the same moment."""

MIN_DELAY_S = 5.0  # an sshd that counts penalties forgets a failed attempt in that time: FAULTS 18
MAX_DELAY_S = 3600.0
_FIRST_DELAY_S = 10.0


def next_delay_s(failures: int, chance: float) -> float:
    """Return how long to wait after the `failures`th failure in a row without progress, counted from 1.

    `chance` is a random number from 0 to 1: fifty hubs behind one address that lost the same link must not
    come back together. What the link brought meanwhile sets `failures` back to 1.
    """
    longest = min(MAX_DELAY_S, _FIRST_DELAY_S * 2.0 ** min(failures - 1, 20))
    return MIN_DELAY_S + chance * (longest - MIN_DELAY_S)
