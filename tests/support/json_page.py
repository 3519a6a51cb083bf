"""Reads docs/reference/json.md: which members it says that a command's document has."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

PAGE = Path(__file__).parents[2] / "docs/reference/json.md"
_TOKEN = re.compile(r'"(?P<name>[^"]*)"|(?P<mark>[{}\[\],:]|\bor\b)')


def documented_members(command: str) -> set[str]:
    """Return the members of `command`'s document, those inside others as `outer.inner`."""
    [row] = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if f"`{command} " in line]
    text = next(found for found in re.findall(r"`([^`]*)`", row) if found.startswith("{"))
    return set(_read(text))


def _read(text: str) -> Iterator[str]:
    way: list[str] = []  # the names of the objects that we are inside of; "[" for a list
    name, expecting = "", False
    for token in _TOKEN.finditer(text):
        mark = token["mark"]
        if mark in ("{", "["):
            way.append(name if mark == "{" else "[")
            name, expecting = (name, False) if mark == "[" else ("", True)
        elif mark in ("}", "]"):
            way.pop()
            expecting = False
        elif mark in (",", "or"):
            expecting = bool(way) and way[-1] != "["
        elif mark is None and expecting:
            name, expecting = token["name"], False
            yield ".".join([step for step in way if step not in ("", "[")] + [name])


def members(document: dict[str, Any], *, inside: str = "") -> set[str]:
    """Return the members that a document has, in the same form; of a list those of its first entry."""
    found = set()
    for name, value in document.items():
        found.add(inside + name)
        entry = value[0] if isinstance(value, list) and value else value
        if isinstance(entry, dict):
            found |= members(entry, inside=f"{inside}{name}.")
    return found
