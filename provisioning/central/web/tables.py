"""Tables for spreadsheets, as files to keep."""

from collections.abc import Iterable, Sequence

from flask import Response

from provisioning.central.fleetview.csvtext import Cell, csv_text


def csv_file(name: str, heads: Sequence[str], rows: Iterable[Sequence[Cell]]) -> Response:
    """Return a table as a file."""
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    text = csv_text(heads, rows, bom=True)
    return Response(text, content_type="text/csv; charset=utf-8", headers=headers)
