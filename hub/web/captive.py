"""The sign-in page of the classroom's Wi-Fi: what the hub is, how to reach it, and one button.

It opens in the small window of a phone, which has no cookies and perhaps no JavaScript and closes at any
moment: so one page holds everything, its style and its picture too, in the language of the device.
"""

import base64
import hashlib
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from flask import Blueprint, Flask, Response, abort, current_app, render_template, request
from flask_babel import force_locale
from markupsafe import Markup

from hub.web import blocked
from hub.web.accepted import Accepted, AcceptedInMemory
from hub.web.captive_gate import CaptiveGate, client_address
from hub.web.door import door_of
from hub.web.links import page_url
from hub.web.origins import host_name, origin
from hub.web.own_names import OwnNames, plain_name
from hub.web.pages import send_page
from hub.web.portal import LANGUAGES, Portal, browser_host, portal_of, this_portal
from hub.web.qr import qr_code

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

bp = Blueprint("captive", __name__)
_STYLE = (Path(__file__).parent / "templates" / "captive" / "style.css").read_text(encoding="utf-8")
_STYLE_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
_POLICY = "; ".join(
    (
        f"default-src 'none'; img-src 'self'; style-src 'sha256-{_STYLE_HASH}'",
        "form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
    )
)
# What a User-Agent holds; the first that fits. Phones of Huawei without Google still say Android.
_PLATFORMS = {
    "android": ("Android", "CrOS", "Silk/", "Kindle"),
    "apple": ("iPhone", "iPad", "Macintosh", "CaptiveNetworkSupport"),
    "windows": ("Windows",),
}
_EXTENSION = "captive"


def register(app: Flask, accepted: Accepted | None) -> None:
    """Put the gate before `app`; without `accepted` it is remembered in memory who pressed "Continue"."""
    portal = portal_of(app)
    settings, door = portal.settings.captive, portal.settings.door
    devices = accepted or AcceptedInMemory(settings.hours * 3600)
    app.extensions[_EXTENSION] = devices
    app.register_blueprint(bp)
    is_blocked = blocked.register(app)
    app.wsgi_app = CaptiveGate(  # type: ignore[method-assign] # as Flask's own documentation does it
        app.wsgi_app,
        own=OwnNames(door.hub_name, door.packs_domain, *settings.names.split()),
        accepted=devices if settings.mode == "welcome" else None,
        portal_url=partial(_portal_url, portal),
        is_blocked=is_blocked,
        only_blocked=settings.mode == "off",
    )


def _portal_url(portal: Portal, environ: "WSGIEnvironment") -> str:
    """Return where the portal is, by the hub's own name, for who came in as this request did."""
    door = door_of(environ)
    if door is not None:
        return origin(door.hub_name, door.port)
    return origin(portal.settings.door.hub_name, portal.ports.portal)


@bp.get("/welcome")
def welcome() -> Response:
    """What opens when a device joins the network."""
    return _page("captive/welcome.html", qr=True)


# No session and no token: the windows of phones keep no cookie. What a forged request could do is to press
# "Continue" for whoever sends it; still, a browser that says that it comes from elsewhere is refused.
@bp.post("/welcome")
def go_on() -> Response:
    """Leave the device alone for a school day, and say what to do now."""
    if not _is_from_here(request.headers.get("Origin")):
        abort(403)
    devices: Accepted = current_app.extensions[_EXTENSION]
    devices.add(client_address(request.environ), now=time.monotonic())
    response = _page("captive/done.html", platform=_platform(request.headers.get("User-Agent", "")))
    response.headers["Cache-Control"] = "no-store"
    return response


@bp.after_request
def _allow_style(response: Response) -> Response:
    response.headers["Content-Security-Policy"] = _POLICY
    response.headers["Vary"] = "Accept-Encoding, Accept-Language"
    return response


def _page(template: str, *, qr: bool = False, platform: str = "") -> Response:
    """Return a page in the language of the device, made once for each language and name of the hub."""
    default = this_portal().settings.portal.language
    language = request.accept_languages.best_match(list(LANGUAGES), default if default in LANGUAGES else "uk")
    address = page_url("")
    cache = this_portal().pages
    key = (template, platform, language, address)
    page = cache.get(key)
    if page is None:
        with force_locale(language):
            html = render_template(
                template,
                address=address,
                language=language,
                platform=platform,
                qr=qr_code(f"{address}/") if qr else "",
                style=Markup(_STYLE),  # noqa: S704 - our own file
            )
        page = cache.put(key, html)
    return send_page(page)


def _platform(user_agent: str) -> str:
    return next((name for name, words in _PLATFORMS.items() if any(w in user_agent for w in words)), "other")


def _is_from_here(header: str | None) -> bool:
    """Whether an Origin header, where there is one, names the very host that is asked."""
    if header is None:
        return True
    try:
        said = host_name(urlsplit(header).netloc)
    except ValueError:
        return False
    return said is not None and plain_name(said) == plain_name(browser_host())
