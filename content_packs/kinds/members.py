"""Checks members of a pack's `details`: the tables of docs/format/pack-v1.md §7, as data."""

import reprlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from content_packs import names
from content_packs.depot import MAX_VERSION

MAX_COUNT = 2**53 - 1  # beyond it, JSON readers differ


@dataclass(frozen=True, slots=True)
class Member:
    """One row of a table; a reader takes a default where an optional member is missing."""

    expected: str
    is_right: Callable[[object], bool]
    optional: bool = False


def text(longest: int, *, shortest: int = 0, optional: bool = False) -> Member:
    """Return the row of a text of `shortest` to `longest` characters."""
    return Member(
        f"text of {shortest} to {longest} characters",
        lambda value: isinstance(value, str) and shortest <= len(value) <= longest,
        optional,
    )


def one_of(allowed: frozenset[str]) -> Member:
    """Return the row of a text that is one of these."""
    words = f"one of {', '.join(sorted(allowed))}"
    return Member(words, lambda value: isinstance(value, str) and value in allowed)


def number(*, least: int = 0, most: int = MAX_COUNT, optional: bool = False) -> Member:
    """Return the row of a whole number."""
    return Member(
        f"a whole number from {least} to {most}",
        lambda value: isinstance(value, int) and not isinstance(value, bool) and least <= value <= most,
        optional,
    )


VERSION = number(most=MAX_VERSION)
FLAG = Member("true or false", lambda value: isinstance(value, bool))
PATH = Member("a path in the pack", lambda value: isinstance(value, str) and not names.check_path(value))


def check_members(values: object, members: Mapping[str, Member], where: str = "") -> Iterator[str]:
    """Yield what is wrong with one object, in words that begin with `where`; other members are ignored."""
    if not isinstance(values, dict):
        yield f"{where}expected an object, got {reprlib.repr(values)}"
        return
    for name, member in members.items():
        if name not in values:
            if not member.optional:
                yield f"{where}{name} is missing"
        elif not member.is_right(values[name]):
            yield f"{where}{name}: expected {member.expected}, got {reprlib.repr(values[name])}"


def check_list(
    values: Mapping[str, Any], name: str, members: Mapping[str, Member], *, longest: int, where: str = ""
) -> Iterator[str]:
    """Yield what is wrong with the list `name` of objects."""
    listed = values.get(name)
    if not isinstance(listed, list) or len(listed) > longest:
        yield f"{where}{name}: expected a list of at most {longest}, got {reprlib.repr(listed)}"
        return
    for place, entry in enumerate(listed):
        yield from check_members(entry, members, f"{where}{name}[{place}]: ")
