"""Table 2: requests per second of the portal beside those of nginx, Flask, kiwix-serve and Kolibri."""

import random
import re
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, replace
from importlib.metadata import version
from itertools import groupby, permutations
from operator import itemgetter
from pathlib import Path

from bench import load, servers
from bench.load import Target
from bench.measure import family, first_line, note, pss_bytes, run
from bench.servers import Server
from bench.tables import Goal, Row, Table
from hub.web.search import HITS_ON_A_PAGE
from support.kolibri import KOLIBRI
from support.lessons import mp4
from support.road import Road
from support.sources import PAGE, write_source

MB = 1_000_000
ZIM_PACK, SITE_PACK, VIDEO = "book", "chapter", "film.mp4"
CHAPTER = "m00116.html"  # of the ZIM, 16 kB
VIDEO_BYTES = 32 * MB
RANGE = {"Range": f"bytes={4 * MB}-{5 * MB - 1}"}
WORDS = (
    *("variables", "floating", "loops", "strings", "function", "lists"),
    *("dictionary", "files", "recursion", "exceptions", "modules", "inheritance"),
    *("index", "values", "class", "object", "program", "output"),
)
HOME, SMALL, LARGE = "home page", "file of a pack, 16 kB", "file of a pack, 1 MB range"
ARTICLE, SEARCH = "ZIM article", "search, always another word"
SEARCH_PAIRS, SEARCH_AGAIN = "search, always other two words", "search, a class's words"
OURS, NGINX, FLASK, KIWIX = "portal", "nginx static", "Flask send_file", "kiwix-serve"
DOOR, CHECKED = "front door", "nginx that follows no link"
ON_THE_CARD = {HOME: 0.3, SMALL: 0.9, LARGE: 0.9}  # × nginx static
KOLIBRI_PAGE, KOLIBRI_KEPT, KOLIBRI_API = "Kolibri's page", "Kolibri's, kept", "Kolibri's API"
RENDERED_PAGES = 10_000  # addresses of it: more than it renders in a run
ROUND_S = 2  # of one server under one load
DIFFERENT_WORDS = 600
_WORD = re.compile(r"\b[a-z]{4,14}\b")
SETTLE_S = 3.0  # what a server still does at its start is not counted as idle


@dataclass(frozen=True, slots=True)
class Measured:
    """One server under one load; `cpu_ms` is what all its processes used for each request."""

    case: str
    who: str
    requests_per_s: float
    cpu_ms: float
    answer_bytes: int
    faults: str


@dataclass(frozen=True, slots=True)
class Site:
    """The same content, for each server in its own way."""

    hub_dir: Path
    zim: Path
    root: Path  # of the files, for nginx and Flask


def measure(folder: Path, book: Path, *, rounds: int) -> Table:
    """Measure all, in so many rounds for each case; `book` is a version of the textbook."""
    note("a hub with a ZIM of the textbook, a chapter of it as a web pack, and a film")
    site = make_site(folder, book)
    with ExitStack() as stack:
        note("starting the portal, nginx, Flask, kiwix-serve and Kolibri")
        running = {
            "portal": stack.enter_context(servers.portal(site.hub_dir)),
            "flask": stack.enter_context(servers.flask_send_file(folder, site.root)),
            "nginx": stack.enter_context(servers.nginx(folder / "nginx", site.root)),
            "door": stack.enter_context(servers.door(site.hub_dir)),
            "kiwix-serve": stack.enter_context(servers.kiwix(site.zim)),
            "kolibri": stack.enter_context(servers.kolibri(site.hub_dir)),
            "announce": stack.enter_context(servers.announce(site.hub_dir)),
        }
        time.sleep(SETTLE_S)
        memory = _memory(running)
        load.save(running["portal"].port, "/", site.root / "home.html")
        cases = groupby(_targets(running, _list_words(book)), key=itemgetter(0))
        samples = [sample for case, of_case in cases for sample in _measured(case, list(of_case), rounds)]
    return Table(
        "Serving",
        [*_rows({(s.case, s.who): s.requests_per_s for s in samples}), *_memory_rows(memory)],
        _notes(rounds),
        [asdict(sample) for sample in samples],
        _versions(),
    )


