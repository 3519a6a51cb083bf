"""News: what leads a hub from the head that it has to the present one. docs/format/depot-v1.md §5.1.

The file is named after the hub's state, so asking for it is the question "is there anything new for me?",
and reading it the answer: nothing, or a few patches of the head. So a check costs no more bytes for a large
fleet than for a small one, and an update no round trip more than a check.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from content_packs.errors import BadDataError
from content_packs.head import STATE_DIGITS, pack_text, state_of, unpack_text

MAX_STEPS = 8
_FIRST_LINE = b"news 1\n"
_STEP = re.compile(rb"([0-9a-f]{%d}) (\d{1,7})\n" % STATE_DIGITS)


@dataclass(frozen=True, slots=True)
class NewsStep:
    """From one head to the next: `patch` is its text, packed with the text before as prefix."""

    to_state: str
    patch: bytes


def make_step(before: bytes, after: bytes) -> NewsStep:
    """Return the step from one head's text to another's."""
    return NewsStep(state_of(after), pack_text(after, prefix=before))


def encode_news(steps: Iterable[NewsStep]) -> bytes:
    """Return the file: no steps say that there is nothing new."""
    return _FIRST_LINE + b"".join(
        b"%s %d\n%s" % (step.to_state.encode(), len(step.patch), step.patch) for step in steps
    )


def decode_news(data: bytes) -> list[NewsStep]:
    """Return the steps of a file.

    Raises:
        BadDataError: damaged; the head itself is to be read instead. An empty file is damaged too: cards
            and disks make such of files that they lost, and this must not mean "nothing new".
    """
    if not data.startswith(_FIRST_LINE):
        raise BadDataError(f"news: expected {_FIRST_LINE!r}, got {data[:20]!r}")
    steps: list[NewsStep] = []
    at = len(_FIRST_LINE)
    while at < len(data):
        line = _STEP.match(data, at)
        end = line.end() + int(line[2]) if line else 0
        if line is None or end > len(data) or len(steps) == MAX_STEPS:
            raise BadDataError(f"news: damaged after step {len(steps)}")
        steps.append(NewsStep(line[1].decode(), data[line.end() : end]))
        at = end
    return steps


def follow(text: bytes, steps: Iterable[NewsStep]) -> bytes:
    """Return the text of the head that the steps lead to from `text`.

    Raises:
        BadDataError: damaged, or made for another head.
    """
    for step in steps:
        text = unpack_text(step.patch, prefix=text)
        if state_of(text) != step.to_state:
            raise BadDataError(f"news: expected head {step.to_state}, got {state_of(text)}")
    return text
