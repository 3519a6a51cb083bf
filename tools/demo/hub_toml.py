"""Change single values of a hub.toml and leave all else as a person wrote it."""

import json
import re
import tomllib
from collections.abc import Mapping

Values = Mapping[tuple[str, str], str | int]  # (section, key) → value; "" is what stands above every section
_SECTION = re.compile(r"\s*\[\s*([^\[\]]+?)\s*\]\s*(#.*)?$")


def set_values(text: str, values: Values) -> tuple[str, list[str]]:
    """Return the text with these values, and a line for each that was another one.

    Raises:
        ValueError: a value stands in a form that is not changed here, as in several lines.
    """
    changed = []
    for (section, key), value in values.items():
        before = _read(text, section, key)
        if before == value:
            continue
        text = _set_line(text.splitlines(), section, key, f"{key} = {json.dumps(value, ensure_ascii=False)}")
        if _read(text, section, key) != value:
            raise ValueError(f"[{section}] {key}")
        if before is not None:
            changed.append(f"{f'[{section}] ' if section else ''}{key}: {before} → {value}")
    return text, changed


def _read(text: str, section: str, key: str) -> object:
    values = tomllib.loads(text)
    return (values.get(section, {}) if section else values).get(key)


def _set_line(lines: list[str], section: str, key: str, line: str) -> str:
    """Put the line in place of the one with this key, else below its section's name, else at the end."""
    found = [(number, match[1]) for number, text in enumerate(lines) if (match := _SECTION.match(text))]
    start = next((number + 1 for number, name in found if name == section), None) if section else 0
    if start is None:
        return "\n".join([*lines, "", f"[{section}]", line]) + "\n"
    end = next((number for number, _ in found if number >= start), len(lines))
    own = re.compile(rf"\s*{re.escape(key)}\s*=")
    at = next((number for number in range(start, end) if own.match(lines[number])), None)
    lines[start if at is None else at : start if at is None else at + 1] = [line]
    return "\n".join(lines) + "\n"
