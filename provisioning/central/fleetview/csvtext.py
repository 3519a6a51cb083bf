"""Tables as CSV that a spreadsheet opens and does not obey: a name that begins with `=` stays a name."""

import csv
import io
import re
from collections.abc import Iterable, Sequence

BOM = "\ufeff"  # by which Excel knows UTF-8; a program that reads the table needs none
Cell = str | int | float | None
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "|", "%")  # OWASP, CSV injection; and what DDE begins with
# Spreadsheets of half of Europe begin a cell at each semicolon.
_AFTER_SEMICOLON = re.compile(r"(;\s*)(?=[=+\-@|%])")


def csv_text(header: Sequence[str], rows: Iterable[Sequence[Cell]], *, bom: bool = False) -> str:
    """Return a table as CSV by RFC 4180; with `bom` for a person's spreadsheet."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(header)
    writer.writerows([_cell(cell) for cell in row] for row in rows)
    return (BOM if bom else "") + out.getvalue()


def _cell(cell: Cell) -> Cell:
    """Return a cell; a text that a spreadsheet would run gets an apostrophe, which it does not show."""
    if not isinstance(cell, str):
        return cell
    text = "".join(c if c.isprintable() else " " for c in cell)
    text = _AFTER_SEMICOLON.sub(r"\1'", text)
    is_formula = cell.startswith(_FORMULA) or text.lstrip(" ").startswith(_FORMULA)
    return f"'{text}" if is_formula else text
