"""What a screen reader is told of a page, as text that a person can review; `make renew` writes it anew."""

import os
import re
from pathlib import Path

import pytest

from support.school import PAGES

FOLDER = Path(__file__).parent / "accessibility"
NAMES = (
    *("home", "library", "pack-files", "pack-web", "view-web", "view-markdown"),
    *("view-film", "search", "search-nothing", "help", "missing"),
)
_SILENT = ("none", "generic", "InlineTextBox", "LineBreak", "paragraph", "StaticText", "ListMarker", "RootWebArea")
_CHANGING = re.compile(r"\d{1,2} \w+\.? \d{4}(?: р\.)?|\d+:\d\d(?::\d\d)?")  # dates and times


@pytest.mark.parametrize("engine", ["chromium"], indirect=True)
@pytest.mark.parametrize("name", NAMES)
def test_a_screen_reader_is_told_what_was_reviewed(visitor, name):
    visitor.go(PAGES[name])
    told = tell(visitor.tab)
    path = FOLDER / f"{name}.txt"
    if os.environ.get("RENEW"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(told, encoding="utf-8")
    assert told == path.read_text(encoding="utf-8"), "review it, then: make renew"


@pytest.mark.parametrize("engine", ["chromium"], indirect=True)
@pytest.mark.parametrize("name", PAGES)
def test_whatever_can_be_used_has_a_name(visitor, name):
    visitor.go(PAGES[name])
    nameless = [line for line in tell(visitor.tab).splitlines() if re.fullmatch(r" *(link|button|textbox|img|image|Iframe|searchbox|combobox) \"\".*", line)]
    assert nameless == []


def tell(tab):
    """Return the accessibility tree: a line for each thing, indented, its role, its name, its state."""
    nodes = tab.call("Accessibility.getFullAXTree")["nodes"]
    known = {node["nodeId"]: node for node in nodes}
    lines = []

    def visit(node, depth):
        role, name = node["role"]["value"], node.get("name", {}).get("value", "")
        told = not node["ignored"] and role not in _SILENT
        if told:
            state = "".join(f" {p['name']}={p['value']['value']}" for p in node.get("properties", []) if p["name"] in ("level", "expanded", "invalid", "required") and p["value"].get("value") not in (False, "false"))
            lines.append("  " * depth + f"{role} {_said(name)}{state}")
        for child in node.get("childIds", []):
            if child in known:
                visit(known[child], depth + told)

    visit(nodes[0], 0)
    return "".join(f"{line}\n" for line in lines)


def _said(name):
    return '"' + _CHANGING.sub("…", " ".join(name.split()))[:100] + '"'
