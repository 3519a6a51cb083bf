"""What the pages of one dashboard share: the installation, how browsers reach it, the language of a page."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from urllib.parse import urlsplit

from flask import current_app, g, request
from flask.sansio.app import App

from content_packs.errors import UsageError
from provisioning.central.office import Office

LANGUAGES = {"uk": "Українська", "en": "English"}
LANGUAGE_COOKIE = "language"
_EXTENSION = "dashboard"
_LOOPBACK = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True)
class Dashboard:
    """Given to `create_dashboard` once, read by every page."""

    office: Office
    url: str = ""  # as browsers reach it, where a proxy stands before it: https://office.example
    hosts: tuple[str, ...] = field(default=_LOOPBACK)  # names that it answers to, without `url`

    @cached_property
    def names(self) -> frozenset[str]:
        """The names of a Host header that are this dashboard's."""
        return frozenset({urlsplit(self.url).hostname or ""} if self.url else self.hosts)

    @property
    def is_https(self) -> bool:
        """Whether browsers come over TLS."""
        return self.url.startswith("https:")

    @property
    def is_behind_proxy(self) -> bool:
        """Whether X-Forwarded-For is the proxy's word, and not anybody's."""
        return bool(self.url)


def check_url(url: str) -> str:
    """Return an address of the dashboard without a path.

    Raises:
        UsageError: it is none.
    """
    try:
        parts = urlsplit(url)
        is_right = parts.scheme in ("http", "https") and bool(parts.hostname)
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        is_right, port = False, ""
    if not is_right or parts.path.strip("/") or parts.query or parts.fragment or parts.username:
        raise UsageError(
            f"--url {url!r:.80}: expected how browsers reach it, without a path",
            hint="For example https://office.example",
        )
    name = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    return f"{parts.scheme}://{name}{port}"


def attach(app: App, dashboard: Dashboard) -> None:
    """Give `app` its dashboard."""
    app.extensions[_EXTENSION] = dashboard


def this_dashboard() -> Dashboard:
    """Return the dashboard of the running request."""
    dashboard: Dashboard = current_app.extensions[_EXTENSION]
    return dashboard


def this_office() -> Office:
    """Return the installation that the running request is about."""
    return this_dashboard().office


def now() -> datetime:
    """Return the time that the running request works with."""
    if "now" not in g:
        g.now = datetime.now(UTC)
    moment: datetime = g.now
    return moment


def page_language() -> str:
    """Return the language of the page: the one that was chosen, else the one that the browser asks for."""
    chosen = request.cookies.get(LANGUAGE_COOKIE, "")
    if chosen in LANGUAGES:
        return chosen
    return request.accept_languages.best_match(list(LANGUAGES)) or "uk"