def make_site(folder: Path, book: Path) -> Site:
    """Sync a hub with a ZIM of the book, a chapter of it and a film, and lay the same out for the peers."""
    root, zim = folder / "root", folder / f"{ZIM_PACK}.zim"
    root.mkdir()
    run([sys.executable, "-m", "bench.zim", book, zim])
    sources = [
        _source(folder, {f"{ZIM_PACK}.zim": zim}, id=ZIM_PACK, kind="zim", entry=None),
        _source(folder, {"index.html": _page(root)}, id=SITE_PACK, kind="web"),
        _source(folder, {VIDEO: _film(root)}, id="films", kind="files", entry=None),
    ]
    road = Road(folder / "road", hub_id="h-bench")
    try:
        road.publish(*sources)
        road.assign(*(source.name for source in sources))
        synced = road.sync()
        assert synced.code == 0, synced.err
    finally:
        road.stop()
    return Site(road.hub, zim, root)


def _source(folder: Path, files: Mapping[str, Path], **fields: object) -> Path:
    data = {name: path.read_bytes() for name, path in files.items()}
    return write_source(folder / str(fields["id"]), data, language="en", **fields)


def _page(root: Path) -> Path:
    path = root / "index.html"
    path.write_text(PAGE.format("Дроби", "Половина яблука та ще чверть. " * 280), encoding="utf-8")
    return path


def _film(root: Path) -> Path:
    path = root / VIDEO
    path.write_bytes(mp4(random.Random(0).randbytes(VIDEO_BYTES)))
    return path


def _list_words(book: Path) -> list[str]:
    """Return the words that most pages of the book use, without those that all do."""
    pages = [path.read_text(encoding="utf-8") for path in sorted(book.glob("*.html"))]
    found = Counter(word for page in pages for word in set(_WORD.findall(page.lower())))
    return [word for word, count in found.most_common() if count < len(pages) / 2][:DIFFERENT_WORDS]


def _targets(running: Mapping[str, Server], words: Sequence[str]) -> Iterator[tuple[str, str, Target]]:
    """Yield case, server and what it is asked; the servers of one case stand together."""
    portal, flask, nginx = running["portal"], running["flask"], running["nginx"]
    kiwix, kolibri = running["kiwix-serve"], running["kolibri"]
    learn = load.final_path(kolibri.port, "/learn/")
    yield HOME, OURS, Target(portal.pid, portal.port, ["/"], holds=b"<h1")
    rendered = [f"{learn}?n={number}" for number in range(RENDERED_PAGES)]
    yield HOME, KOLIBRI_PAGE, Target(kolibri.pid, kolibri.port, rendered, holds=b"kolibri")
    yield HOME, KOLIBRI_KEPT, Target(kolibri.pid, kolibri.port, [learn], holds=b"kolibri")
    yield HOME, KOLIBRI_API, Target(kolibri.pid, kolibri.port, ["/api/public/v1/channels"], holds=b"[")
    door = running["door"]
    by_name = {"Host": f"hub.lan:{door.port}"}
    yield HOME, DOOR, Target(door.pid, door.port, ["/"], by_name, holds=b"<h1")
    yield HOME, NGINX, Target(nginx.pid, nginx.port, ["/home.html"], holds=b"<h1")
    servers = portal, door, flask, nginx
    yield from _file_targets(SMALL, f"/p/{SITE_PACK}/index.html", "/index.html", {}, servers)
    yield from _file_targets(LARGE, f"/p/films/{VIDEO}", f"/{VIDEO}", RANGE, servers)
    article = f"/raw/{ZIM_PACK}/content/{CHAPTER}"
    yield ARTICLE, OURS, Target(portal.pid, portal.content_port, [f"/z/{ZIM_PACK}/{CHAPTER}"], holds=b"<html")
    yield ARTICLE, KIWIX, Target(kiwix.pid, kiwix.port, [article], holds=b"<html")
    pairs = [f"{first}+{second}" for first, second in permutations(WORDS, 2)]
    for case, queries in ((SEARCH, words), (SEARCH_PAIRS, pairs), (SEARCH_AGAIN, WORDS)):
        asked = [f"/search?q={query}" for query in queries]
        yield case, OURS, Target(portal.pid, portal.port, asked, holds=b'class="hits"')
        if queries is WORDS:  # one address may search ten times a second: the rest of these would be refused
            yield case, DOOR, Target(door.pid, door.port, asked, by_name, holds=b'class="hits"')
        asked = [
            f"/search?content={ZIM_PACK}&pattern={query}&pageLength={HITS_ON_A_PAGE}" for query in queries
        ]
        yield case, KIWIX, Target(kiwix.pid, kiwix.port, asked, holds=b'class="book-title"')


