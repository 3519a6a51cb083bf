"""Somebody in front of a screen: a tab, on a device, with a language, and the album of what was seen."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from hub.web.portal import LANGUAGE_COOKIE, TEXT_SIZE_COOKIE
from support.browser import Engine
from support.tab import PHONE, SCHOOL_PC, Size, Tab
from support.technicians import session_cookies

DEVICES = {"phone": PHONE, "pc": SCHOOL_PC}
_ROOT = Path(__file__).parents[2]
BUILD = _ROOT / "build"  # the artifacts of a run of tests
SHOWN = _ROOT / "docs" / "screens"
_SHOWN_PICTURES = (  # those that docs/ shows: `make renew`
    *("home-phone-uk", "search-phone-uk", "lesson-phone-uk", "film-phone-uk", "did-you-mean-phone-uk"),
    *("library-phone-uk", "shelf-phone-uk", "course-phone-uk", "huge-phone-uk", "missing-phone-uk"),
    *("home-pc-uk", "home-pc-en", "library-pc-uk", "search-pc-en", "lesson-pc-uk", "book-epub-pc-uk"),
    # docs/howto/admin.*.md
    *(
        "dashboard-fleet-pc-uk",
        "dashboard-school-phone-uk",
        "dashboard-rollout-pc-uk",
        "dashboard-month-pc-uk",
    ),
    # docs/howto/card.*.md
    *("config-page-phone-uk", "start-code-phone-uk", "start-overview-phone-uk", "start-cards-phone-uk"),
    *("stick-phone-uk", "power-off-phone-uk"),
)


class Portal(Protocol):
    """A portal that answers, straight or through the front door."""

    @property
    def url(self) -> str:
        """Its address, without a path."""


_OFFERS_ITSELF = """location.pathname === '/search' && [].some.call(
  document.querySelectorAll('main p a'), function (a) { return a.href === location.href })"""


@dataclass(frozen=True, slots=True)
class Visitor:
    """A learner at the portal."""

    tab: Tab
    served: Portal
    engine: Engine
    size: Size = PHONE
    language: str = "uk"

    def arrive(self, *, text_size: str = "normal", scheme: str = "light") -> None:
        """Sit down in front of an empty tab, with these preferences."""
        self.tab.show(self.size)
        self.tab.paint(color_scheme=scheme)
        cookies = {LANGUAGE_COOKIE: self.language, TEXT_SIZE_COOKIE: text_size}
        self.tab.set_cookies(self.served.url, cookies)

    def go(self, path: str) -> None:
        """Open a page of the portal; one that only the technician sees, as the technician."""
        if path.startswith("/tech/") and path != "/tech/status":
            self.tab.set_cookies(self.served.url, session_cookies(self.served.url))
        self.tab.open(self.served.url + path)
        self.tab.wait_for(self._has_all, f"all that was found at {path}")

    def _has_all(self) -> bool:
        """Tell whether a search had the answers of all ZIMs; if not, ask again, as its page offers."""
        is_late = bool(self.tab.value(_OFFERS_ITSELF))
        if is_late:
            self.tab.open(self.tab.url)
        return not is_late

    @property
    def place(self) -> str:
        """The path, and what follows it, of the page that is open."""
        return self.tab.url.removeprefix(self.served.url)

    def keep(self, name: str) -> None:
        """Keep a picture of the screen."""
        keep_picture(self.tab, self.engine, self.size, self.language, name)


def keep_picture(tab: Tab, engine: Engine, size: Size, language: str, name: str) -> None:
    """Keep a picture in build/screens/<engine>/<size>/<language>; for `make renew` in docs/screens, too."""
    width, height = size
    folder = BUILD / "screens" / engine.name / f"{width}x{height}" / language
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.png").write_bytes(tab.screenshot())
    device = next(device for device, its_size in DEVICES.items() if its_size == size)
    shown = f"{name}-{device}-{language}"
    if os.environ.get("RENEW") and engine.is_today and shown in _SHOWN_PICTURES:
        SHOWN.mkdir(exist_ok=True)
        (SHOWN / f"{shown}.webp").write_bytes(tab.screenshot("webp", quality=70))
