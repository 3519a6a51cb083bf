"""Lines to entries: one `key = value` each, below a `[section]`; forgiving in form, each with its line.

The file is a subset of TOML, read line by line so that every fault has its line and all are told at once.
"""

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from hub.school.check import shorten, show
from hub.school.fields import BY_KEY, SECTIONS
from hub.school.finding import Finding

_SECTION = re.compile(r"\s*\[(?P<name>[^\[\]]*)\]\s*(#.*)?")
_OPENING = "“”„‟«»″‘’‚‛‹›＂`"
_STRAIGHT = "\"'"
_BARE = re.compile(r"[^\s\"'#=\[\]{},][^\"'#=\[\]{}]*")
_QUOTED = re.compile(rf"[{_OPENING}{_STRAIGHT}](?P<inside>.*)[{_OPENING}{_STRAIGHT}]\s*(#.*)?")
_SAME_LOOK = str.maketrans("АВЕКМНОРСТХІЈЅаеікорсухјѕіԛԝһ", "ABEKMHOPCTXIJSaeikopcyxjsiqwh")
_NEAR = 75  # of 100: how like a known name a wrong one must be to be asked about


@dataclass(frozen=True, slots=True)
class Entry:
    """One value of the file, by its full key."""

    key: str
    value: Any
    line: int


_UNKNOWN = "?"  # a section that nobody knows
_MAX_ERRORS = 100  # what has more is no school config
_MAX_LIST_LINES = 50


def read_entries(lines: list[str], findings: list[Finding]) -> list[Entry]:
    """Return the entries with known keys; what is wrong is added to `findings`."""
    entries: list[Entry] = []
    section = ""
    for number, line in _logical(lines):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        if sum(finding.is_error for finding in findings) >= _MAX_ERRORS:
            break
        heading = _SECTION.fullmatch(line)
        if heading:
            section = _read_section(heading["name"].strip(), number, findings)
            continue
        if section is _UNKNOWN:
            continue  # told at its heading
        written, equals, text = line.replace("＝", "=", 1).partition("=")
        if not equals or not written.strip() or "#" in written:
            findings.append(Finding(number, "", "not-a-line", {"found": _begin(line)}))
            continue
        key = find_key(written.strip(), section, number, findings)
        if key:
            entries += _read_value(key, text.strip(), number, findings)
    return entries


def _begin(line: str) -> str:
    """Return the first word of a line; what follows may be a password."""
    first, *rest = line.split(maxsplit=1)
    return show(first[:20] + " …" if rest or len(first) > 20 else first)


def _logical(lines: list[str]) -> Iterator[tuple[int, str]]:
    """Yield each line with its number; a list that goes over several as one."""
    at = 0
    while at < len(lines):
        number, text = at + 1, lines[at]
        at += 1
        if text.partition("=")[2].lstrip().startswith("["):
            last = at + _MAX_LIST_LINES
            while not _is_closed(text) and at < min(last, len(lines)) and not _ends_list(lines[at]):
                text += "\n" + lines[at]
                at += 1
        yield number, text


def _is_closed(text: str) -> bool:
    last = text.rpartition("\n")[2]
    return last.partition("#")[0].rstrip().endswith("]")


def _ends_list(line: str) -> bool:
    """Whether a line begins something else, as after a forgotten bracket."""
    return bool(re.match(r"\s*(\[\s*[a-z]+\s*\]|[A-Za-z_.]+\s*=)", line))


def _read_section(written: str, number: int, findings: list[Finding]) -> str:
    name = written.translate(_SAME_LOOK).lower()
    if name not in SECTIONS:
        values = {"found": written[:40], "wanted": ", ".join(f"[{each}]" for each in SECTIONS)}
        findings.append(Finding(number, "", "unknown-section", values))
        return _UNKNOWN
    _tell_odd(written, name, name, f"[{name}]", number, findings)
    return name


