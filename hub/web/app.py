"""The portal's factory. It opens nothing: files and databases are read when the first page is asked for."""

from flask import Flask
from flask_babel import Babel

from hub.settings import HubPaths, HubSettings
from hub.web import (
    assets,
    captive,
    conditions,
    display,
    errors,
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
    sitemap,
    tech,
    view,
)
from hub.web.accepted import Accepted
from hub.web.origins import Ports
from hub.web.packfiles import PackFiles
from hub.web.pagecache import PageCache
from hub.web.pagefiles import PageFiles
from hub.web.portal import Portal, attach, page_language
from hub.web.shelf import Shelf

_BLUEPRINTS = (
    assets.bp,
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
    attach(app, Portal(paths, settings, ports, shelf, PackFiles(paths), PageCache(), files))
    Babel(app, locale_selector=page_language, default_translation_directories="translations")
    for blueprint in _BLUEPRINTS:
        app.register_blueprint(blueprint)
    errors.register(app)
    headers.register(app)
    display.register(app)
    conditions.register(app)
    captive.register(app, accepted)
    return app
