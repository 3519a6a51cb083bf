"""The portal's factory. It opens nothing: files and databases are read when the first page is asked for."""

from collections.abc import Iterable
from functools import partial
from typing import TYPE_CHECKING

from flask import Flask
from flask_babel import Babel

from hub.clock import hub_now
from hub.settings import HubPaths, HubSettings
from hub.usage import Usage
from hub.web import (
    accounts,
    assets,
    captive,
    conditions,
    display,
    errors,
    first_start,
    fragments,
    guide,
    headers,
    home,
    library,
    metrics,
    neighbour,
    news,
    opds,
    pack,
    preferences,
    search,
    signin,
    signin_pages,
    sitemap,
    tech,
    texts,
    view,
)
from hub.web.accepted import Accepted
from hub.web.origins import Ports, host_name
from hub.web.packfiles import PackFiles
from hub.web.pagecache import PageCache
from hub.web.pagefiles import PageFiles
from hub.web.portal import Portal, attach, page_language
from hub.web.shelf import Shelf

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

_BLUEPRINTS = (
    accounts.bp,
    assets.bp,
    first_start.bp,
    guide.bp,
    home.bp,
    library.bp,
    metrics.bp,
    neighbour.bp,
    news.bp,
    opds.bp,
    pack.bp,
    preferences.bp,
    search.bp,
    signin_pages.bp,
    sitemap.bp,
    tech.bp,
    view.bp,
)


def create_portal(
    paths: HubPaths, settings: HubSettings, *, ports: Ports, accepted: Accepted | None = None
) -> Flask:
    """Return the portal for one hub; `ports` tell it where browsers find it and the packs' origin.

    `accepted` remembers who pressed "Continue" on the page of the Wi-Fi; None: only this portal does.
    """
    app = Flask(__name__, static_folder=None)
    app.jinja_options = {"trim_blocks": True, "lstrip_blocks": True}
    app.url_map.strict_slashes = True
    shelf = Shelf(paths)
    files = PageFiles(paths, shelf)
    usage = Usage(paths, partial(hub_now, paths.trust))
    attach(app, Portal(paths, settings, ports, shelf, PackFiles(paths), PageCache(), files, usage))
    Babel(app, locale_selector=page_language, default_translation_directories="translations")
    texts.register(app)
    for blueprint in _BLUEPRINTS:
        app.register_blueprint(blueprint)
    errors.register(app)
    headers.register(app)
    signin.register(app)
    display.register(app)
    fragments.register(app)
    conditions.register(app)
    app.wsgi_app = _NamedHost(app.wsgi_app)  # type: ignore[method-assign] # as Flask's own documentation does it
    captive.register(app, accepted)
    return app


class _NamedHost:
    """Passes a Host that is no name on as an empty one: Flask cannot even make its error page for some."""

    def __init__(self, app: "WSGIApplication") -> None:
        self._app = app

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Let `app` answer."""
        if host_name(environ.get("HTTP_HOST", "")) is None:
            environ |= {"HTTP_HOST": "", "SERVER_NAME": "localhost"}
        return self._app(environ, start_response)
