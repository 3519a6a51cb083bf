"""The stylesheet, the icons and the mark: read once, under names that hold their hash, kept for a year."""

import gzip
import hashlib
from dataclasses import dataclass
from pathlib import Path

from flask import Blueprint, Response, abort, request

from hub.web.media_types import content_type

bp = Blueprint("assets", __name__)
_FOLDER = Path(__file__).parent / "static"
_YEAR_S = 365 * 24 * 3600
_HASH_DIGITS = 10


@dataclass(frozen=True, slots=True)
class Asset:
    """One file of static/, and its gzip form where that is smaller."""

    name: str  # with the hash: portal.1f2e3d4c5b.css
    data: bytes
    gzipped: bytes
    content_type: str
    digest: str  # SHA-256 of the data, in hexadecimal


def _read(path: Path) -> Asset:
    data = path.read_bytes()
    digest = hashlib.sha256(data).hexdigest()
    packed = gzip.compress(data, 9, mtime=0)
    name = f"{path.stem}.{digest[:_HASH_DIGITS]}{path.suffix}"
    return Asset(name, data, packed, content_type(path.name), digest)


_ASSETS = {path.name: _read(path) for path in sorted(_FOLDER.iterdir()) if path.is_file()}
_BY_HASHED_NAME = {asset.name: asset for asset in _ASSETS.values()}


def list_assets() -> tuple[Asset, ...]:
    """Return every file of static/."""
    return tuple(_ASSETS.values())


def asset_url(name: str) -> str:
    """Return the address of a file of static/; it changes whenever the file does."""
    return f"/static/{_ASSETS[name].name}"


@bp.get("/static/<name>")
def send(name: str) -> Response:
    """One asset, for a year."""
    asset = _BY_HASHED_NAME.get(name)
    if asset is None:
        abort(404)
    response = _response(asset)
    response.headers["Cache-Control"] = f"public, max-age={_YEAR_S}"
    return response


@bp.get("/favicon.ico")
def favicon() -> Response:
    """The mark, where browsers ask for it unasked."""
    response = _response(_ASSETS["favicon.png"])
    response.headers["Cache-Control"] = "public, max-age=86400"
    return response


def _response(asset: Asset) -> Response:
    packed = len(asset.gzipped) < len(asset.data) and "gzip" in request.headers.get("Accept-Encoding", "")
    response = Response(asset.gzipped if packed else asset.data, content_type=asset.content_type)
    response.headers["Vary"] = "Accept-Encoding"
    if packed:
        response.headers["Content-Encoding"] = "gzip"
    return response
