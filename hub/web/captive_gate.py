"""The gate before the portal: what comes for a foreign host is a probe, or somebody who shall find the hub.

It stands before Flask, since every phone of a class asks several times a minute: an answer is three look-ups.

    own name          passed on
    foreign, probe    before "Continue" a redirect to /welcome; after it what the probe's maker would say
    foreign, other    a redirect: to /welcome, or home where the device is accepted already
"""

import time
from collections.abc import Callable, Iterable
from html import escape
from typing import TYPE_CHECKING

from hub.web.accepted import Accepted
from hub.web.origins import host_name
from hub.web.own_names import OwnNames, plain_name
from hub.web.probes import Answer, find_success

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

# Else a phone would go by what it was told in another network, or before "Continue".
_NO_STORE = ("Cache-Control", "no-store")
_PROXIES = ("127.0.0.1", "::1", "")  # on this machine; "" is a Unix socket's
_MAPPED = "::ffff:"  # an IPv4 client of a socket that listens on ::


class CaptiveGate:
    """A WSGI application before `app`. `accepted` is None in silent mode: every probe hears yes at once."""

    def __init__(
        self,
        app: "WSGIApplication",
        *,
        own: OwnNames,
        accepted: Accepted | None,
        portal_url: str,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._app = app
        self._own = own
        self._accepted = accepted
        self._clock = clock
        self._home = _redirect(f"{portal_url}/")
        self._welcome = _redirect(f"{portal_url}/welcome")

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Answer, or let `app` answer."""
        # Ubuntu asks for a name that ends with a dot, so that no search domain is tried.
        name = host_name(environ.get("HTTP_HOST", "").replace(".:", ":").removesuffix("."))
        name = name and plain_name(name)
        if not name or self._own.has(name):  # without a usable name: an old program, not a lost learner
            return self._app(environ, start_response)
        answer = self._answer(name, environ)
        start_response(answer.status, [*answer.headers, _NO_STORE])
        return () if environ["REQUEST_METHOD"] == "HEAD" else (answer.body,)

    def _answer(self, name: str, environ: "WSGIEnvironment") -> Answer:
        accepted = self._accepted
        if accepted is not None and not accepted.has(client_address(environ), now=self._clock()):
            return self._welcome
        return find_success(name, environ.get("PATH_INFO", "")) or self._home


def _redirect(url: str) -> Answer:
    # With a body: Android takes an empty answer for success and one of up to 4 bytes for a broken network.
    body = f'<!doctype html><title>302</title><a href="{escape(url)}">{escape(url)}</a>\n'.encode()
    headers = (
        ("Location", url),
        ("Content-Type", "text/html; charset=utf-8"),
        ("Content-Length", str(len(body))),
    )
    return Answer("302 Found", headers, body)


def client_address(environ: "WSGIEnvironment") -> str:
    """Return who asks; what a proxy says is believed only of one on this machine."""
    address: str = environ.get("REMOTE_ADDR", "")
    if address in _PROXIES:
        address = environ.get("HTTP_X_REAL_IP", address)
    return address.removeprefix(_MAPPED)
