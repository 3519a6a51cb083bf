"""Pieces that most pages have: made once for each language and text size, and not with every page."""

from functools import lru_cache

from flask import Flask, render_template
from markupsafe import Markup, escape

from hub.web.portal import Preferences, chosen, page_language

_MOST_KEPT = 128  # of 1 to 4 kB
_HERE = "@here@"  # stands for the page's own address; no template has it


_MENU_PLACES = {"/": "today", "/library": "library", "/search": "search", "/help": "help"}


def register(app: Flask) -> None:
    """Let every template of `app` call `fragment`, and find its place in the menu."""
    app.jinja_env.globals.update(fragment=fragment, menu_places=_MENU_PLACES)


def fragment(template: str, *, here: str = "", place: str = "") -> Markup:
    """Return a template that knows the reader's choice, the page's address and `place`, one of few."""
    made = _make(template, page_language(), chosen(), place)
    return Markup(made.replace(_HERE, escape(here)))  # noqa: S704 - escaped by the template


@lru_cache(maxsize=_MOST_KEPT)
def _make(template: str, language: str, preferences: Preferences, place: str) -> str:
    return render_template(template, here=_HERE, page_language=language, prefs=preferences, place=place)
