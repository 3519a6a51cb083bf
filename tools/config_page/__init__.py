"""docs/hub-config.html: the page that writes hub-config.txt offline, from the schema in hub/school."""

import html
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from hub.school.check import MAX_SHOWN
from hub.school.fields import CONTROL, FIELDS, SECTIONS
from hub.school.rules import RULES
from hub.school.wording import LANGUAGES, MESSAGES
from hub.school.writer import HEADER, TITLES

_FOLDER = Path(__file__).parent
_TEXTS = {
    "uk": {
        "title": "Налаштування шкільного хаба",
        "intro": "Заповніть, збережіть файл hub-config.txt і скопіюйте його на перший розділ картки. "
        "Нічого не надсилається: сторінка працює без інтернету.",
        "school": "Школа",
        "office": "Заповнює управління освіти",
        "save": "Зберегти hub-config.txt",
        "good": "Усе гаразд.",
        "wrong": "Виправте позначене:",
        "text": "Вміст файлу",
        "other": "English",
        "show": "Показати",
        "hide": "Сховати",
    },
    "en": {
        "title": "Settings of a school's hub",
        "intro": "Fill in, save the file hub-config.txt and copy it onto the card's first partition. "
        "Nothing is sent anywhere: this page works without Internet.",
        "school": "School",
        "office": "Filled in by the office",
        "save": "Save hub-config.txt",
        "good": "All is well.",
        "wrong": "Correct what is marked:",
        "text": "Text of the file",
        "other": "Українська",
        "show": "Show",
        "hide": "Hide",
    },
}


def schema() -> dict[str, Any]:
    """Return the schema as the page's script takes it."""
    return {
        "fields": [{**asdict(field), "name": field.name, "section": field.section} for field in FIELDS],
        "sections": SECTIONS,
        "rules": [asdict(rule) for rule in RULES],
        "messages": {code: dict(texts) for code, texts in MESSAGES.items()},
        "control": CONTROL,
        "header": HEADER,
        "titles": TITLES,
        "max_shown": MAX_SHOWN,
        "languages": LANGUAGES,
        "texts": _TEXTS,
    }


def render_page() -> str:
    """Return the page: one file that needs nothing else."""
    page = (_FOLDER / "page.html").read_text(encoding="utf-8")
    # `<` would end the script where a text holds </script>; JSON may write it as an escape.
    data = json.dumps(schema(), ensure_ascii=False, indent=1).replace("<", "\\u003c")
    parts = {
        "@STYLE@": (_FOLDER / "page.css").read_text(encoding="utf-8"),
        "@SCHEMA@": data,
        "@SCRIPT@": (_FOLDER / "page.js").read_text(encoding="utf-8"),
        "@TITLE@": html.escape(_TEXTS["uk"]["title"]),
    }
    for mark, text in parts.items():
        page = page.replace(mark, text)
    return page
