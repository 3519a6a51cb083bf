"""Long lists in pages: `?page=2`, never an endless scroll."""

from dataclasses import dataclass

from flask import abort, request

_MAX_DIGITS = 6


@dataclass(frozen=True, slots=True)
class Paging:
    """Page `number` of `count`, both from 1."""

    number: int
    count: int
    size: int

    @property
    def slice(self) -> slice:
        """The part of the list that is on this page."""
        return slice((self.number - 1) * self.size, self.number * self.size)

    @property
    def offset(self) -> int:
        """How many entries come before this page."""
        return (self.number - 1) * self.size


def page_of(total: int, size: int) -> Paging:
    """Return the page that the address asks for; status 404 where the list of `total` has no such page."""
    paging = Paging(asked_page(), max(1, -(-total // size)), size)
    if paging.number > paging.count:
        abort(404)
    return paging


def asked_page() -> int:
    """Return the page number in the address; status 404 where it is none."""
    text = request.args.get("page", "1")
    number = int(text) if text.isascii() and text.isdigit() and len(text) <= _MAX_DIGITS else 0
    return number or abort(404)
