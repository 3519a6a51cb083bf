"""Codes and passwords that a person reads from paper and types."""

import secrets

SIGNS = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"  # none that look alike
_SMALL = "abcdefghjkmnpqrstuvwxyz23456789"


def make_label_code() -> str:
    """Return a code such as K7RM-4XQ9: 40 bits."""
    return "-".join("".join(secrets.choice(SIGNS) for _ in range(4)) for _ in range(2))


def make_wifi_password() -> str:
    """Return a password that a class can type: twelve small letters and digits, 59 bits."""
    return "-".join("".join(secrets.choice(_SMALL) for _ in range(4)) for _ in range(3))
