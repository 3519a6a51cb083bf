"""The dashboard's factory."""

from flask import Flask
from flask_babel import Babel

from provisioning.central.web import (
    account,
    alerts,
    assets,
    audit_pages,
    errors,
    filter_pages,
    fleet,
    guard,
    packs,
    pending,
    people_pages,
    preferences,
    publish,
    reports,
    rollouts,
    school,
    signin,
    signin_pages,
    state_words,
    upload_words,
    words,
)
from provisioning.central.web.dashboard import Dashboard, attach, page_language

_MOST_FIELDS = 2000  # of one form
_MOST_FORM_BYTES = 256 * 1024  # uploads have a limit of their own
_BLUEPRINTS = (
    account.bp,
    alerts.bp,
    assets.bp,
    audit_pages.bp,
    filter_pages.bp,
    fleet.bp,
    packs.bp,
    pending.bp,
    people_pages.bp,
    preferences.bp,
    publish.bp,
    reports.bp,
    rollouts.bp,
    school.bp,
    signin_pages.bp,
)


def create_dashboard(dashboard: Dashboard) -> Flask:
    """Return the dashboard of one installation; the key of its cookies is made the first time."""
    app = bare_app(dashboard)
    app.config.update(MAX_CONTENT_LENGTH=_MOST_FORM_BYTES, MAX_FORM_PARTS=_MOST_FIELDS)
    for blueprint in _BLUEPRINTS:
        app.register_blueprint(blueprint)
    errors.register(app)
    publish.register(app, dashboard)
    signin.register(app, dashboard)
    guard.register(app, dashboard)
    return app


def bare_app(dashboard: Dashboard) -> Flask:
    """Return an app that has the words of our pages, and no page."""
    app = Flask(__name__, static_folder=None)
    app.jinja_options = {"trim_blocks": True, "lstrip_blocks": True}
    attach(app, dashboard)
    Babel(app, locale_selector=page_language, default_translation_directories="translations")
    words.register(app)
    state_words.register(app)
    upload_words.register(app)
    return app
