"""A tab of a browser, steered through the DevTools protocol: the part that Chromium 64 and today's share.

One thread, no callbacks: each call waits for its answer, and what the tab says meanwhile is written down.
"""

import base64
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import websocket

ANSWER_S = 30.0
_LOOK_S, _QUIET_LOOKS = 0.05, 3
Json = dict[str, Any]


class BrowserError(Exception):
    """The browser refused a command, a script failed, or the tab is gone."""


@dataclass
class Request:
    """What the tab asked for; `bytes` are those on the wire, headers included."""

    url: str
    status: int = 0
    bytes: int = 0
    is_cached: bool = False
    is_over: bool = False
    announced_bytes: int | None = None


class Channel:
    """The commands and events of one tab."""

    def __init__(self, url: str) -> None:
        self._socket = websocket.create_connection(
            url, timeout=ANSWER_S, suppress_origin=True, http_no_proxy=["127.0.0.1"]
        )
        self._last = 0
        self._loads = 0
        self._contexts: dict[str, int] = {}  # of scripts, by the frame that they run in
        self._requests: dict[str, Request] = {}
        self.complaints: list[str] = []  # errors in the console
        self.dialogs: list[str] = []  # dismissed at once
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.call(f"{domain}.enable")

    def close(self) -> None:
        """Let go of the tab, which stays."""
        self._socket.close()

    def call(self, method: str, **params: object) -> Json:
        """Give a command and return its answer."""
        number = self._send(method, params)
        deadline = time.monotonic() + ANSWER_S
        while time.monotonic() < deadline:
            message = self._read()
            if message.get("id") == number:
                if "error" in message:
                    raise BrowserError(f"{method}: {message['error']['message']}")
                result: Json = message["result"]
                return result
        raise BrowserError(f"{method}: no answer within {ANSWER_S:g} s")

    @contextmanager
    def loading(self) -> Iterator[None]:
        """Return from the block only when a page that it asked for has loaded."""
        before = self._loads
        yield
        deadline = time.monotonic() + ANSWER_S
        while self._loads == before:
            if time.monotonic() > deadline:
                raise BrowserError(f"no page was loaded within {ANSWER_S:g} s")
            self._read()

    def value(self, expression: str, *, frame: str | None = None) -> Any:
        """Return what a JavaScript expression gives, or its promise brings, in a frame or in the page."""
        where: Json = {"contextId": self.context(frame)} if frame else {}
        answer = self.call(
            "Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True, **where
        )
        if "exceptionDetails" in answer:
            details = answer["exceptionDetails"]
            raise BrowserError(details.get("exception", {}).get("description") or details["text"])
        return answer["result"].get("value")

    def run(self, function: str, *arguments: object, frame: str | None = None) -> Any:
        """Return what a JavaScript function gives for these arguments."""
        words = ", ".join(json.dumps(argument) for argument in arguments)
        return self.value(f"({function})({words})", frame=frame)

    def frames(self) -> dict[str, str]:
        """Return the address of each frame inside the page by its id, outer ones first."""
        found: dict[str, str] = {}
        rest = [*self.call("Page.getFrameTree")["frameTree"].get("childFrames", [])]
        while rest:
            tree = rest.pop(0)
            found[tree["frame"]["id"]] = tree["frame"]["url"]
            rest += tree.get("childFrames", [])
        return found

    def settle(self) -> None:
        """Return when nothing has been on its way for a moment; for pages that have come to rest."""
        quiet, deadline = 0, time.monotonic() + ANSWER_S
        while quiet < _QUIET_LOOKS and time.monotonic() < deadline:
            time.sleep(_LOOK_S)
            quiet = quiet + 1 if self.is_quiet() else 0

    def is_quiet(self) -> bool:
        """Tell whether nothing is on its way."""
        self.value("1")  # reads what the tab had to say
        return all(request.is_over for request in self._requests.values())

    def take_requests(self) -> list[Request]:
        """Return what was asked for since the last time."""
        taken = [request for request in self._requests.values() if not request.url.startswith("data:")]
        self._requests.clear()
        return taken

    def screenshot(self, kind: str = "png", **options: object) -> bytes:
        """Return a picture of what is on the screen."""
        return base64.b64decode(self.call("Page.captureScreenshot", format=kind, **options)["data"])

    def context(self, frame: str) -> int:
        """Return where scripts of a frame run, for commands that want it."""
        if frame not in self._contexts:
            raise BrowserError(f"no scripts run in the frame {frame}")
        return self._contexts[frame]

    def _send(self, method: str, params: Json) -> int:
        self._last += 1
        try:
            self._socket.send(json.dumps({"id": self._last, "method": method, "params": params}))
        except (OSError, websocket.WebSocketException) as error:
            raise BrowserError(f"the tab is gone: {error}") from error
        return self._last

    def _read(self) -> Json:
        try:
            message: Json = json.loads(self._socket.recv())
        except (OSError, ValueError, websocket.WebSocketException) as error:
            raise BrowserError(f"the tab is gone, or says nothing: {error}") from error
        if "method" in message:
            self._note(message["method"], message["params"])
        return message

    def _note(self, event: str, params: Json) -> None:
        match event:
            case "Page.loadEventFired":
                self._loads += 1
            case "Page.javascriptDialogOpening":
                self.dialogs.append(params["message"])
                self._send("Page.handleJavaScriptDialog", {"accept": False})
            case "Runtime.exceptionThrown":
                details = params["exceptionDetails"]
                self.complaints.append(details.get("exception", {}).get("description") or details["text"])
            case "Runtime.consoleAPICalled" if params["type"] == "error":
                self.complaints.append(str([a.get("value", a.get("description")) for a in params["args"]]))
            case "Log.entryAdded" if params["entry"]["level"] == "error":
                entry = params["entry"]
                self.complaints.append(f"{entry['text']} {entry.get('url', '')}")
            case _ if event.startswith("Runtime.executionContext"):
                self._note_context(event, params)
            case _ if event.startswith("Network."):
                self._note_request(event, params)

    def _note_context(self, event: str, params: Json) -> None:
        match event:
            case "Runtime.executionContextCreated":
                facts = params["context"].get("auxData", {})
                if facts.get("isDefault"):
                    self._contexts[facts["frameId"]] = params["context"]["id"]
            case "Runtime.executionContextDestroyed":
                gone = params["executionContextId"]
                self._contexts = {frame: number for frame, number in self._contexts.items() if number != gone}
            case "Runtime.executionContextsCleared":
                self._contexts.clear()

    def _note_request(self, event: str, params: Json) -> None:
        number = params.get("requestId", "")
        if event == "Network.requestWillBeSent":
            self._close_redirect(number, params)
            self._requests[number] = Request(params["request"]["url"])
        elif number in self._requests:
            request = self._requests[number]
            if event == "Network.responseReceived":
                request.status = params["response"]["status"]
                request.is_cached = request.is_cached or params["response"].get("fromDiskCache", False)
                request.announced_bytes = _announced_bytes(params["response"])
            elif event == "Network.requestServedFromCache":
                request.is_cached = True
            elif event == "Network.loadingFailed":
                request.is_over = True
            elif event == "Network.loadingFinished":
                request.is_over = True
                request.bytes = int(params["encodedDataLength"])
                if request.announced_bytes is not None:  # 64 counts a page as it is when unpacked
                    request.bytes = min(request.bytes, request.announced_bytes)

    def _close_redirect(self, number: str, params: Json) -> None:
        if "redirectResponse" in params and number in self._requests:
            answer = params["redirectResponse"]
            self._requests[number].status = answer["status"]
            self._requests[number].is_over = True
            self._requests[number].bytes = int(answer.get("encodedDataLength", 0))
            self._requests[f"{number} {len(self._requests)}"] = self._requests.pop(number)


def _announced_bytes(response: Json) -> int | None:
    """Return how long an answer is by its own headers, theirs included."""
    headers = {name.lower(): value for name, value in response["headers"].items()}
    if "content-length" not in headers:
        return None
    return int(headers["content-length"]) + int(response.get("encodedDataLength", 0))
