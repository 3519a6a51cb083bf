"""What every answer of the portal carries: a strict policy, and what caches may do."""

from http import HTTPStatus

from flask import Flask, Response

from hub.web.portal import packs_source

ALWAYS = {"X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY", "Referrer-Policy": "same-origin"}
UNLESS_SAID = {"Cache-Control": "no-cache", "Vary": "Accept-Encoding, Cookie"}


def register(app: Flask) -> None:
    """Add the headers to every answer of `app`."""
    app.after_request(_secure)


def _secure(response: Response) -> Response:
    response.headers.setdefault("Content-Security-Policy", _policy(response.status_code))
    response.headers.update(ALWAYS)
    for name, value in UNLESS_SAID.items():
        response.headers.setdefault(name, value)
    return response


def _policy(status: int) -> str:
    # Status 400: the browser sent no host name that could stand here.
    return portal_policy("'none'" if status == HTTPStatus.BAD_REQUEST else packs_source())


def portal_policy(packs: str) -> str:
    """Return the policy of the portal's pages, which frame what `packs` stands for and nothing else. Pure."""
    return "; ".join(
        (
            "default-src 'self'",
            "script-src 'self'",
            "connect-src 'self'",
            "style-src 'self'",
            f"img-src 'self' {packs}" if packs != "'none'" else "img-src 'self'",
            f"media-src {packs}",
            f"object-src {packs}",
            f"frame-src {packs}",
            "frame-ancestors 'none'",
            "base-uri 'none'",
            "form-action 'self'",
        )
    )
