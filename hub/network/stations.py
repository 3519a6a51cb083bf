"""How many devices a radio carries. Whoever is refused cleanly tries again; a chip that is full halts.

Sources: field-notes/image.md §4.2. What is not in the table gets what Debian's firmware is planned for.
"""

from hub.network.facts import Interface

PLANNED = 7  # of a Pi's own radio with the firmware of Debian, until somebody measures more
_MEASURED = {  # (chip, version of the firmware): devices at a time
    ("43455", "7.45.241"): 19,  # the "minimal" build of November 2021, FWID 01-703fd60
    ("43430", "7.45.98.65"): 30,
    ("43430", "7.45.98.38"): 28,
}


def count_stations(radio: Interface) -> int:
    """Return how many devices may join at a time."""
    version = radio.firmware.split(" ")[0]
    return _MEASURED.get((radio.chip, version), PLANNED)
