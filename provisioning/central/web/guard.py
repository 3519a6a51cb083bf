"""What stands around every page: foreign host names are refused, and every answer carries a strict policy."""

from collections.abc import Iterable
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from flask import Flask, Response

from provisioning.central.web.dashboard import Dashboard

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

POLICY = "; ".join(
    (
        "default-src 'self'",
        "script-src 'none'",
        "object-src 'none'",
        "style-src 'self'",
        "img-src 'self'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
        "form-action 'self'",
    )
)
_ALWAYS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}
_YEAR_S = 365 * 24 * 3600
_FOREIGN = b"421: this dashboard has another name. Open it by the address that `central serve` printed.\n"


def register(app: Flask, dashboard: Dashboard) -> None:
    """Put the guard around `app`."""

    def secure(response: Response) -> Response:
        response.headers.update(_ALWAYS)
        response.headers.setdefault("Cache-Control", "no-store")
        if dashboard.is_https:
            response.headers["Strict-Transport-Security"] = f"max-age={_YEAR_S}"
        return response

    app.after_request(secure)
    app.wsgi_app = _OwnNames(app.wsgi_app, dashboard)  # type: ignore[method-assign] # as Flask documents it


class _OwnNames:
    """Answers only to its own names: a page of another site must not reach us by a name that it controls."""

    def __init__(self, app: "WSGIApplication", dashboard: Dashboard) -> None:
        self._app = app
        self._dashboard = dashboard

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Let `app` answer, or refuse."""
        if _name_of(environ.get("HTTP_HOST", "")) not in self._dashboard.names:
            headers = [("Content-Type", "text/plain; charset=utf-8"), ("Content-Length", str(len(_FOREIGN)))]
            start_response("421 Misdirected Request", headers)
            return (_FOREIGN,)
        if self._dashboard.is_https:
            environ["wsgi.url_scheme"] = "https"
        return self._app(environ, start_response)


def _name_of(host: str) -> str | None:
    try:
        parts = urlsplit(f"//{host}")
        _ = parts.port
    except ValueError:
        return None
    return parts.hostname if parts.netloc == host and "@" not in host else None


def client_address(environ: "WSGIEnvironment", dashboard: Dashboard) -> str:
    """Return who asks: as the proxy before us says, where there is one. No browser's own word counts."""
    if dashboard.is_behind_proxy:
        told: str = environ.get("HTTP_X_FORWARDED_FOR", "")
        last = told.rpartition(",")[2].strip()
        if last:
            return last[:64]
    address: str = environ.get("REMOTE_ADDR", "")
    return address
