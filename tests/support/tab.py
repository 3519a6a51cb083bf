"""What a person does with a page: open, tap, type, look; and which screen and line a test gives them."""

import base64
import time
from collections.abc import Callable, Mapping
from typing import Any

from support.cdp import ANSWER_S, BrowserError, Channel

Size = tuple[int, int]
PHONE: Size = (360, 640)
SCHOOL_PC: Size = (1280, 800)
_KEYS: dict[str, tuple[int, str]] = {  # the number and the character that a key gives
    "Tab": (9, ""),
    "Enter": (13, "\r"),
    "Escape": (27, ""),
    "Space": (32, " "),
}
_SHIFT = 8
# Where a tap on an element lands, or what is wrong with it.
_SPOT = """function (selector) {
  function seen(e) { return e.getClientRects().length; }
  var found = [].filter.call(document.querySelectorAll(selector), seen);
  if (!found.length) return 'nothing to see there';
  found[0].scrollIntoView({block: 'center'});
  var box = found[0].getClientRects()[0], x = box.left + box.width / 2, y = box.top + box.height / 2;
  var hit = document.elementFromPoint(x, y);
  var isFree = hit && (found[0].contains(hit) || hit.contains(found[0]));
  if (!isFree) return 'covered by ' + (hit && hit.outerHTML);
  return [x, y];
}"""


class Tab(Channel):
    """A tab, as a person uses it."""

    def open(self, url: str) -> None:
        """Go to an address and wait until it has loaded."""
        with self.loading():
            failed = self.call("Page.navigate", url=url).get("errorText")
            if failed:
                raise BrowserError(f"{url}: {failed}")

    @property
    def url(self) -> str:
        """The address of the page."""
        return str(self.value("location.href"))

    def text(self, selector: str = "body") -> str:
        """Return what is written in an element; empty where there is none."""
        return str(
            self.run(
                "function (s) { var e = document.querySelector(s); return e ? e.innerText : '' }", selector
            )
        )

    def has(self, selector: str) -> bool:
        """Tell whether an element is there and can be seen."""
        seen = (
            "function (s) { var e = document.querySelector(s); return !!e && e.getClientRects().length > 0 }"
        )
        return bool(self.run(seen, selector))

    def tap(self, selector: str) -> None:
        """Tap the first visible element of a selector; fails where something lies over it."""
        spot = self.run(_SPOT, selector)
        if isinstance(spot, str):
            raise BrowserError(f"{selector}: {spot}")
        for kind in ("mousePressed", "mouseReleased"):
            self.call(
                "Input.dispatchMouseEvent", type=kind, x=spot[0], y=spot[1], button="left", clickCount=1
            )

    def follow(self, selector: str) -> None:
        """Tap a link or a button and wait for the page that it leads to."""
        with self.loading():
            self.tap(selector)

    def back(self) -> None:
        """The browser's own way back."""
        history = self.call("Page.getNavigationHistory")
        entry = history["entries"][history["currentIndex"] - 1]
        with self.loading():
            self.call("Page.navigateToHistoryEntry", entryId=entry["id"])

    def press(self, key: str, *, shift: bool = False) -> None:
        """Press a key and let it go."""
        number, character = _KEYS[key]
        code = {"key": " " if key == "Space" else key, "code": key, "windowsVirtualKeyCode": number}
        modifiers = _SHIFT if shift else 0
        down = {"type": "keyDown", "text": character} if character else {"type": "rawKeyDown"}
        self.call("Input.dispatchKeyEvent", **down, **code, modifiers=modifiers)
        self.call("Input.dispatchKeyEvent", type="keyUp", **code, modifiers=modifiers)

    def type(self, text: str) -> None:
        """Type into what has the focus."""
        for character in text:
            self.call("Input.dispatchKeyEvent", type="char", text=character)

    def wait_until(self, expression: str, *, frame: str | None = None, timeout_s: float = ANSWER_S) -> Any:
        """Return what a JavaScript expression gives as soon as that is true."""
        return self.wait_for(lambda: self.value(expression, frame=frame), expression, timeout_s=timeout_s)

    def wait_for(self, happened: Callable[[], Any], what: str, *, timeout_s: float = ANSWER_S) -> Any:
        """Return what `happened` gives as soon as that is true."""
        deadline = time.monotonic() + timeout_s
        while not (result := happened()):
            if time.monotonic() > deadline:
                raise BrowserError(
                    f"{what}: not within {timeout_s:g} s; frames: {self.frames()}; {self.text()[:400]}"
                )
            time.sleep(0.05)
        return result

    def pause(self, seconds: float) -> None:
        """Give the page time for what it should not manage to do."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            self.value("1")
            time.sleep(0.05)

    def frame(self, part: str) -> str:
        """Return the frame whose address has `part` in it, as soon as its page is there."""

        def find() -> str | None:
            return next((f for f, url in self.frames().items() if part in url and f in self._contexts), None)

        return str(self.wait_for(find, f"a frame of {part}"))

    def show(self, size: Size) -> None:
        """Have a screen of this size."""
        width, height = size
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=False,
        )

    def paint(self, medium: str = "", **features: str) -> None:
        """Have this medium ("print") and these preferences (`color_scheme="dark"`), where they are known."""
        wanted = [{"name": f"prefers-{n.replace('_', '-')}", "value": value} for n, value in features.items()]
        self.call("Emulation.setEmulatedMedia", media=medium, features=wanted)

    def print_to_pdf(self) -> bytes:
        """Return the page as it is printed on A4, with the margins of the browser."""
        paper = self.call("Page.printToPDF", paperWidth=8.27, paperHeight=11.69, printBackground=False)
        return base64.b64decode(paper["data"])

    def allow_scripts(self, allowed: bool) -> None:
        """Switch the scripts of pages on or off; ours run all the same."""
        self.call("Emulation.setScriptExecutionDisabled", value=not allowed)

    def set_line(
        self, *, bits_per_s: int | None = None, round_trip_s: float = 0.0, slower: float = 1.0
    ) -> None:
        """Have a slow line and a processor that is `slower` times slower than this one."""
        rate = bits_per_s / 8 if bits_per_s else -1
        self.call(
            "Network.emulateNetworkConditions",
            offline=False,
            latency=round_trip_s * 1000,
            downloadThroughput=rate,
            uploadThroughput=rate,
        )
        self.call("Emulation.setCPUThrottlingRate", rate=slower)

    def keep_pages(self, kept: bool) -> None:
        """Use what was kept of earlier pages, or nothing of it."""
        self.call("Network.setCacheDisabled", cacheDisabled=not kept)

    def be_new(self) -> None:
        """Forget cookies, console and requests."""
        self.call("Network.clearBrowserCookies")
        self.complaints.clear()
        self.dialogs.clear()
        self.take_requests()

    def set_cookies(self, url: str, cookies: Mapping[str, str]) -> None:
        """Have these cookies at an address."""
        for name, value in cookies.items():
            self.call("Network.setCookie", url=url, name=name, value=value)

    def cookies(self, url: str) -> dict[str, str]:
        """Return the cookies that would go to an address."""
        found = self.call("Network.getCookies", urls=[url])["cookies"]
        return {cookie["name"]: cookie["value"] for cookie in found}
