"""What a file is, from its name alone: the same on every machine, whatever /etc/mime.types says."""

import mimetypes
from functools import lru_cache

_OURS = {
    ".js": "text/javascript",
    ".mjs": "text/javascript",
    ".json": "application/json",
    ".wasm": "application/wasm",
    ".vtt": "text/vtt",
    ".srt": "application/x-subrip",
    ".epub": "application/epub+zip",
    ".md": "text/markdown",
    ".markdown": "text/markdown",
    ".csv": "text/csv",
    ".xhtml": "application/xhtml+xml",
    ".xml": "application/xml",
    ".svg": "image/svg+xml",
    ".webp": "image/webp",
    ".avif": "image/avif",
    ".ico": "image/x-icon",
    ".woff": "font/woff",
    ".woff2": "font/woff2",
    ".ttf": "font/ttf",
    ".otf": "font/otf",
    ".mp4": "video/mp4",
    ".m4v": "video/mp4",
    ".webm": "video/webm",
    ".ogv": "video/ogg",
    ".m4a": "audio/mp4",
    ".mp3": "audio/mpeg",
    ".ogg": "audio/ogg",
    ".oga": "audio/ogg",
    ".opus": "audio/ogg",
    ".wav": "audio/wav",
    ".flac": "audio/flac",
    ".zim": "application/octet-stream",
    ".apk": "application/vnd.android.package-archive",
}
_TABLE = mimetypes.MimeTypes(filenames=())
_UTF8 = ("application/json", "application/xml", "application/xhtml+xml", "image/svg+xml")


def media_type(path: str) -> str:
    """Return the media type without parameters; application/octet-stream where the name tells nothing."""
    name = path.rstrip("/").rpartition("/")[2]
    dot = name.rfind(".")
    return _of_suffix(name[dot:].lower() if 0 < dot < len(name) - 1 else "")


@lru_cache(maxsize=128)  # a pack has few; asked for with every file of it
def _of_suffix(suffix: str) -> str:
    known = _OURS.get(suffix)
    if known is not None:
        return known
    guessed, encoding = _TABLE.guess_type("x" + suffix)
    return guessed if guessed and not encoding else "application/octet-stream"


def list_types() -> dict[str, str]:
    """Return the Content-Type of every suffix that says more than application/octet-stream."""
    suffixes = {*_OURS, *_TABLE.types_map[True], *_TABLE.types_map[False]}
    found = {suffix: content_type(f"x{suffix}") for suffix in suffixes if suffix.isascii()}
    return {suffix: kind for suffix, kind in found.items() if kind != "application/octet-stream"}


def content_type(path: str) -> str:
    """Return the Content-Type header: text is UTF-8."""
    kind = media_type(path)
    return f"{kind}; charset=utf-8" if kind.startswith("text/") or kind in _UTF8 else kind
