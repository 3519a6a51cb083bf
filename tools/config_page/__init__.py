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
from tools.config_page.words import CHOICES, EXPECTS, HELP, TEXTS
from tools.config_page.words import MESSAGES as PAGE_MESSAGES

_FOLDER = Path(__file__).parent


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
        "texts": TEXTS,
        "choices": CHOICES,
        "page": {"help": HELP, "expects": EXPECTS, "messages": PAGE_MESSAGES},
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
        "@TITLE@": html.escape(TEXTS["uk"]["title"]),
    }
    for mark, text in parts.items():
        page = page.replace(mark, text)
    return page
