"""Table 3: how soon a first page is there on a slow line and an old phone, beside Kolibri and kiwix-serve."""

import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path

from bench import load, servers
from bench.measure import first_line, note
from bench.serving import KOLIBRI, make_site
from bench.tables import Goal, Row, Table
from support.browser import ENGINES, Browser
from support.npm import NotFetchedError
from support.tab import PHONE, Tab

LINE_BITS_PER_S, ROUND_TRIP_S, SLOWER = 400_000, 0.3, 6.0
FIRST_VIEW_BYTES, FIRST_VIEW_S = 60_000, 4.0
OURS, LEARN, KIWIX = "portal", "Kolibri's Learn", "kiwix-serve"
_LONGEST_S, _QUIET_S = 300.0, 2.0
_TIMES = """new Promise(function (done) {
  var painted = performance.getEntriesByType('paint').filter(
    function (p) { return p.name === 'first-contentful-paint' });
  var first = painted.length ? painted[0].startTime : null;
  if (!(window.PerformanceObserver && PerformanceObserver.supportedEntryTypes)) return done([first, first]);
  new PerformanceObserver(function (seen) { done([first, seen.getEntries().pop().startTime]) }).observe(
    {type: 'largest-contentful-paint', buffered: true});
  setTimeout(function () { done([first, first]) }, 2000);
})"""


@dataclass(frozen=True, slots=True)
class View:
    """One page in one browser: when something was painted, when its largest part, and what came for it."""

    who: str
    engine: str
    first_paint_s: float
    shown_s: float
    requests: int
    bytes: int


def measure(folder: Path, book: Path) -> Table:
    """Open each home page once in a browser that has never seen it."""
    note("a hub with a ZIM of the textbook, a chapter of it as a web pack, and a film")
    site = make_site(folder, book)
    views, left_out = [], []
    with ExitStack() as stack:
        note("starting the portal, kiwix-serve and Kolibri")
        portal = stack.enter_context(servers.portal(site.hub_dir))
        kiwix = stack.enter_context(servers.kiwix(site.zim))
        kolibri = stack.enter_context(servers.kolibri(site.hub_dir))
        homes = {
            OURS: f"http://127.0.0.1:{portal.port}/",
            LEARN: f"http://127.0.0.1:{kolibri.port}{load.final_path(kolibri.port, '/learn/')}",
            KIWIX: f"http://127.0.0.1:{kiwix.port}/",
        }
        for engine in ENGINES.values():
            try:
                with Browser(engine, folder / engine.name) as browser:
                    views += [_view(browser, who, url) for who, url in homes.items()]
            except NotFetchedError as error:
                left_out.append(f"{engine.name}: {error}")
    versions = {
        "kiwix-serve": first_line("kiwix-serve", "--version"),
        "Kolibri": first_line(str(KOLIBRI), "--version"),
    }
    return Table(
        "First view",
        list(_rows(views)),
        [*_notes(), *left_out],
        [asdict(view) for view in views],
        versions | {"hub": version("classroom-hub")},
    )


def _view(browser: Browser, who: str, url: str) -> View:
    note(f"{who} in {browser.engine.name}")
    tab = browser.tab()
    tab.show(PHONE)
    tab.open("about:blank")
    tab.call("Network.clearBrowserCache")
    tab.be_new()
    tab.set_line(bits_per_s=LINE_BITS_PER_S, round_trip_s=ROUND_TRIP_S, slower=SLOWER)
    tab.call("Page.navigate", url=url)
    _wait_until_quiet(tab)
    tab.set_line()
    first, shown = tab.value(_TIMES)
    asked = tab.take_requests()
    return View(
        who,
        browser.engine.name,
        (first or 0) / 1000,
        (shown or 0) / 1000,
        len(asked),
        sum(r.bytes for r in asked),
    )


def _wait_until_quiet(tab: Tab) -> None:
    """Return when nothing has been on its way for a while, or after five minutes."""
    deadline, quiet_since = time.monotonic() + _LONGEST_S, time.monotonic()
    while time.monotonic() < min(deadline, quiet_since + _QUIET_S):
        if not tab.is_quiet() or tab.value("document.readyState") != "complete":
            quiet_since = time.monotonic()
        time.sleep(0.1)


def _rows(views: list[View]) -> Iterator[Row]:
    for engine in dict.fromkeys(view.engine for view in views):
        by_who = {view.who: view for view in views if view.engine == engine}
        ours = by_who.pop(OURS)
        for who, theirs in by_who.items():
            case = f"home page, {engine}"
            yield Row(
                case, "until shown", "s", ours.shown_s, who, theirs.shown_s, Goal("≤ 4 s", FIRST_VIEW_S)
            )
            yield Row(
                case, "on the wire", "B", ours.bytes, who, theirs.bytes, Goal("≤ 60 KB", FIRST_VIEW_BYTES)
            )


def _notes() -> list[str]:
    return [
        f"the browser's own emulation: {LINE_BITS_PER_S / 1000:g} kbit/s, {ROUND_TRIP_S * 1000:g} ms,"
        f" a processor {SLOWER:g} times slower than this one; a screen of {PHONE[0]} × {PHONE[1]};"
        " nothing kept from before",
        "shown: the largest part was painted (Chromium 64 tells of the first part only); 0: nothing was",
        "the portal: `hub serve` alone; on the card nginx will stand in front",
    ]
