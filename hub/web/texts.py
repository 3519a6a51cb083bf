"""The texts of templates in the language of the page. A page has fifty, so each is looked up and made once.

flask-babel asks for each text anew which request, locale and catalogue it is for, and Jinja calls it through
three functions: together a third of what a page of results cost.
"""

import re
from functools import lru_cache

from flask import Flask, g
from flask_babel import get_locale, get_translations
from markupsafe import Markup, escape

_COMMAND = re.compile("`([^`<>]+)`")


class Texts(dict[str, Markup]):
    """What a catalogue says of the texts that templates have: as many as the templates, so all are kept."""

    def __missing__(self, text: str) -> Markup:
        found = self[text] = Markup(_marked(get_translations().ugettext(text)))  # noqa: S704 - as Jinja does
        return found


def with_commands(text: str) -> Markup:
    """Return a text with each `command` in it marked as one, and everything else escaped."""
    return Markup(_marked(str(escape(text))))  # noqa: S704 - escaped


def _marked(text: str) -> str:
    return _COMMAND.sub(r"<code>\1</code>", text)


def register(app: Flask) -> None:
    """Give every template of `app` these texts; after Babel, which gives its own."""
    app.jinja_env.globals.update(_=_gettext, gettext=_gettext, ngettext=_ngettext)


def _gettext(text: str, /, **values: object) -> Markup:
    found = _texts()[text]
    return found % values if values or "%" in found else found


def _ngettext(one: str, many: str, number: int, /, **values: object) -> Markup:
    found = Markup(get_translations().ungettext(one, many, number))  # noqa: S704 - ours, as Jinja does
    return found % {"num": number, **values}


def _texts() -> Texts:
    kept = g.get("_flask_babel") if g else None  # asked for itself, it takes four times as long
    locale = getattr(kept, "babel_locale", None) or get_locale()
    return _of_language(str(locale.language) if locale else "")


@lru_cache(maxsize=16)
def _of_language(_: str) -> Texts:
    return Texts()
