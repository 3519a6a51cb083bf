import gzip
import re
from pathlib import Path

import pytest

from hub.web import assets, subjects

STATIC = Path(assets.__file__).parent / "static"
CSS = (STATIC / "portal.css").read_text(encoding="utf-8")
# Colours of portal.css on which or in which words stand: text, ground, and the least contrast (WCAG 1.4.3).
LIGHT = dict(re.findall(r"--([\w-]+):(#[0-9a-f]{3,6})", CSS[: CSS.index("}")]))
READ_BY_LEARNERS = ("ink", "soft", "link")
DARK = dict(re.findall(r"--([\w-]+):(#[0-9a-f]{3,6})", CSS[CSS.index("prefers-color-scheme:dark") :]))


def test_names_hold_a_hash_and_are_kept_for_a_year(portal):
    address = assets.asset_url("portal.css")
    assert re.fullmatch(r"/static/portal\.[0-9a-f]{10}\.css", address)
    answer = portal.get(address)
    assert "max-age=31536000" in answer.headers["Cache-Control"]
    assert answer.headers["Content-Type"] == "text/css; charset=utf-8"
    assert answer.data == (STATIC / "portal.css").read_bytes()


def test_is_packed_where_the_browser_can_unpack(portal):
    answer = portal.get(assets.asset_url("icons.svg"), headers={"Accept-Encoding": "gzip"})
    assert gzip.decompress(answer.data) == (STATIC / "icons.svg").read_bytes()


def test_the_stylesheet_weighs_little():
    assert len(gzip.compress(CSS.encode(), 9)) <= 8 * 1024


NEWER_THAN_CHROME_64 = (
    *(r"[^-]gap\s*:", r"inset\s*:", r":is\(", r":where\(", r":has\(", r":focus-visible", r"@layer"),
    *("aspect-ratio", r"clamp\(", r"\bmin\(", r"\bmax\(", "margin-inline", "@container"),
)


@pytest.mark.parametrize("newer", NEWER_THAN_CHROME_64)
def test_the_stylesheet_asks_for_nothing_that_chrome_64_lacks(newer):
    code = re.sub(r"/\*.*?\*/", "", CSS, flags=re.S)
    assert not re.search(newer, code)


def test_every_icon_that_a_page_uses_is_drawn():
    drawn = set(re.findall(r'<symbol id="(\w+)"', (STATIC / "icons.svg").read_text()))
    templates = (STATIC.parent / "templates").rglob("*.html")
    used = {name for page in templates for name in re.findall(r'icon\("(\w+)"', page.read_text())}
    assert used <= drawn
    assert {"maths", "computing", "leaf", "film"} <= drawn


def _luminance(colour: str) -> float:
    digits = colour[1:] if len(colour) == 7 else "".join(c * 2 for c in colour[1:])
    parts = [int(digits[i : i + 2], 16) / 255 for i in (0, 2, 4)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("scheme", [LIGHT, LIGHT | DARK], ids=["light", "dark"])
@pytest.mark.parametrize("ground", ["paper", "ground"])
@pytest.mark.parametrize("ink", ["ink", "soft", "link", "good", "note", "attention", "broken"])
def test_words_stand_out_from_their_ground(scheme, ground, ink):
    assert contrast(scheme[ink], scheme[ground]) >= (7 if ink in READ_BY_LEARNERS else 4.5)


SUBJECTS = re.findall(r"\.(c\d)\{--c:(#[0-9a-f]{6})", CSS)
TINTS = re.findall(r"\.(c\d)\{(?:--c:#[0-9a-f]{6};)?--t:(#[0-9a-f]{6});--i:(#[0-9a-f]{6})", CSS)


@pytest.mark.parametrize(("name", "colour"), SUBJECTS)
def test_white_signs_stand_out_from_every_subject(name, colour):
    assert contrast(colour, "#ffffff") >= 4.5


@pytest.mark.parametrize(("number", "tint", "ink"), [(n, *rest[1:]) for n, rest in enumerate(TINTS)])
def test_words_stand_out_from_the_tint_of_every_subject(number, tint, ink):
    scheme = LIGHT if number < len(SUBJECTS) else LIGHT | DARK
    assert contrast(ink, tint) >= 7
    assert contrast(scheme["ink"], tint) >= 7
    assert contrast(scheme["soft"], tint) >= 7


def test_every_subject_has_its_colours_by_day_and_by_night():
    used = {subject.colour for subject in (*subjects._KNOWN, subjects.NO_SUBJECT)}
    assert used == {name for name, _ in SUBJECTS}
    assert [name for name, *_ in TINTS] == 2 * [name for name, _ in SUBJECTS]


def test_browsers_that_ask_for_a_favicon_get_one(portal):
    assert portal.get("/favicon.ico").data.startswith(b"\x89PNG")
