"""What the pages of one portal share: where the hub's state is, what is installed, what a learner prefers."""

from dataclasses import dataclass

from flask import Flask, abort, current_app, g, request
from flask.sansio.app import App

from hub.settings import HubPaths, HubSettings
from hub.usage import Usage
from hub.web.door import entrance_of
from hub.web.origins import Entrance, Ports, host_name
from hub.web.packfiles import PackFiles
from hub.web.pagecache import PageCache
from hub.web.pagefiles import PageFiles
from hub.web.shelf import Shelf, ShelfView

LANGUAGES = {"uk": "Українська", "en": "English", "ro": "Română", "hu": "Magyar", "pl": "Polski"}
STAFF_LANGUAGES = ("uk", "en")  # of the pages for teachers and technicians; English where another is chosen
_STAFF_ENDPOINTS = ("guide.teacher",)
_STAFF_BLUEPRINTS = {"accounts", "signin", "start", "tech"}
TEXT_SIZES = ("normal", "large", "huge")
LANGUAGE_COOKIE = "language"
TEXT_SIZE_COOKIE = "text_size"
_EXTENSION = "portal"


@dataclass(frozen=True, slots=True)
class Portal:
    """Given to `create_portal` once, read by every page."""

    paths: HubPaths
    settings: HubSettings
    ports: Ports
    shelf: Shelf
    files: PackFiles
    pages: PageCache
    page_files: PageFiles
    usage: Usage


@dataclass(frozen=True, slots=True)
class Preferences:
    """What one learner chose, from two cookies that hold nothing else."""

    language: str
    text_size: str


def attach(app: Flask, portal: Portal) -> None:
    """Give `app` its portal."""
    app.extensions[_EXTENSION] = portal


def portal_of(app: App) -> Portal:
    """Return the portal of `app`."""
    portal: Portal = app.extensions[_EXTENSION]
    return portal


def this_portal() -> Portal:
    """Return the portal of the running request."""
    return portal_of(current_app)


def shelf_view() -> ShelfView:
    """Return what is installed, the same for the whole request."""
    if "shelf_view" not in g:
        g.shelf_view = this_portal().shelf.view()
    view: ShelfView = g.shelf_view
    return view


def chosen() -> Preferences:
    """Return the learner's language and text size, or the hub's own where none was chosen."""
    if "chosen" not in g:
        g.chosen = _read_choice()
    preferences: Preferences = g.chosen
    return preferences


def _read_choice() -> Preferences:
    language = request.cookies.get(LANGUAGE_COOKIE, "")
    text_size = request.cookies.get(TEXT_SIZE_COOKIE, "")
    default = this_portal().settings.portal.language
    return Preferences(
        language=next((code for code in (language, default) if code in LANGUAGES), "uk"),
        text_size=text_size if text_size in TEXT_SIZES else TEXT_SIZES[0],
    )


def page_language() -> str:
    """Return the language of the page that is asked for."""
    language = chosen().language
    is_for_staff = request.endpoint in _STAFF_ENDPOINTS or _STAFF_BLUEPRINTS & {*request.blueprints}
    return "en" if is_for_staff and language not in STAFF_LANGUAGES else language


def browser_host() -> str:
    """Return the machine's name as this browser knows it; status 400 where the Host header is no name."""
    name = host_name(request.headers.get("Host", ""))
    if name is None:
        abort(400)
    return name


def entrance() -> Entrance:
    """Return where this browser came in."""
    return entrance_of(request.environ, this_portal().ports)


def content_url(pack_id: str, path: str) -> str:
    """Return the address of a path (already quoted) on the origin of a pack."""
    return entrance().pack_origin(browser_host(), pack_id) + path


def packs_source() -> str:
    """Return what stands for the origins of all packs in a policy."""
    return entrance().packs_source(browser_host())
