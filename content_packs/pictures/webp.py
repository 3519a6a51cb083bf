"""The size of a WebP picture, from its first bytes (RFC 9649 §2)."""

from pathlib import Path

_HEADER_BYTES = 30


def read_webp_size(path: Path) -> tuple[int, int] | None:
    """Return width and height in pixels; None where there is no such file, or it is no WebP."""
    try:
        with path.open("rb") as file:
            head = file.read(_HEADER_BYTES)
    except OSError:
        return None
    if len(head) < _HEADER_BYTES or head[:4] != b"RIFF" or head[8:12] != b"WEBP":
        return None
    match head[12:16]:
        case b"VP8 " if head[23:26] == b"\x9d\x01\x2a":
            return _little(head[26:28]) & 0x3FFF, _little(head[28:30]) & 0x3FFF
        case b"VP8L" if head[20] == 0x2F:
            bits = _little(head[21:25])
            return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
        case b"VP8X":
            return _little(head[24:27]) + 1, _little(head[27:30]) + 1
    return None


def _little(data: bytes) -> int:
    return int.from_bytes(data, "little")
