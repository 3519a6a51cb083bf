"""Every page in both browsers: nothing overflows, is too small, complains or moves; axe finds nothing."""

from pathlib import Path

import pytest

from support.axe import examine
from support.school import FOR_TECHNICIANS, PAGES
from support.tab import PHONE, SCHOOL_PC
from support.visitor import BUILD, Visitor

MIN_TARGET_PX = 44
NARROW = (320, 640)  # WCAG 1.4.10
# Chromium 64 says so of each frame: today's browsers let a sandboxed lesson keep a file only with this flag.
NEW_FLAG = "'allow-downloads' is an invalid sandbox flag"
every_page = pytest.mark.parametrize("name", PAGES)
SCRIPTS = Path(__file__).parent / "scripts"
_SMALL = (SCRIPTS / "small_targets.js").read_text()
_MOVING = """[].filter.call(document.querySelectorAll('body *'), function (e) {
  var style = getComputedStyle(e), moves = style.animationName !== 'none' && style.animationDuration !== '0s';
  return e.getClientRects().length && (moves || parseFloat(style.transitionDuration) > 0.01);
}).map(function (e) { return e.outerHTML.slice(0, 120); })"""


@every_page
def test_nothing_overflows_at_any_width_and_text_size(visitor, name):
    wide = {}
    for text_size in ("normal", "huge", "200 %"):
        visitor.arrive(text_size="normal" if text_size == "200 %" else text_size)
        visitor.go(PAGES[name])
        if text_size == "200 %":
            visitor.tab.value("document.documentElement.style.fontSize = '200%'")
        for size in (NARROW, PHONE, SCHOOL_PC):
            visitor.tab.show(size)
            width = visitor.tab.value("document.documentElement.scrollWidth")
            if width > size[0]:
                wide[text_size, size[0]] = width
    assert wide == {}


@every_page
def test_what_a_learner_taps_is_large_enough(visitor, name):
    visitor.go(PAGES[name])
    least = 24 if name in FOR_TECHNICIANS else MIN_TARGET_PX  # WCAG 2.5.8 asks for 24
    assert visitor.tab.run(_SMALL, least) == []


@every_page
def test_no_page_makes_the_browser_complain(visitor, name):
    visitor.go(PAGES[name])
    visitor.tab.settle()
    expected = (
        "status of 404" if name == "missing" else NEW_FLAG if not visitor.engine.is_today else "nothing"
    )
    assert [line for line in visitor.tab.complaints if expected not in line] == []
    assert visitor.tab.value("document.title.trim()")


@every_page
def test_axe_finds_nothing_against_wcag_2_2_aa(visitor, name):
    looks = [("uk", PHONE, "normal", "light"), ("en", SCHOOL_PC, "huge", "light")]
    if visitor.engine.is_today:
        looks += [("uk", PHONE, "huge", "dark"), ("en", SCHOOL_PC, "normal", "dark")]
    report, violations = "", []
    for look in looks:
        language, size, text_size, scheme = look
        learner = Visitor(visitor.tab, visitor.served, visitor.engine, size, language)
        learner.arrive(text_size=text_size, scheme=scheme)
        learner.go(PAGES[name])
        learner.keep(f"page-{name}" + ("-dark" if scheme == "dark" else ""))
        assert learner.tab.value("document.documentElement.lang") == language
        found = examine(learner.tab)
        report += f"{name} {look}\n{found.to_text()}"
        violations += [f"{look}: {line}" for line in found.violations]
    _write_report(visitor.engine.name, name, report)
    assert violations == []


def _write_report(engine: str, name: str, report: str) -> None:
    folder = BUILD / "axe" / engine
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.txt").write_text(report, encoding="utf-8")


@every_page
@pytest.mark.parametrize("engine", ["chromium"], indirect=True)  # 64 knows no such preference
def test_nothing_moves_for_who_asked_for_calm(visitor, name):
    visitor.tab.paint(reduced_motion="reduce")
    visitor.go(PAGES[name])
    assert visitor.tab.value(_MOVING) == []
