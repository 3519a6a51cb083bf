"""Is one value what its field allows? The page docs/hub-config.html does the same in JavaScript."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hub.school.fields import BY_KEY, CONTROL, Field, matcher

MAX_SHOWN = 60
_DIGITS = 10  # no number of a field has so many
_TOO_SHORT_TO_GUESS = 3  # every country is like some other
_PASSWORD_SIGNS = re.compile("[ -~]*")


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a value, by a code of wording.MESSAGES."""

    code: str
    values: Mapping[str, str]


def check_value(field: Field, value: Any) -> Fault | None:  # noqa: ANN401 - whatever a person wrote
    """Return what is wrong with a value of a field, or None."""
    if field.type == "number":
        return _check_number(field, value)
    if field.type == "lines":
        return _check_lines(field, value)
    if not isinstance(value, str):
        return _fault("wrong-type", field, value)
    return _check_text(field, value)


def check_answer(key: str, text: str) -> str:
    """Return what would be right instead of a value as a form sends it, or nothing where it is right."""
    field = BY_KEY[key]
    is_number = field.type == "number" and text.isascii() and text.isdecimal() and len(text) < _DIGITS
    fault = check_value(field, int(text) if is_number else text)
    return f"expected {field.expects['en']}" if fault is not None else ""


def _check_number(field: Field, value: object) -> Fault | None:
    if not isinstance(value, int) or isinstance(value, bool):
        return _fault("wrong-type", field, value)
    if field.least <= value <= field.most:
        return None
    code = "newer" if field.key == "version" and value > field.most else "range"
    return _fault(code, field, value, least=str(field.least), most=str(field.most))


def _check_lines(field: Field, value: object) -> Fault | None:
    if not isinstance(value, Sequence) or isinstance(value, str):
        return _fault("wrong-type", field, value)
    faults = (
        _fault("wrong-type", field, line) if not isinstance(line, str) else _check_text(field, line or " ")
        for line in value
    )
    return next((fault for fault in faults if fault is not None), None)


def _check_text(field: Field, value: str) -> Fault | None:
    if not value:
        return _fault("empty", field, value) if field.required else None
    if re.search(CONTROL, value):
        return _fault("control", field, value)
    if field.choices:
        return None if value in field.choices else _choice_fault(field, value)
    if field.max_bytes and len(value.encode("utf-8", "replace")) > field.max_bytes:
        count = len(value.encode("utf-8", "replace"))
        return _fault("long-bytes", field, value, count=str(count), most=str(field.max_bytes))
    if field.secret:
        return _check_secret(field, value)
    if len(value) > field.max_chars:
        return _fault("long", field, value, count=str(len(value)), most=str(field.max_chars))
    return None if matcher(field)(value) else _fault("pattern", field, value)


def _check_secret(field: Field, value: str) -> Fault | None:
    """Check a password; nobody is told what it is, since a status file is read by others."""
    # The length first: what is asked of a password takes a pattern minutes on a whole page of text.
    if len(value) <= field.max_chars and matcher(field)(value):
        return None
    count = str(len(value))
    seen = _PASSWORD_SIGNS.match(value)
    if field.keeps and seen and seen.end() < len(value):
        return _fault("secret-letters", field, "", position=str(seen.end() + 1), count=count)
    return _fault("secret-pattern", field, "", count=count)


def _choice_fault(field: Field, value: str) -> Fault:
    from rapidfuzz import process  # only here: a hub's start seldom needs it

    near = process.extractOne(value.lower(), {c: c.lower() for c in field.choices}, score_cutoff=70)
    if near is None or len(near[2]) <= _TOO_SHORT_TO_GUESS:
        return _fault("choice", field, value)
    return _fault("choice-near", field, value, wanted=str(near[2]))


def _fault(code: str, field: Field, found: object, **values: str) -> Fault:
    told = {f"expects@{language}": text for language, text in field.expects.items()}
    return Fault(code, {"found": "…" if field.secret else show(found), **told, **values})


def show(value: object) -> str:
    """Return a value as it stands in the file, shortened."""
    try:
        text = json.dumps(value, ensure_ascii=False, default=str)
    except ValueError:  # a number of thousands of digits
        return "…"
    return shorten(text)


def shorten(text: str) -> str:
    """Return a text that fits into a message."""
    return text if len(text) <= MAX_SHOWN else text[: MAX_SHOWN - 1] + "…"
