"""schools.csv: one school a line, as a spreadsheet saves it; all checked before anything is made. Pure."""

import csv
import difflib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from hub.school import Finding, SchoolConfig, read_config, write_config
from hub.school.check import check_value, show
from hub.school.codes import make_label_code
from hub.school.config import from_values, to_values
from hub.school.decode import decode
from hub.school.fields import BY_KEY, Field
from provisioning.cards.passwords import make_wifi_password

# What people call the columns; the full keys of hub-config.txt count too.
ALIASES = {
    "school": "school_name",
    "name": "school_name",
    "code": "school_code",
    "ssid": "wifi.ssid",
    "password": "wifi.password",
    "channel": "wifi.channel",
    "wifi": "wifi.mode",
    "uplink": "uplink.kind",
    "hub_id": "central.hub_id",
    "школа": "school_name",
    "назва": "school_name",
    "код": "school_code",
    "мережа": "wifi.ssid",
    "пароль": "wifi.password",
    "мова": "language",
    "назва школи": "school_name",
    "код школи": "school_code",
    "назва мережі": "wifi.ssid",
    "пароль мережі": "wifi.password",
    "група": "ring",
}
RING = "ring"  # of the fleet, not of the card
_MAX_SCHOOLS = 5000
_NO_CSV = "This is no list as text (CSV).", "In the spreadsheet choose Save as, CSV UTF-8."
# What the reader of a hub-config.txt would say of a file, said of a list.
_OF_FILES = {
    "empty-file": ("The list is empty.", "Write the names of the columns, and a school on each line below."),
    "damaged": _NO_CSV,
    "not-text": _NO_CSV,
    "too-large": ("The file is larger than any list.", "In the spreadsheet choose Save as, CSV UTF-8."),
}
_SEPARATOR_LINE = re.compile("sep=[,;\t]", re.IGNORECASE)  # Excel's own, where a list begins with it
MAX_BYTES = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class School:
    """One line that can be used."""

    line: int
    config: SchoolConfig
    ring: str = ""


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a line."""

    line: int
    column: str
    message: str
    advice: str

    def __str__(self) -> str:
        where = [f"line {self.line}" if self.line else "", f"column {self.column}" if self.column else ""]
        said = f"{self.message} {self.advice}".strip()
        return ": ".join(filter(None, [", ".join(filter(None, where)), said]))


def read_schools(data: bytes) -> tuple[list[School], list[Fault]]:
    """Return the schools of a CSV file, and what is wrong with it; networks that are missing are made.

    The separator may be a comma, a semicolon or a tab; the encoding what Excel saves.
    """
    lines, findings = decode(data, most=MAX_BYTES)
    faults = [_fault_of(finding) for finding in findings if finding.is_error]
    if not lines or faults:
        return [], faults
    if _SEPARATOR_LINE.fullmatch(lines[0].rstrip()):
        lines[0] = ""  # the lines keep their numbers
    head = next((at for at, line in enumerate(lines) if line.strip()), 0)
    separator = max(",;\t", key=lines[head].count)
    try:
        rows = list(csv.reader(lines[head:], delimiter=separator))
    except csv.Error as error:
        return [], [Fault(0, "", f"{error}.", "Close every quotation mark, and save it as CSV again.")]
    if len(rows) > _MAX_SCHOOLS + 1:
        return [], [Fault(0, "", f"{len(rows) - 1} lines, at most {_MAX_SCHOOLS}.", "Make two lists of it.")]
    columns = [_key_of(name) for name in rows[0]]
    faults = _check_columns(rows[0], columns, head + 1)
    if faults:
        return [], faults
    schools: list[School] = []
    for number, row in enumerate(rows[1:], head + 2):
        if any(cell.strip() for cell in row):
            school, wrong = _read_row(number, columns, row)
            schools += [school] if school else []
            faults += wrong
    return schools, faults + _find_twins(schools)


def _check_columns(names: Sequence[str], columns: Sequence[str], line: int) -> list[Fault]:
    unknown = [
        Fault(line, name, f"{name!r} is no column that is known.", _near(name))
        for name, key in zip(names, columns, strict=True)
        if not key and name.strip()
    ]
    if unknown:  # once, below all that were misspelt
        known = f"{unknown[-1].advice} There are {', '.join([*BY_KEY, RING])}.".strip()
        unknown[-1] = replace(unknown[-1], advice=known)
    missing = [
        Fault(line, "", f"there is no column {key}.", "Add it; every school needs one.")
        for key in ("school_code", "school_name")
        if key not in columns
    ]
    twice = [
        Fault(line, key, f"{columns.count(key)} columns are {key}.", "Keep one of them.")
        for key in dict.fromkeys(columns)
        if key and columns.count(key) > 1
    ]
    return [*unknown, *missing, *twice]


def _near(name: str) -> str:
    """Return what somebody may have meant who misspelt a column."""
    near = difflib.get_close_matches(name.strip().lower(), [*BY_KEY, RING, *ALIASES], n=1, cutoff=0.75)
    return f"Did you mean {near[0]}?" if near else ""


def _key_of(name: str) -> str:
    plain = name.strip().lower()
    key = ALIASES.get(plain, plain)
    return key if key in BY_KEY or key == RING else ""


def _read_row(number: int, columns: Sequence[str], row: Sequence[str]) -> tuple[School | None, list[Fault]]:
    if len(row) > len(columns):
        return None, [
            Fault(
                number, "", f"{len(row)} cells, {len(columns)} columns.", "Put texts with commas in quotes."
            )
        ]
    cells = {key: cell.strip() for key, cell in zip(columns, row, strict=False) if cell.strip()}
    if nameless := cells.pop("", ""):  # a spreadsheet leaves empty columns, which mean nothing
        return None, [
            Fault(number, "", f"{show(nameless)} is in a column without a name.", "Name the column.")
        ]
    ring = cells.pop(RING, "")
    values: dict[str, Any] = {}
    faults: list[Fault] = []
    for key, cell in cells.items():
        field = BY_KEY[key]
        values[key] = _value(field, cell)
        wrong = check_value(field, values[key])
        if wrong is not None:
            finding = Finding(number, key, wrong.code, wrong.values)
            faults.append(Fault(number, key, finding.message("en"), finding.advice("en")))
    if faults:
        return None, faults
    try:
        config = from_values({"school_code": "", "school_name": "", **_made(values), **values})
    except TypeError as error:
        return None, [Fault(number, "", str(error), "")]
    reading = read_config(write_config(config, comments=False).encode())
    if reading.config is None:
        return None, [_fault_of(replace(finding, line=number)) for finding in reading.errors]
    return School(number, reading.config, ring), []


def _value(field: Field, cell: str) -> object:
    if field.type == "number" and cell.isascii() and cell.isdecimal():
        return int(cell)
    return tuple(cell.splitlines()) if field.type == "lines" else cell


def _made(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a school gets that said nothing: a network with a password, a code for the label."""
    code = str(values.get("school_code", ""))[:20]
    made: dict[str, Any] = {"label_code": make_label_code()}
    if values.get("wifi.mode", "builtin") == "builtin":
        made |= {"wifi.ssid": f"School-{code}", "wifi.password": make_wifi_password()}
    return made


def _find_twins(schools: Sequence[School]) -> list[Fault]:
    faults = []
    for key in ("school_code", "central.hub_id"):
        first: dict[str, int] = {}
        for school in schools:
            value = str(to_values(school.config)[key]).lower()  # the names of files and hubs are
            if value and value in first:
                faults.append(
                    Fault(
                        school.line, key, f"{value} stands on line {first[value]} too.", "Each is one school."
                    )
                )
            first.setdefault(value, school.line)
    return faults


def _fault_of(finding: Finding) -> Fault:
    if finding.code in _OF_FILES:
        return Fault(0, "", *_OF_FILES[finding.code])
    return Fault(finding.line, finding.key, finding.message("en"), finding.advice("en"))
