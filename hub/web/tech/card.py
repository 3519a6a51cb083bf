"""Whether this hub runs from the card: on another machine some pages have nobody who does what they ask."""

from functools import cache
from pathlib import Path

_COMMAND_LINE = Path("/proc/cmdline")
_OF_THE_CARD = "hub.slot="  # which root the card's own start chose


@cache
def is_card() -> bool:
    """Tell whether the card's own start began this machine."""
    try:
        return _OF_THE_CARD in _COMMAND_LINE.read_text(encoding="ascii", errors="replace")
    except OSError:
        return False
