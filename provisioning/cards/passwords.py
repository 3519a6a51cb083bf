"""Passwords that the office makes for a class."""

import secrets

_SIGNS = "abcdefghjkmnpqrstuvwxyz23456789"  # none that look alike


def make_wifi_password() -> str:
    """Return a password that a class can type: twelve small letters and digits, 59 bits."""
    return "-".join("".join(secrets.choice(_SIGNS) for _ in range(4)) for _ in range(3))
