"""A tree of files on a web server: what is asked of it, where that is, and the connections to it."""

import base64
import ssl
import time
from dataclasses import dataclass, field
from urllib.parse import quote, unquote, urljoin, urlsplit

from content_packs.errors import LinkDownError, UsageError
from content_packs.transports import rules, web_answers
from content_packs.transports.address import WebAddress, parse_web
from content_packs.transports.transport import Range
from content_packs.transports.web_link import Answer, WebLink
from content_packs.transports.window import Mark, Window

MAX_AHEAD = 64  # requests without an answer
SKIP_BYTES = 16 * 1024 * 1024  # that may come in vain in a session, from a server that ignores ranges
MAX_REDIRECTS = 5  # in a row
IDLE_S = 60.0  # after which mobile networks forget a connection without a word
_TARGET = "/%:@!$&'()*+,;=~?"  # what a request target may hold as it is


@dataclass(slots=True, eq=False)
class Question:
    """A request for one file, or for some of it: for what lies in `ranges`, and what is between them."""

    path: str
    ranges: list[Range] = field(default_factory=list)  # none: the whole file
    mark: Mark | None = None
    unread_bytes: int = 0  # expected and not here yet

    @property
    def offset(self) -> int:
        """Where the first range begins."""
        return self.ranges[0].offset

    @property
    def length(self) -> int:
        """From the beginning of the first range to the end of the last."""
        return self.ranges[-1].offset + self.ranges[-1].length - self.offset

    @property
    def is_partial(self) -> bool:
        """Tell whether it is for a part of the file, even for no bytes of it."""
        return bool(self.ranges)

    @property
    def method(self) -> str:
        """HEAD where only the file's being there is wanted."""
        return "HEAD" if self.is_partial and not self.length else "GET"


class WebClient:
    """Knows one tree of files on a web server, and its connections. Not for two threads."""

    def __init__(
        self,
        address: WebAddress,
        context: ssl.SSLContext,
        *,
        connect_timeout_s: float,
        step_timeout_s: float,
    ) -> None:
        self.window = Window()
        self.ahead = 1  # requests without an answer, until the server has kept a connection open
        self.ignores_ranges = False
        self._base = address
        self._moved: dict[str, tuple[WebAddress, str]] = {}
        self._redirects = 0
        self._skipped_bytes = 0
        self._context = context
        self._timeouts_s = (connect_timeout_s, step_timeout_s)
        self._links: list[WebLink] = []
        self._idle: dict[tuple[str, str, int], tuple[WebLink, float]] = {}  # since when
        self._authorizing = {address.origin: _authorization(address)}
        self._closed = False

    def locate(self, path: str) -> tuple[WebAddress, str]:
        """Return the server to ask for a depot path, and the target to ask it for."""
        return self._moved.get(path) or (self._base, f"{self._base.root}/{quote(path)}")

    def request(self, question: Question) -> bytes:
        """Return a question as it goes over the link."""
        address, target = self.locate(question.path)
        lines = [
            f"{question.method} {target} HTTP/1.1",
            f"Host: {address.authority}",
            "User-Agent: classroom-hub",
            "Accept-Encoding: identity",
            *self._authorizing.get(address.origin, []),
        ]
        if question.is_partial and question.length and not self.ignores_ranges:
            lines.append(f"Range: bytes={question.offset}-{question.offset + question.length - 1}")
        return "\r\n".join([*lines, "", ""]).encode("latin-1")

    def take_link(self, address: WebAddress) -> WebLink:
        """Return a connection that nobody uses, or a new one."""
        if self._closed:
            raise LinkDownError("the connection to the depot was closed", hint="Open the depot again.")
        idle, since = self._idle.pop(address.origin, (None, 0.0))
        if idle is not None and time.monotonic() - since < IDLE_S:
            return idle
        if idle is not None:
            idle.close()
        connect_timeout_s, step_timeout_s = self._timeouts_s
        link = WebLink(
            address,
            self._context,
            connect_timeout_s=connect_timeout_s,
            step_timeout_s=step_timeout_s,
        )
        self._links.append(link)
        return link

    def give_back(self, link: WebLink) -> None:
        """Keep a connection for the next questions."""
        former, _ = self._idle.pop(link.address.origin, (None, 0.0))
        if former is not None:
            former.close()
        self._idle[link.address.origin] = link, time.monotonic()

    def follow(self, question: Question, answer: Answer) -> None:
        """Remember where a redirect leads: the whole tree, if it says so, or this file."""
        address, _ = self.locate(question.path)
        target = urljoin(f"{address.scheme}://{address.authority}/", answer.headers.get("Location", ""))
        self._redirects += 1
        if self._redirects > MAX_REDIRECTS:
            raise web_answers.bad_redirect(question.path, target, f"after {MAX_REDIRECTS} others")
        parts = urlsplit(target)
        try:
            there = parse_web(f"{parts.scheme}://{parts.netloc}")
        except UsageError as error:
            raise web_answers.bad_redirect(question.path, target, error.message) from error
        tail = f"/{question.path}"
        if unquote(parts.path).endswith(f"{tail}/"):  # where web servers show a folder
            raise rules.not_a_file(question.path)
        if unquote(parts.path).endswith(tail) and not parts.query:
            root = quote(unquote(parts.path).removesuffix(tail))
            self._base = WebAddress(there.scheme, there.host, there.port, root)
        else:
            where = quote(parts.path, safe=_TARGET) + (
                f"?{quote(parts.query, safe=_TARGET)}" if parts.query else ""
            )
            self._moved[question.path] = (there, where)

    def answered(self, answer: Answer) -> None:
        """Learn from an answer that is no redirect."""
        self._redirects = 0
        if not answer.is_last and not self.ignores_ranges:
            self.ahead = MAX_AHEAD

    def skip(self, path: str, size_bytes: int) -> None:
        """Count what comes in vain, or refuse it."""
        self._skipped_bytes += size_bytes
        if self._skipped_bytes > SKIP_BYTES:
            raise web_answers.without_ranges(path, self._skipped_bytes)

    @property
    def received_bytes(self) -> int:
        """Over all connections."""
        return sum(link.meter.received_bytes for link in self._links)

    @property
    def sent_bytes(self) -> int:
        """Over all connections."""
        return sum(link.meter.sent_bytes for link in self._links)

    def close(self) -> None:
        """End all connections."""
        self._closed = True
        for link in self._links:
            link.close()


def _authorization(address: WebAddress) -> list[str]:
    if not address.user:
        return []
    token = base64.b64encode(f"{address.user}:{address.password}".encode()).decode()
    return [f"Authorization: Basic {token}"]
