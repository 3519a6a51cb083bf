"""The cookie of whoever signs in: signed, and worth twelve hours of this boot.

It is made only for those who open a page that needs it; learners have none, and finished pages never look
at it. Its age is counted by CLOCK_BOOTTIME: the hub's clock may be set at any moment, by years, and must
neither sign anybody out nor let an old cookie live. When the hub is switched off, everybody is signed out.
For the same reason the browser is told no date: it forgets the cookie when it is closed.
"""

import time
from typing import Any

from flask import Flask, Request, Response
from flask.json.tag import TaggedJSONSerializer
from flask.sessions import SecureCookieSession, SessionInterface, SessionMixin
from itsdangerous import BadSignature, URLSafeSerializer

from hub.accounts import read_session_key
from hub.clock import read_boot_id
from hub.web.portal import portal_of

COOKIE = "hub_session"
LIFETIME_S = 12 * 3600.0  # portal.md §2.5: a working day
_BEGAN, _BOOT = "_at", "_boot"


class BootSessions(SessionInterface):
    """Sessions in a cookie that the hub's own key signs; the key is read when the first one is needed."""

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession:
        """Return what the cookie holds; nothing where it is forged, old, or of an earlier boot."""
        value = request.cookies.get(COOKIE)
        if not value:
            return SecureCookieSession()
        try:
            held = _signer(app).loads(value)
        except BadSignature:
            return SecureCookieSession()
        return SecureCookieSession(held) if _is_alive(held) else SecureCookieSession()

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        """Give the browser what changed."""
        if not session.modified:
            return
        options: dict[str, Any] = {"httponly": True, "samesite": "Lax", "path": "/"}
        if not any(not key.startswith("_") for key in session):
            response.delete_cookie(COOKIE, **options)
            return
        session.setdefault(_BEGAN, time.clock_gettime(time.CLOCK_BOOTTIME))
        session.setdefault(_BOOT, read_boot_id())
        response.set_cookie(COOKIE, _signer(app).dumps(dict(session)), **options)


def ready_key(app: Flask) -> None:
    """Let `app` have its key, for what else is signed with it."""
    if app.secret_key is None:
        app.secret_key = read_session_key(portal_of(app).paths).decode()


def _signer(app: Flask) -> URLSafeSerializer:
    ready_key(app)
    return URLSafeSerializer(str(app.secret_key), salt="session", serializer=TaggedJSONSerializer())


def _is_alive(held: object) -> bool:
    if not isinstance(held, dict) or held.get(_BOOT) != read_boot_id():
        return False
    age_s = time.clock_gettime(time.CLOCK_BOOTTIME) - float(held.get(_BEGAN, 0))
    return 0 <= age_s < LIFETIME_S
