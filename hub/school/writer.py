"""Write hub-config.txt with its explanations, in Ukrainian or English; and as Notepad wants it."""

import json
from collections.abc import Collection
from typing import Any

from hub.school.config import SchoolConfig, to_values
from hub.school.fields import FIELDS, SECTIONS, Field, both
from hub.school.wording import in_language

HEADER = both(
    "Налаштування шкільного хаба. Змініть значення між лапками, збережіть у UTF-8 і ввімкніть хаб.\n"
    "Що хаб прочитав і що не так, він напише поруч у hub-status.txt.",
    "Settings of this school's hub. Change what stands in quotation marks, save as UTF-8, start the hub.\n"
    "What it read, and what is wrong, the hub writes into hub-status.txt beside this file.",
)
TITLES = {
    "wifi": both("Wi-Fi для класу", "Wi-Fi for the class"),
    "uplink": both("Зв'язок хаба з управлінням освіти", "How the hub reaches the office"),
    "central": both(
        "Управління освіти: заповнює воно, не змінюйте", "The office: filled in by it, leave it as it is"
    ),
}
STORED = both("збережено в хабі; щоб змінити, напишіть тут", "stored in the hub; to change it, write here")


def write_config(
    config: SchoolConfig, language: str = "uk", *, comments: bool = True, stored: Collection[str] = ()
) -> str:
    """Return the text of the file, which is TOML; secrets of `stored` (full keys) are left out.

    Secrets that are empty and optional are written as a comment. Without `comments`, only values.
    """
    values = to_values(config)
    parts: list[str] = []
    if comments:
        parts.append(_comment(in_language(HEADER, language)))
    for section in ("", *SECTIONS):
        fields = [field for field in FIELDS if field.section == section]
        if section:
            title = _comment(in_language(TITLES[section], language)) + "\n" if comments else ""
            parts.append(f"{title}[{section}]")
        for field in fields:
            line = _line(field, values[field.key], language, is_stored=field.key in stored)
            help_text = _comment(in_language(field.help, language)) + "\n" if comments else ""
            parts.append(help_text + line)
    return ("\n\n" if comments else "\n").join(parts) + "\n"


def to_file(text: str) -> bytes:
    """Return the text as it lies on the FAT partition: UTF-8, with CRLF for every Notepad."""
    return text.replace("\r\n", "\n").replace("\n", "\r\n").encode()


def _comment(text: str) -> str:
    return "\n".join(f"# {line}" for line in text.splitlines())


def _line(field: Field, value: Any, language: str, *, is_stored: bool) -> str:  # noqa: ANN401 - any field's
    if is_stored:
        return stored_line(field, language)
    line = f"{field.name} = {_toml(value)}"
    # An empty one says "open network" of a network, and nothing of the rest.
    return f"# {line}" if field.secret and not value and not field.keeps else line


def stored_line(field: Field, language: str) -> str:
    """Return what stands in the place of a secret that the hub has taken."""
    return f'# {field.name} = "…"   # {in_language(STORED, language)}'


def _toml(value: Any) -> str:  # noqa: ANN401 - any field's
    if isinstance(value, str):
        # A basic string of TOML; JSON's escapes are among its own but for DEL, which no value holds.
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, list | tuple):
        inner = "".join(f"\n  {_toml(line)}," for line in value)
        return f"[{inner}\n]" if value else "[]"
    return str(value)