def _file_targets(
    case: str,
    ours: str,
    theirs: str,
    headers: Mapping[str, str],
    running: tuple[Server, Server, Server, Server],
) -> Iterator[tuple[str, str, Target]]:
    portal, door, flask, nginx = running
    status = 206 if headers else 200
    yield case, OURS, Target(portal.pid, portal.content_port, [ours], headers, status=status)
    yield case, DOOR, Target(door.pid, door.content_port, [ours], headers, status=status)
    yield case, FLASK, Target(flask.pid, flask.port, [theirs], headers, status=status)
    yield case, NGINX, Target(nginx.pid, nginx.port, [theirs], headers, status=status)
    checked = servers.NGINX_CHECKED + theirs.removeprefix("/")
    yield case, CHECKED, Target(nginx.pid, nginx.port, [checked], headers, status=status)


def _measured(case: str, targets: Sequence[tuple[str, str, Target]], rounds: int) -> Iterator[Measured]:
    """Yield the best round of each server of a case: they take turns, as others work on this machine too."""
    rates: dict[str, list[load.Rate]] = {who: [] for _, who, _ in targets}
    for number in range(rounds):
        for _, who, target in targets:
            note(f"{who}, {case}, round {number + 1}")
            rates[who].append(load.measure(_from(target, number / rounds), seconds=ROUND_S))
    for who, measured in rates.items():
        best = max(measured, key=lambda rate: rate.requests_per_s)
        faults = "; ".join(rate.faults for rate in measured if rate.faults)
        yield Measured(case, who, best.requests_per_s, best.cpu_ms, best.answer_bytes, faults)


def _from(target: Target, share: float) -> Target:
    """Begin elsewhere in each round, or caches would answer: Kolibri keeps a page for 15 s."""
    start = int(len(target.paths) / load.THREADS * share)
    return replace(target, paths=[*target.paths[start:], *target.paths[:start]])


def _rows(rates: Mapping[tuple[str, str], float]) -> Iterator[Row]:
    """Yield ours beside each peer: gunicorn alone, then as on the card; with the goals of GOALS.md."""
    goals = {
        (HOME, KOLIBRI_PAGE): ("≥ 30 × Kolibri's page", 30.0),
        (SMALL, FLASK): ("≥ 1 × Flask send_file", 1.0),
        (LARGE, FLASK): ("≥ 1 × Flask send_file", 1.0),
        (SEARCH, KIWIX): ("≥ 6 × kiwix-serve", 6.0),
        (SEARCH_PAIRS, KIWIX): ("≥ 6 × kiwix-serve", 6.0),
        (SEARCH_AGAIN, KIWIX): ("≥ 6 × kiwix-serve", 6.0),
    }
    for (case, who), theirs in rates.items():
        if who not in (OURS, DOOR, CHECKED):
            words, factor = goals.get((case, who), ("", 0.0))
            goal = Goal(words, factor * theirs, at_least=True) if words else None
            yield Row(case, "requests", "1/s", rates[case, OURS], who, theirs, goal)
    ours, theirs = rates[SEARCH_AGAIN, DOOR], rates[SEARCH_AGAIN, KIWIX]
    goal = Goal("≥ 6 × kiwix-serve", 6 * theirs, at_least=True)
    yield Row(f"{SEARCH_AGAIN}, on the card", "requests", "1/s", ours, KIWIX, theirs, goal)
    for case, factor in ON_THE_CARD.items():
        ours, theirs = rates[case, DOOR], rates[case, NGINX]
        goal = Goal(f"≥ {factor} × nginx static", factor * theirs, at_least=True)
        yield Row(f"{case}, on the card", "requests", "1/s", ours, NGINX, theirs, goal)
        if (case, CHECKED) in rates:
            yield Row(f"{case}, on the card", "requests", "1/s", ours, CHECKED, rates[case, CHECKED])


