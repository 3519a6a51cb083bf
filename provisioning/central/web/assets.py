"""The stylesheet, the icons and the mark: read once, under names that hold their hash, kept for a year."""

import hashlib
from pathlib import Path

from flask import Blueprint, Response, abort

bp = Blueprint("assets", __name__)
_FOLDER = Path(__file__).parent / "static"
_TYPES = {".css": "text/css; charset=utf-8", ".svg": "image/svg+xml", ".png": "image/png"}
_YEAR_S = 365 * 24 * 3600
_HASH_DIGITS = 10


def _hashed(path: Path) -> str:
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return f"{path.stem}.{digest[:_HASH_DIGITS]}{path.suffix}"


_FILES = {path.name: path for path in sorted(_FOLDER.iterdir()) if path.suffix in _TYPES}
_NAMES = {name: _hashed(path) for name, path in _FILES.items()}
_DATA = {_NAMES[name]: path.read_bytes() for name, path in _FILES.items()}


def asset_url(name: str) -> str:
    """Return the address of a file of static/; it changes whenever the file does."""
    return f"/static/{_NAMES[name]}"


@bp.get("/static/<name>")
def send(name: str) -> Response:
    """One file, for a year."""
    if name not in _DATA:
        abort(404)
    response = Response(_DATA[name], content_type=_TYPES[Path(name).suffix])
    response.headers["Cache-Control"] = f"public, max-age={_YEAR_S}, immutable"
    return response


@bp.get("/favicon.ico")
def favicon() -> Response:
    """The mark, where browsers ask for it unasked."""
    return send(_NAMES["favicon.png"])
