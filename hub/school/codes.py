"""Codes that a person reads from paper and types: of signs that look like no other."""

import re
import secrets

SIGNS = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"  # 32, so 5 bits each: no I, O, 0, 1
LABEL_PATTERN = "[A-HJ-NP-Z2-9]{4}-[A-HJ-NP-Z2-9]{4}"  # to Python and to JavaScript; 40 bits
EXAMPLE = "K7RM-4XQ9"
_GROUP = 4
_ALIKE = str.maketrans("АВЕКМНРСТХУ", "ABEKMHPCTXY")  # Cyrillic, Latin


def make_label_code() -> str:
    """Return a new code for a hub's label."""
    return group_signs("".join(secrets.choice(SIGNS) for _ in range(2 * _GROUP)))


def is_label_code(text: str) -> bool:
    """Whether this is a code as it stands on a label."""
    return re.fullmatch(LABEL_PATTERN, text) is not None


def group_signs(signs: str) -> str:
    """Return signs in fours, as people read them."""
    return "-".join(signs[start : start + _GROUP] for start in range(0, len(signs), _GROUP))


def plain_code(text: str) -> str:
    """Return the signs of a code alone, however somebody types it, on a Ukrainian keyboard too."""
    return "".join(filter(str.isalnum, text.upper())).translate(_ALIKE)