def _memory(running: Mapping[str, Server]) -> dict[str, int]:
    """Return the idle memory of each part; kiwix-serve, as a child of the portal, is a part of its own."""
    all_of_portal = family(running["portal"].pid)
    kiwix = [pid for pid in all_of_portal if Path(f"/proc/{pid}/comm").read_text().startswith("kiwix")]
    return {
        "portal": pss_bytes(set(all_of_portal) - set(kiwix)),
        "announce": pss_bytes(family(running["announce"].pid)),
        "kiwix-serve": pss_bytes(kiwix),
        "Kolibri": pss_bytes(family(running["kolibri"].pid)),
    }


def _memory_rows(memory: Mapping[str, int]) -> Iterator[Row]:
    yield Row("memory, idle", "PSS of the portal", "B", memory["portal"])
    own = memory["portal"] + memory["announce"]
    goal = Goal("portal, sync timer and announce ≤ 90 MB", 90 * MB)
    yield Row("memory, idle", "PSS of portal and announce", "B", own, goal=goal)
    goal = Goal("with Kolibri and kiwix-serve ≤ 330 MB", 330 * MB)
    yield Row("memory, idle", "PSS of all", "B", sum(memory.values()), "Kolibri", memory["Kolibri"], goal)


def _notes(rounds: int) -> list[str]:
    return [
        f"wrk with {load.CONNECTIONS} connections that stay open, {load.THREADS} threads, on the servers' own"
        f" cores; the servers of a case take turns, {rounds} rounds of {ROUND_S} s each, and the best one"
        " counts; the first addresses were asked before, and the answers looked at",
        "portal: gunicorn alone, as `hub serve` runs it; on the card: behind `hub front-door`, whose nginx"
        " sends finished pages and files of packs by itself; both nginx have a worker for each core",
        "home: nginx serves the portal's own page as a file; Flask: send_from_directory on gunicorn gthread,"
        f" one worker of {servers.FLASK_THREADS} threads, as the portal",
        "Kolibri's page: of Learn, each time rendered; kept: as its cache of 15 s gives it to all who are not"
        " signed in",
        f"search: over the text of one ZIM (the textbook); always another: {DIFFERENT_WORDS} words of the"
        f" book, or pairs of {len(WORDS)} words, in turn, more than a cache holds; a class's: the same"
        f" {len(WORDS)} words in turn; both show {HITS_ON_A_PAGE} hits at most, with a snippet each, and find"
        " about as many: kiwix-serve stems more (`objective` for `object`), and keeps the last two searches",
        "article: through the portal's proxy beside kiwix-serve asked directly",
        "memory: `hub announce` speaks on loopback here; the sync timer is systemd's, so no process of ours",
        "nothing is corrected for what else this machine was doing",
    ]


def _versions() -> dict[str, str]:
    return {
        "nginx": first_line("nginx", "-v"),
        "kiwix-serve": first_line("kiwix-serve", "--version"),
        "Kolibri": first_line(str(KOLIBRI), "--version"),
        "wrk": first_line("wrk", "-v"),
        "Flask": version("flask"),
        "gunicorn": version("gunicorn"),
    }
