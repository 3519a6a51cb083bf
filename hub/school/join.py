"""What a QR code says by which phones join the class's Wi-Fi; on labels and on pages. Pure."""

import re

_SPECIAL = re.compile(r'([\\;,":])')
_HEXADECIMAL = re.compile("([0-9A-Fa-f]{2})+")  # phones would read bytes


def join_text(ssid: str, password: str) -> str:
    """Return the text for a network, an open one without a password: ZXing's wiki, "Barcode Contents"."""
    if not password:
        return f"WIFI:T:nopass;S:{_quoted(ssid)};;"
    return f"WIFI:T:WPA;S:{_quoted(ssid)};P:{_quoted(password)};;"


def _quoted(text: str) -> str:
    escaped = _SPECIAL.sub(r"\\\1", text)
    return f'"{escaped}"' if _HEXADECIMAL.fullmatch(text) else escaped
