"""Somebody in front of a screen: a tab, on a device, with a language, and the album of what was seen there."""

from dataclasses import dataclass
from pathlib import Path

from hub.web.portal import LANGUAGE_COOKIE, TEXT_SIZE_COOKIE
from support.browser import Engine
from support.serving import Served
from support.tab import PHONE, SCHOOL_PC, Size, Tab

BUILD = Path(__file__).parents[2] / "build"  # the artifacts of a run of tests


@dataclass(frozen=True, slots=True)
class Visitor:
    """A learner at the portal."""

    tab: Tab
    served: Served
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
        """Open a page of the portal."""
        self.tab.open(self.served.url + path)

    @property
    def place(self) -> str:
        """The path, and what follows it, of the page that is open."""
        return self.tab.url.removeprefix(self.served.url)

    def keep(self, name: str) -> None:
        """Keep a picture of the screen in build/screens/<engine>/<size>/<language>."""
        width, height = self.size
        folder = BUILD / "screens" / self.engine.name / f"{width}x{height}" / self.language
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{name}.png").write_bytes(self.tab.screenshot())


DEVICES = {"phone": PHONE, "pc": SCHOOL_PC}
