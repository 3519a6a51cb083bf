"""Bytes as a person's editor left them, to text: UTF-8, UTF-16, Windows-1251, BOMs, line ends, zeros."""

import codecs
import re

from hub.school.finding import Finding

MAX_BYTES = 64 * 1024
_INVISIBLE = dict.fromkeys(map(ord, "\u00ad\u200b\u200c\u200d\u200e\u200f\u2060\ufeff"), "")
_SPACES = dict.fromkeys(
    map(
        ord,
        "\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000",
    ),
    " ",
)
_UKRAINIAN = re.compile("[А-ЩЬЮЯҐЄІЇа-щьюяґєіїЁЪЫЭёъыэ№«»“”„‘’–—…\u00a0\u0000-\u007f]*")
_MIXED = re.compile("[A-Za-z][А-яҐЄІЇґєії]|[А-яҐЄІЇґєії][A-Za-z]")


def decode(data: bytes, *, most: int = MAX_BYTES) -> tuple[list[str], list[Finding]]:
    """Return the lines without their ends, and what is wrong; no lines where it is no text at all."""
    if len(data) > most:
        # A FAT directory that lost its size gives a file full of zeros, which count for nothing.
        data = data.rstrip(b"\0")
    if len(data) > most:
        return [], [Finding(0, "", "too-large", {"found": str(len(data)), "most": str(most)})]
    text, findings = _to_text(data)
    text = text.rstrip("\0")
    if not text.strip("\0 \t\r\n\ufeff"):
        return [], findings or [Finding(0, "", "empty-file")]
    lines = re.split("\r\n|\n|\r|\u2028|\u2029|\x85", text.removeprefix("\ufeff"))
    damaged = next((number for number, line in enumerate(lines, 1) if "\0" in line), 0)
    if damaged:
        return [], [*findings, Finding(damaged, "", "damaged")]
    return [_clean(line, number, findings) for number, line in enumerate(lines, 1)], findings


def _to_text(data: bytes) -> tuple[str, list[Finding]]:
    encoding = _guess_utf16(data)
    if encoding:
        return data[: len(data) // 2 * 2].decode(encoding, "replace"), []
    try:
        return data.decode("utf-8-sig"), []
    except UnicodeDecodeError as error:
        line = len(re.split(b"\r\n|\n|\r", data[: error.start]))
        guessed = data.decode("cp1251", "replace")
        if _UKRAINIAN.fullmatch(guessed) and not _MIXED.search(guessed):
            return guessed, [Finding(line, "", "ansi", is_error=False)]
        return "", [Finding(line, "", "not-text", {"found": f"0x{data[error.start]:02x}"})]


def _guess_utf16(data: bytes) -> str:
    """Return the encoding where it is UTF-16: by its mark, else since every other byte is zero."""
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    begin = data[:64]
    if begin[1::2].count(0) >= 4 and 0 not in begin[::2]:
        return "utf-16-le"
    if begin[::2].count(0) >= 4 and 0 not in begin[1::2]:
        return "utf-16-be"
    return ""


def _clean(line: str, number: int, findings: list[Finding]) -> str:
    cleaned = line.translate(_INVISIBLE).translate(_SPACES)
    told = any(finding.code == "odd-space" for finding in findings)
    if cleaned != line and not told and not cleaned.lstrip().startswith("#"):
        findings.append(Finding(number, "", "odd-space", is_error=False))
    return cleaned
