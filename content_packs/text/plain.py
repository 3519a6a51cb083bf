"""Plain text: which encoding it is in, white space, subtitles."""

import codecs
import re

_BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_FALLBACK = "windows-1251"  # what old Ukrainian pages without a declaration are in
_DECLARED = re.compile(
    rb"""<meta[^>]{0,200}?charset\s*=\s*["']?([\w.:-]{1,40})|<\?xml[^>]{0,100}?encoding=["']([\w.:-]{1,40})""",
    re.IGNORECASE,
)
_DECLARED_WITHIN = 4096  # bytes; HTML asks for the first 1024
_KNOWN = re.compile(r"utf-8|utf-16(-[lb]e)?|cp125\d|iso8859-\d+|koi8-[ru]|mac-cyrillic|cp866|ascii")
_WHITE = re.compile(r"\s+")
_TAG = re.compile(r"<[^<>]{0,200}>")


def decode(data: bytes) -> str:
    """Return bytes as text: by byte order mark, as UTF-8, as HTML or XML declares, else as Windows-1251."""
    for mark, encoding in _BOMS:
        if data.startswith(mark):
            return data[len(mark) :].decode(encoding, "replace")
    try:
        return codecs.utf_8_decode(data, "strict", False)[0]  # the last letter may be cut in two
    except UnicodeDecodeError:
        return data.decode(_declared(data) or _FALLBACK, "replace")


def _declared(data: bytes) -> str | None:
    if not (found := _DECLARED.search(data, 0, _DECLARED_WITHIN)):
        return None
    try:
        name = codecs.lookup((found[1] or found[2]).decode("ascii", "replace")).name
    except LookupError:
        return None
    return name if _KNOWN.fullmatch(name) else None


def is_utf8(data: bytes) -> bool:
    """Tell whether a browser that is told UTF-8 shows these bytes as they were meant."""
    try:
        codecs.utf_8_decode(data, "strict", False)
    except UnicodeDecodeError:
        return False
    return True


def collapse(text: str) -> str:
    """Return text with every run of white space made one space."""
    return _WHITE.sub(" ", text).strip()


def read_subtitles(data: bytes) -> str:
    """Return what is said in a WebVTT or SubRip file, without times, numbers and tags."""
    cues = re.split(r"\n\s*\n", decode(data).replace("\r\n", "\n"))
    return collapse(_TAG.sub("", " ".join(_said(cue) for cue in cues)))


def _said(cue: str) -> str:
    """Return the lines of a cue that follow its time; a header or a note has none."""
    lines = cue.split("\n")
    for number, line in enumerate(lines):
        if "-->" in line:
            return "\n".join(lines[number + 1 :])
    return ""
