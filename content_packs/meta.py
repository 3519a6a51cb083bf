"""What a pack says of itself: the fields of pack.toml, typed and checked."""

import difflib
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from typing import Any

from content_packs.depot import MAX_PACK_ID_LENGTH, MAX_VERSION, is_pack_id
from content_packs.names import is_text

_LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*")
_MAX_TEXT = 2000  # characters
_MAX_TAG = 100


@dataclass(frozen=True, slots=True)
class PackMeta:
    """The fields of pack.toml that travel with the pack; docs/format/pack-v1.md §2."""

    id: str
    version: int
    kind: str
    title: str
    language: str  # BCP 47
    licence: str  # SPDX
    entry: str = ""  # web: the page that opens
    description: str = ""
    subject: str = ""
    grades: tuple[int, ...] = ()
    author: str = ""
    publisher: str = ""
    tags: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return the non-empty fields, with tuples as lists."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return {k: list(v) if isinstance(v, tuple) else v for k, v in values.items() if v not in ("", ())}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "PackMeta":
        """Return the fields of `values` that are known; call `check_fields` first."""
        known = {field.name for field in fields(cls)}
        taken: dict[str, Any] = {
            k: tuple(v) if isinstance(v, list) else v for k, v in values.items() if k in known
        }
        return cls(**taken)


SOURCE_ONLY_FIELDS = ("content",)
REQUIRED_FIELDS = ("id", "version", "kind", "title", "language", "licence")
TRAVELLING_FIELDS = tuple(field.name for field in fields(PackMeta))
KNOWN_FIELDS = TRAVELLING_FIELDS + SOURCE_ONLY_FIELDS


@dataclass(frozen=True, slots=True)
class FieldFault:
    """One thing wrong with one field."""

    field: str
    message: str
    hint: str = ""


def check_fields(values: Mapping[str, Any], kinds: Iterable[str]) -> list[FieldFault]:
    """Return everything that is wrong with the fields of a pack.toml, `kinds` being the known ones."""
    faults = [
        FieldFault(name, f"the field {name!r} is missing", _EXAMPLES.get(name, ""))
        for name in REQUIRED_FIELDS
        if name not in values
    ]
    for name, value in values.items():
        if name not in KNOWN_FIELDS:
            close = difflib.get_close_matches(name, KNOWN_FIELDS, n=1)
            hint = f"Did you mean {close[0]!r}?" if close else f"Known fields: {', '.join(KNOWN_FIELDS)}."
            faults.append(FieldFault(name, f"unknown field {name!r}", hint))
        else:
            faults.extend(_check_field(name, value, tuple(kinds)))
    return faults


_EXAMPLES = {
    "id": 'Write for example: id = "maths-grade4"',
    "version": "Write for example: version = 1",
    "kind": 'Write for example: kind = "web"',
    "title": 'Write for example: title = "Математика, 4 клас"',
    "language": 'Write for example: language = "uk"',
    "licence": 'Write for example: licence = "CC-BY-4.0"',
}


def _check_field(name: str, value: Any, kinds: tuple[str, ...]) -> Iterable[FieldFault]:  # noqa: ANN401
    if name == "version":
        if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= MAX_VERSION:
            yield FieldFault(
                name, f"version: expected a whole number from 1, got {_shown(value)}", _EXAMPLES[name]
            )
    elif name == "grades":
        grades = value if isinstance(value, list) else [None]
        if not all(isinstance(g, int) and not isinstance(g, bool) and 0 <= g <= 12 for g in grades):
            yield FieldFault(
                name, f"grades: expected whole numbers 0 to 12, got {_shown(value)}", "grades = [8, 9]"
            )
    elif name == "tags":
        if not isinstance(value, list) or not all(map(_is_tag, value)):
            yield FieldFault(
                name, f"tags: expected a list of words, got {_shown(value)}", 'tags = ["fractions"]'
            )
    elif not isinstance(value, str) or len(value) > _MAX_TEXT:
        yield FieldFault(
            name, f"{name}: expected text of at most {_MAX_TEXT} characters, got {_shown(value)}"
        )
    else:
        yield from _check_text(name, value, kinds)


def _is_tag(value: object) -> bool:
    return isinstance(value, str) and 0 < len(value) <= _MAX_TAG and _is_clean(value)


def _is_clean(text: str) -> bool:
    """Tell whether a text has no control characters but line ends and tabs."""
    return is_text(text) and not any(ord(c) < 32 and c not in "\n\t" for c in text)


def _shown(value: Any) -> str:  # noqa: ANN401
    try:
        return f"{value!r:.80}"
    except ValueError:  # Python writes no number of more than 4300 digits
        return "a number that is far too long"


def _check_text(name: str, value: str, kinds: tuple[str, ...]) -> Iterable[FieldFault]:
    if name in REQUIRED_FIELDS and not value.strip():
        yield FieldFault(name, f"{name} is empty", _EXAMPLES[name])
    elif not _is_clean(value):
        yield FieldFault(name, f"{name}: control characters are not allowed")
    elif name == "id" and not is_pack_id(value):
        hint = f"Lower-case letters, digits and single '-', at most {MAX_PACK_ID_LENGTH}: maths-grade4"
        yield FieldFault(name, f"id: expected kebab-case, got {_shown(value)}", hint)
    elif name == "kind" and value not in kinds:
        close = difflib.get_close_matches(value, kinds, n=1)
        hint = f"Did you mean {close[0]!r}?" if close else f"Known kinds: {', '.join(sorted(kinds))}."
        yield FieldFault(name, f"unknown kind {_shown(value)}", hint)
    elif name == "language" and not _LANGUAGE.fullmatch(value):
        yield FieldFault(
            name, f"language: expected a BCP 47 code, got {_shown(value)}", 'For example "uk" or "en".'
        )


def parse_toml(text: str) -> tuple[dict[str, Any], FieldFault | None]:
    """Return the values of a TOML text, or an empty dict and what is wrong with it."""
    try:
        return tomllib.loads(text), None
    except (ValueError, RecursionError) as error:  # a number of 5000 digits, a thousand brackets
        return {}, FieldFault("", f"not valid TOML: {error}")


def find_line(text: str, field: str) -> int:
    """Return the line, from 1, that sets `field` in a TOML text; 1 where it is missing."""
    pattern = re.compile(rf"""^\s*["']?{re.escape(field)}["']?\s*=""")
    for number, line in enumerate(text.splitlines(), start=1):
        if pattern.match(line):
            return number
    return 1