def _tell_odd(written: str, name: str, key: str, wanted: str, number: int, findings: list[Finding]) -> None:
    if written == name:
        return
    code = "letter-case" if written.isascii() else "cyrillic-key"
    findings.append(Finding(number, key, code, {"found": written, "wanted": wanted}, is_error=False))


def find_key(written: str, section: str, number: int, findings: list[Finding]) -> str:
    """Return the full key that a line means, or nothing, with a finding."""
    bare = written.strip(_STRAIGHT + _OPENING)
    name = bare.translate(_SAME_LOOK).lower().replace(" ", "")
    key = f"{section}.{name}" if section and "." not in name else name
    if key in BY_KEY:
        _tell_odd(bare, name, key, name, number, findings)
        return key
    findings.append(_unknown(written, name, section, number))
    return ""


def _unknown(written: str, name: str, section: str, number: int) -> Finding:
    found = written[:40]
    homes = [field for field in BY_KEY.values() if field.name == name]
    if homes and not homes[0].section and section:
        return Finding(number, name, "belongs-above", {"found": found, "section": section})
    if homes:
        wanted = " / ".join(f"[{field.section}]" for field in homes)
        return Finding(number, homes[0].key, "wrong-place", {"found": found, "wanted": wanted})
    near = _nearest(name, section)
    if near:
        wanted = near if "." in near or not section else f"{section}.{near}"
        return Finding(number, wanted, "did-you-mean", {"found": found, "wanted": near})
    return Finding(number, "", "unknown-key", {"found": found})


def _nearest(name: str, section: str) -> str:
    from rapidfuzz import fuzz, process  # only here: a hub's start seldom needs it

    plain = name.replace("-", "_")
    own = [field.name for field in BY_KEY.values() if field.section == section]
    for names in (own, [key for key in BY_KEY if "." in key], [key for key in BY_KEY if "." not in key]):
        best = process.extractOne(plain, names, scorer=fuzz.WRatio, score_cutoff=_NEAR)
        if best is not None:
            return str(best[0])
    return ""


def _read_value(key: str, text: str, number: int, findings: list[Finding]) -> list[Entry]:
    field = BY_KEY[key]
    if not text or text.startswith("#"):
        findings.append(Finding(number, key, "no-value"))
        return []
    shown = "…" if field.secret else shorten(text)
    try:
        value = tomllib.loads(f"value = {text}")
    except (tomllib.TOMLDecodeError, RecursionError, ValueError):
        pass
    else:
        if set(value) == {"value"}:
            return [Entry(key, _fitting(key, value["value"], text, number, findings), number)]
    quoted = _QUOTED.fullmatch(text)
    if quoted and (
        text[0] in _OPENING or (quoted.end("inside") < len(text) and text[quoted.end("inside")] in _OPENING)
    ):
        findings.append(Finding(number, key, "odd-quotes", {"found": shown}, is_error=False))
        return [Entry(key, quoted["inside"], number)]
    if field.type == "text" and _BARE.fullmatch(text):
        quoted_text = '"…"' if field.secret else show(text)
        findings.append(Finding(number, key, "unquoted", {"found": quoted_text}, is_error=False))
        return [Entry(key, text, number)]
    findings.append(Finding(number, key, "bad-value", {"found": shown}))
    return []


def _fitting(key: str, value: object, text: str, number: int, findings: list[Finding]) -> object:
    """Return a number where one is wanted, also out of quotation marks, and the text of one where not."""
    field = BY_KEY[key]
    if field.type == "number" and isinstance(value, str) and re.fullmatch("[0-9]{1,6}", value):
        return int(value)
    if field.type == "text" and isinstance(value, int | float) and not isinstance(value, bool):
        plain = text.partition("#")[0].strip()
        shown = '"…"' if field.secret else show(plain)
        findings.append(Finding(number, key, "unquoted", {"found": shown}, is_error=False))
        return plain
    if field.type == "lines" and isinstance(value, str):
        return [line.strip() for line in value.splitlines() if line.strip()]
    if isinstance(value, str) and value != value.strip() and not field.secret:
        return value.strip()
    return value
