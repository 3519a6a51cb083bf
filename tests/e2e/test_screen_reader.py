"""What a screen reader is told of a page, as text that a person can review; `make renew` writes it anew."""

import os
import re
from pathlib import Path

import pytest

from support.school import PAGES
from support.visitor import Visitor

FOLDER = Path(__file__).parent / "accessibility"
NAMES = (
    *("home", "library", "pack-files", "pack-web", "view-web", "view-markdown"),
    *("view-film", "view-game", "view-pages", "view-contents", "view-chapter", "view-resource"),
    *("choices", "search", "search-meant", "search-nothing", "help", "missing"),
)
_SILENT = (
    "none",
    "generic",
    "InlineTextBox",
    "LineBreak",
    "paragraph",
    "StaticText",
    "ListMarker",
    "RootWebArea",
    "LabelText",
)
_OWN_PARTS = ("Video", "Audio")  # what they are made of is the browser's, and changes with it
_STATES = ("expanded", "invalid", "required")
_NAMED = ("link", "button", "textbox", "searchbox", "combobox", "image", "img", "Iframe", "navigation")
_CHANGING = re.compile(r"\d{1,2} \w+\.? \d{4}(?: р\.)?|\d+:\d\d(?::\d\d)?")  # dates and times


@pytest.mark.parametrize("engine", ["chromium"], indirect=True)
@pytest.mark.parametrize("name", NAMES)
def test_a_screen_reader_is_told_what_was_reviewed(tab, served, engine, name):
    reader = Visitor(tab, served, engine, language="en")  # who translates changes nothing here
    reader.arrive()
    reader.go(PAGES[name])
    told = tell(tab)
    path = FOLDER / f"{name}.txt"
    if os.environ.get("RENEW"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(told, encoding="utf-8")
    assert told == path.read_text(encoding="utf-8"), "review it, then: make renew"


@pytest.mark.parametrize("engine", ["chromium"], indirect=True)
@pytest.mark.parametrize("name", PAGES)
def test_whatever_can_be_used_has_a_name(visitor, name):
    visitor.go(PAGES[name])
    assert [
        line for line in tell(visitor.tab).splitlines() if line.split()[0] in _NAMED and '"' not in line
    ] == []


def tell(tab):
    """Return the accessibility tree: a line for each thing, indented, its role, its name, its state."""
    nodes = tab.call("Accessibility.getFullAXTree")["nodes"]
    known = {node["nodeId"]: node for node in nodes}
    lines = []

    def visit(node, depth):
        role, name = node["role"]["value"], node.get("name", {}).get("value", "")
        is_told = not node["ignored"] and role not in _SILENT
        if is_told:
            lines.append("  " * depth + role + _said("" if role in _OWN_PARTS else name) + _state(node))
        for child in node.get("childIds", []) if role not in _OWN_PARTS else []:
            if child in known:
                visit(known[child], depth + is_told)

    visit(nodes[0], 0)
    return "".join(f"{line}\n" for line in lines)


def _said(name):
    text = _CHANGING.sub("…", " ".join(name.split()))[:100]
    return f' "{text}"' if text else ""


def _state(node):
    wanted = (*_STATES, "level") if node["role"]["value"] == "heading" else _STATES
    values = {p["name"]: p["value"].get("value") for p in node.get("properties", []) if p["name"] in wanted}
    return "".join(f" {name}={value}" for name, value in values.items() if value not in (False, "false"))
