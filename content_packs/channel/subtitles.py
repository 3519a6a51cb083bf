"""Subtitles beside a video: `name.uk.vtt` or `name.srt`. Kolibri plays WebVTT, so SubRip becomes it."""

import re
from pathlib import Path

_TIME_COMMA = re.compile(r"(\d\d:\d\d:\d\d),(\d{3})")
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*")


def read_subtitles(path: Path) -> tuple[bytes, str]:
    """Return a subtitle file as WebVTT, and an empty text, or no bytes and what is wrong with it."""
    data = path.read_bytes()
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        if path.suffix.lower() == ".vtt":
            return b"", "not UTF-8, as WebVTT must be"
        text = data.decode("cp1251", errors="replace")  # what Ukrainian SubRip files of old are in
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if path.suffix.lower() == ".vtt":
        return (data, "") if text.startswith("WEBVTT") else (b"", "not WebVTT: it does not begin with WEBVTT")
    if "-->" not in text:
        return b"", "not SubRip: no line with -->"
    return ("WEBVTT\n\n" + _TIME_COMMA.sub(r"\1.\2", text).strip() + "\n").encode(), ""


def split_language(stem: str, default: str) -> tuple[str, str]:
    """Return the name of the video and the language of a subtitle file called `stem`."""
    name, dot, tag = stem.rpartition(".")
    return (name, tag) if dot and _LANGUAGE.fullmatch(tag) else (stem, default)
