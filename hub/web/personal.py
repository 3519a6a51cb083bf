"""Whether the answer to this request is for its sender alone: then nothing keeps it, here or on the way."""

from flask import g


def make_personal() -> None:
    """Note that the answer depends on who asks."""
    g.is_personal = True


def is_personal() -> bool:
    """Tell whether it does."""
    return g.get("is_personal", False) is True
