"""The gate before the portal: what comes for a foreign host is a probe, or somebody who shall find the hub.

It stands before Flask, since every phone of a class asks several times a minute: an answer is three look-ups.

    own name          passed on
    foreign, probe    before "Continue" a redirect to /welcome; after it what the probe's maker would say
    foreign, blocked  once the device is accepted, a redirect to the page that says so
    foreign, other    a redirect: to /welcome, or home where the device is accepted already
"""

import time
from collections.abc import Callable, Iterable
from functools import lru_cache
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
_MAPPED = "::ffff:"  # an IPv4 client of a socket that listens on ::


class CaptiveGate:
    """A WSGI application before `app`.

    `accepted` is None in silent mode: every probe hears yes at once. `portal_url` tells where the portal is
    for who asks so, as far as the path. With `only_blocked` all foreign hosts but blocked ones are the app's.
    """

    def __init__(
        self,
        app: "WSGIApplication",
        *,
        own: OwnNames,
        accepted: Accepted | None,
        portal_url: Callable[["WSGIEnvironment"], str],
        is_blocked: Callable[[str], bool] = lambda _: False,
        only_blocked: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._app = app
        self._own = own
        self._accepted = accepted
        self._clock = clock
        self._portal_url = portal_url
        self._is_blocked = is_blocked
        self._only_blocked = only_blocked

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Answer, or let `app` answer."""
        name = host_name(environ.get("HTTP_HOST", ""))
        name = name and plain_name(name)
        if not name or self._own.has(name):  # without a usable name: an old program, not a lost learner
            return self._app(environ, start_response)
        if self._only_blocked and not self._is_blocked(name):
            return self._app(environ, start_response)
        answer = self._answer(name, environ)
        start_response(answer.status, [*answer.headers, _NO_STORE])
        return (answer.body,)  # to a HEAD the server sends the headers alone

    def _answer(self, name: str, environ: "WSGIEnvironment") -> Answer:
        accepted = self._accepted
        if accepted is not None and not accepted.has(client_address(environ), now=self._clock()):
            return _redirect(f"{self._portal_url(environ)}/welcome")
        answer = find_success(name, environ.get("PATH_INFO", ""))
        if answer is None and self._is_blocked(name):
            return _redirect(f"{self._portal_url(environ)}/blocked?name={name}")
        return answer or _redirect(f"{self._portal_url(environ)}/")


@lru_cache(maxsize=16)
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
    """Return who asks. No header is believed: anybody could press "Continue" for another, or for nobody."""
    address: str = environ.get("REMOTE_ADDR", "")
    return address.removeprefix(_MAPPED)
