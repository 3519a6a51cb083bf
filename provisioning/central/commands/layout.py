"""Lines and tables as wide as the terminal: a phone has some 60 columns. What is piped is not folded."""

import os
import sys
import textwrap
from collections.abc import Iterable, Iterator, Sequence

import click

_NARROWEST = 20
_NO_BREAK = "\u00a0"


def find_width() -> int | None:
    """Return how many columns there are: as $COLUMNS says, else the terminal; None: no limit."""
    said = os.environ.get("COLUMNS", "")
    if said.isdecimal() and int(said) >= _NARROWEST:
        return int(said)
    if not sys.stdout.isatty():
        return None
    return max(_NARROWEST, os.get_terminal_size(sys.stdout.fileno()).columns)


def say(lines: Iterable[str], width: int | None = None) -> None:
    """Print lines; one that is too long goes on below, further in."""
    width = width or find_width()
    for line in lines:
        for part in fold(line, width):
            click.echo(part)


def fold(line: str, width: int | None) -> list[str]:
    """Return a line in parts of at most `width` columns; a longer word stays whole, to be copied. Pure."""
    if width is None or len(line) <= width:
        return [line]
    indent = " " * (len(line) - len(line.lstrip()))
    return textwrap.wrap(
        line.strip(),
        width,
        initial_indent=indent,
        subsequent_indent=indent + "  ",
        break_long_words=False,
        break_on_hyphens=False,
    )


def table(rows: Sequence[Sequence[str]], width: int | None = None) -> Iterator[str]:
    """Yield a table, the first row being its heads: columns below each other, or where they do not fit a
    line for each row's first cell and the others below it by name.
    """
    width = width or find_width()
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    if width is None or sum(widths) + 2 * (len(widths) - 1) <= width:
        for row in rows:
            yield "  ".join(cell.ljust(room) for cell, room in zip(row, widths, strict=True)).rstrip()
        return
    heads, *others = rows
    for row in others:
        yield from fold(row[0], width)
        pairs = zip(heads[1:], row[1:], strict=True)
        told = " ·\n".join(f"{head.lower()} {cell}" for head, cell in pairs if cell != "-")
        together = told.replace(" ", _NO_BREAK).replace("\n", " ")
        yield from (part.replace(_NO_BREAK, " ") for part in fold(f"  {together}", width))
