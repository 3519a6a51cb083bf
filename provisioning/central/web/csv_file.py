"""Tables for spreadsheets: a cell never becomes a formula, whatever a school or a pack is called."""

import csv
import io
from collections.abc import Iterable, Sequence

from flask import Response

_BOM = "\ufeff"  # Excel takes a file without it for another alphabet
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def csv_file(name: str, heads: Sequence[str], rows: Iterable[Sequence[object]]) -> Response:
    """Return a table as a file to keep."""
    out = io.StringIO()
    out.write(_BOM)
    writer = csv.writer(out)
    writer.writerow(heads)
    writer.writerows([plain(cell) for cell in row] for row in rows)
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(out.getvalue(), content_type="text/csv; charset=utf-8", headers=headers)


def plain(cell: object) -> object:
    """Return a cell that a spreadsheet shows and does not calculate."""
    if not isinstance(cell, str):
        return "" if cell is None else cell
    return f"'{cell}" if cell.lstrip().startswith(_FORMULA) else cell
