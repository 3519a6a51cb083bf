"""What every answer of the portal carries: a strict policy, and what caches may do."""

from http import HTTPStatus

from flask import Flask, Response

from hub.web.portal import content_url


def register(app: Flask) -> None:
    """Add the headers to every answer of `app`."""
    app.after_request(_secure)


def _secure(response: Response) -> Response:
    response.headers.setdefault("Content-Security-Policy", _policy(response.status_code))
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["X-Frame-Options"] = "DENY"
    response.headers["Referrer-Policy"] = "same-origin"
    response.headers.setdefault("Cache-Control", "no-cache")
    response.headers.setdefault("Vary", "Accept-Encoding, Cookie")
    return response


def _policy(status: int) -> str:
    # Status 400: the browser sent no host name that could stand here.
    packs = "'none'" if status == HTTPStatus.BAD_REQUEST else content_url("")
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
