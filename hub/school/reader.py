"""Read hub-config.txt: any bytes go in, a checked config or findings with line and advice come out."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from hub.school.check import check_value, show
from hub.school.config import SchoolConfig, from_values, to_values
from hub.school.decode import decode
from hub.school.entries import Entry, read_entries
from hub.school.fields import BY_KEY, FIELDS, Field
from hub.school.finding import Finding
from hub.school.root import unpack_root
from hub.school.rules import list_broken

FILE_NAME = "hub-config.txt"
_NAMES = re.compile(r"hub[-_ ]?config( ?\([0-9]\))?(\.(txt|toml))*", re.IGNORECASE)
_ENOUGH_ERRORS = 5  # with no line that is known: this is another file


@dataclass(frozen=True, slots=True)
class Reading:
    """What came out; `config` is None where a finding is an error."""

    config: SchoolConfig | None
    findings: tuple[Finding, ...]
    language: str  # in which to tell the findings: as the file says, even where the rest is wrong

    @property
    def errors(self) -> tuple[Finding, ...]:
        """The findings because of which the file is not used."""
        return tuple(finding for finding in self.findings if finding.is_error)


def find_name(names: Iterable[str]) -> str | None:
    """Return which of these is the school config, as Windows may have named it; the plain name first."""
    fitting = [name for name in names if _NAMES.fullmatch(name)]
    return min(fitting, key=lambda name: (name.lower() != FILE_NAME, len(name), name), default=None)


def read_config(data: bytes, *, before: SchoolConfig | None = None) -> Reading:
    """Read a school config; raises nothing, whatever the bytes are.

    A secret that the file does not name is taken from `before`, the last good config: the hub removes
    secrets from the file once it has them.
    """
    lines, findings = decode(data)
    entries = read_entries(lines, findings)
    if lines and not entries and _is_another_file(lines, findings):
        lines, findings = [], [Finding(0, "", "other-file")]
    values = _to_values(entries, findings)
    at = {entry.key: entry.line for entry in entries}
    language = str(values.get("language") or (before.language if before else "uk"))
    if lines:
        _add_missing(values, at, findings, to_values(before) if before else {})
        if not any(finding.is_error for finding in findings):
            findings += [
                Finding(at.get(rule.at, 0), rule.at, rule.code) for rule in list_broken(_filled(values))
            ]
    told = tuple(sorted(_without_echo(findings), key=lambda one: (one.line == 0, one.line, not one.is_error)))
    if any(finding.is_error for finding in told):
        return Reading(None, told, language)
    return Reading(from_values(_filled(values)), told, language)


def _is_another_file(lines: list[str], findings: list[Finding]) -> bool:
    """Whether this is no school config at all, such as a page or what WordPad saves."""
    errors = sum(finding.is_error for finding in findings)
    return errors >= _ENOUGH_ERRORS or lines[0].startswith("{\\rtf")


def _without_echo(findings: list[Finding]) -> list[Finding]:
    """Leave out how a value was read that cannot be used anyway."""
    wrong = {finding.line for finding in findings if finding.is_error}
    return [finding for finding in findings if finding.code != "unquoted" or finding.line not in wrong]


def _to_values(entries: list[Entry], findings: list[Finding]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    first: dict[str, int] = {}
    for entry in entries:
        field = BY_KEY[entry.key]
        if entry.key in first:
            findings.append(Finding(entry.line, entry.key, "twice", {"other": str(first[entry.key])}))
            continue
        first[entry.key] = entry.line
        value = _in_right_case(field, entry, findings)
        fault = check_value(field, value)
        if fault is not None:
            findings.append(Finding(entry.line, entry.key, fault.code, fault.values))
        elif entry.key == "central.root" and value and not _is_root(value):
            findings.append(Finding(entry.line, entry.key, "bad-root"))
        else:
            values[entry.key] = tuple(value) if field.type == "lines" else value
    return values


def _in_right_case(field: Field, entry: Entry, findings: list[Finding]) -> Any:  # noqa: ANN401 - as written
    """Return a choice as it is spelt, where only capital letters differ."""
    value = entry.value
    if not field.choices or not isinstance(value, str) or value in field.choices:
        return value
    for choice in field.choices:
        if choice.lower() == value.lower():
            found = {"found": show(value), "wanted": f'{field.name} = "{choice}"'}
            findings.append(Finding(entry.line, field.key, "letter-case", found, is_error=False))
            return choice
    return value


def _is_root(text: str) -> bool:
    try:
        unpack_root(text)
    except (ValueError, RecursionError):
        return False
    return True


def _add_missing(
    values: dict[str, Any], at: Mapping[str, int], findings: list[Finding], before: Mapping[str, Any]
) -> None:
    """Add secrets that the hub keeps, and tell what is required and neither there nor has a default."""
    told = {finding.key for finding in findings}
    for field in FIELDS:
        if field.key in at or field.key in told:
            continue
        if field.secret and field.keeps and _is_used(field, values):
            if _same_place(field, values, before):
                values[field.key] = before[field.key]
            else:
                findings.append(Finding(0, field.key, "missing-secret"))
        elif field.required and not field.default:
            findings.append(Finding(0, field.key, "missing", {"example": f'{field.key} = "{field.example}"'}))


def _is_used(field: Field, values: Mapping[str, Any]) -> bool:
    switch, on = {"wifi": ("wifi.mode", "builtin"), "uplink": ("uplink.kind", "wifi")}[field.section]
    return bool(values.get(switch, BY_KEY[switch].default) == on)


def _same_place(field: Field, values: Mapping[str, Any], before: Mapping[str, Any]) -> bool:
    """Whether there was a network of this section before, so that its password counts on."""
    return bool(before.get(f"{field.section}.ssid")) and field.key in before


def _filled(values: Mapping[str, Any]) -> dict[str, Any]:
    return {field.key: values.get(field.key, field.default) for field in FIELDS}
