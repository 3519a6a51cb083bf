"""Long lists in pages."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """One page of a list."""

    rows: Sequence[T]
    number: int  # from 1
    count: int  # of pages
    total: int  # of rows


def page_of(rows: Sequence[T], number: str, size: int) -> Page[T]:
    """Return the page of that number, as an address has it; the nearest one where there is none."""
    count = max(1, -(-len(rows) // size))
    wanted = int(number) if number.isascii() and number.isdecimal() and len(number) < 7 else 1
    at = min(max(wanted, 1), count)
    return Page(rows[(at - 1) * size : at * size], at, count, len(rows))
