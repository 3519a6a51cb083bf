"""Two headless browsers that talk to loopback and nobody else: Debian's Chromium, and Chromium 64 from npm.

`python -m support.browser` fetches what comes from npm, so that no test waits for it.
"""

import http.client
import json
import os
import re
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from support.cdp import BrowserError
from support.npm import Release, cached, fetch_release
from support.tab import Tab
from support.waiting import wait_for

CHROMIUM_64 = Release(
    "chrome-aws-lambda",
    "64.0.3264",
    "sha512-3XpUhpg5Qlbq8V/Pk5gzfSqcq3wSlfT1N98yzDY8a+PrrROx9XUCntkg4W1ZmisqLsWhmRLZQrKtDjTRBttwig==",
)
AXE = Release(
    "axe-core",
    "4.14.1",
    "sha512-FHfa+lmNjQZfJz1q8wKqIDwC6DExcHt/pkjNQb09a3NPjCKg2rhu5qb2S4r76ASyFNNtuFooJpZe37OgudVGtQ==",
)
MAX_RESTARTS = 3
_START_S = 30.0
_UNPACK = (  # npm comes with node, and node can do brotli
    "const fs = require('fs'), [from, to] = process.argv.slice(1);"
    "fs.createReadStream(from).pipe(require('zlib').createBrotliDecompress()).pipe(fs.createWriteStream(to))"
)
_FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--no-proxy-server",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    # The hosts that packs have behind the front door are names of this machine; no other name exists.
    "--host-resolver-rules=MAP *.lan 127.0.0.1, MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
    "--remote-debugging-port=0",
)
_TODAY_FLAGS = (
    "--disable-quic",
    "--disable-component-extensions-with-background-pages",
    # All frames in one process, as on a phone with little memory: what keeps a pack away from the portal must
    # be the pages' own rules, and one connection reaches every frame.
    "--disable-site-isolation-trials",
    "--disable-features=IsolateSandboxedIframes,OriginKeyedProcessesByDefault,BackForwardCache",
)


def find_chromium_64() -> Path:
    """Return Chromium 64, which is had once and then kept in the cache."""
    program = cached("chromium-64") / "chromium"
    if not program.exists():
        with tempfile.TemporaryDirectory(dir=program.parent) as scratch:
            package = fetch_release(CHROMIUM_64, Path(scratch) / "package")
            unpacked = Path(scratch) / "chromium"
            words = ["node", "-e", _UNPACK, package / "bin" / "chromium.br", unpacked]
            subprocess.run([str(word) for word in words], check=True)
            unpacked.chmod(0o755)
            unpacked.rename(program)
    return program


def find_axe() -> Path:
    """Return the script of axe-core, which is had once and then kept in the cache."""
    script = cached(f"axe-{AXE.version}") / "axe.min.js"
    if not script.exists():
        with tempfile.TemporaryDirectory(dir=script.parent) as scratch:
            (fetch_release(AXE, Path(scratch) / "package") / "axe.min.js").rename(script)
    return script


@dataclass(frozen=True, slots=True)
class Engine:
    """One of the two; `is_today` where it knows dark colours, reduced motion and the accessibility tree."""

    name: str
    find: Callable[[], Path]
    flags: tuple[str, ...] = ()
    is_today: bool = False


ENGINES = {
    engine.name: engine
    for engine in (
        Engine("chromium", lambda: Path("/usr/bin/chromium"), _TODAY_FLAGS, is_today=True),
        Engine("chromium-64", find_chromium_64),
    )
}


@dataclass
class Browser:
    """A running browser with one tab; one that died is started again, a few times."""

    engine: Engine
    folder: Path
    restarts: int = 0
    _process: "subprocess.Popen[bytes] | None" = None
    _tab: Tab | None = field(default=None, repr=False)

    def __enter__(self) -> Self:
        self._start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._end()

    def tab(self) -> Tab:
        """Return its tab, alive."""
        try:
            assert self._tab is not None
            self._tab.value("1")
        except BrowserError as error:
            self.restarts += 1
            assert self.restarts <= MAX_RESTARTS, f"{self.engine.name} died again and again: {error}"
            self._end()
            self._start()
        assert self._tab is not None
        return self._tab

    def pages(self) -> list[str]:
        """Return the addresses of all its tabs."""
        return [target["url"] for target in self._targets() if target["type"] == "page"]

    def _start(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        command = [str(self.engine.find()), *_FLAGS, *self.engine.flags]
        command += [f"--user-data-dir={self.folder / f'profile-{self.restarts}'}", "about:blank"]
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=os.environ | {"LANGUAGE": "uk"}
            )
        wait_for(lambda: self._port() or self._has_ended(), timeout_s=_START_S, seen=self._log.read_text)
        wait_for(self.pages, timeout_s=_START_S)
        target = next(target for target in self._targets() if target["type"] == "page")
        self._tab = Tab(target["webSocketDebuggerUrl"])

    def _end(self) -> None:
        if self._tab is not None:
            self._tab.close()
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(10)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()

    @property
    def _log(self) -> Path:
        return self.folder / "log"

    def _has_ended(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, f"{self.engine.name} ended:\n{self._log.read_text()[-2000:]}"
        return False

    def _port(self) -> int | None:
        found = re.search(
            r"DevTools listening on ws://127\.0\.0\.1:(\d+)/", self._log.read_text(errors="replace")
        )
        return int(found[1]) if found else None

    def _targets(self) -> list[dict[str, str]]:
        port = self._port()
        assert port is not None
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_START_S)
        try:
            connection.request("GET", "/json/list")
            targets: list[dict[str, str]] = json.loads(connection.getresponse().read())
        finally:
            connection.close()
        return targets


if __name__ == "__main__":
    for find in (find_chromium_64, find_axe):
        print(f"browsers: {find()}")
