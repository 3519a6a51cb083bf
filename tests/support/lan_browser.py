"""A browser without a window on a device of the class: names from the hub, cookies, forms."""

import re
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from urllib.parse import urlencode

from support.netns import Client

HUB_NAME = "hub.lan"
SLOW_S = 60.0  # an emulated hub on a busy machine


@dataclass(frozen=True, slots=True)
class Page:
    """What came back."""

    address: str  # that the name led to
    status: int
    headers: dict[str, str]
    body: bytes
    seconds: float

    @property
    def text(self) -> str:
        """The body, as UTF-8."""
        return self.body.decode()

    @property
    def is_online(self) -> bool:
        """Whether this leads to no sign-in page of a Wi-Fi."""
        return "welcome" not in self.headers.get("location", "")


@dataclass(slots=True)
class LanBrowser:
    """One person's browser; `server` answers its questions for names."""

    device: Client
    server: str
    cookies: dict[str, str] = field(default_factory=dict)

    def get(self, path: str, host: str = HUB_NAME, **send: str) -> Page:
        """Open a page; `send` are further headers, as in Range="bytes=0-9"."""
        return self._ask(path, host, send=send)

    def post(self, path: str, **values: str) -> Page:
        """Send the form on the page of this path."""
        page = self.get(path)
        known = re.search(r'name="csrf_token" value="([^"]+)"', page.text)
        assert known, f"{path}: no form: {page}"
        form = urlencode({"csrf_token": known[1], **values})
        return self._ask(path, HUB_NAME, method="POST", form=form, send={"Origin": f"http://{HUB_NAME}"})

    def press(self, path: str, host: str = HUB_NAME) -> Page:
        """Send an empty form that has no token, as "Continue" is."""
        return self._ask(path, host, method="POST")

    def sign_in(self, name: str, password: str) -> None:
        """Fill in the sign-in form."""
        answer = self.post("/signin", name=name, password=password)
        assert answer.status == 303, answer.text

    def _ask(self, path: str, host: str, *, send: dict[str, str] | None = None, **more: str) -> Page:
        headers = dict(send or {})
        if self.cookies and host == HUB_NAME:
            headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        question = {"do": "page", "host": host, "path": path, "server": self.server, "send": headers}
        (said,) = self.device.ask({**question, "timeout_s": SLOW_S, **more}, timeout_s=2 * SLOW_S)
        if host == HUB_NAME:
            given = SimpleCookie(said["headers"].get("set-cookie", ""))
            self.cookies.update({name: morsel.value for name, morsel in given.items()})
        body = said["body"].encode("latin-1")
        return Page(said["address"], said["status"], said["headers"], body, said["seconds"])
