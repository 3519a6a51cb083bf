"""A day in the office, as docs/howto/day.en.md tells it: every command is typed as it stands there.

The office's machine is a real one in namespaces, with accounts, mounts and sshd as `central sshd-config
--apply` makes them; the schools' cards start as the image starts them. Before a stick comes, a month passes.
"""

import csv
import io
import json
import os
import re
import subprocess
import sys
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, build_opener

import pytest

from support.depot_host import DepotHost

ROOT = Path(__file__).parents[2]
GUIDE = ROOT / "docs/howto/day.en.md"
BIN = Path(sys.executable).parent
BLOCK = re.compile(r"^```sh ?(\S*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
FINGERPRINT = r"\b(?:[A-Z0-9]{4}-){3}[A-Z0-9]{4}\b"
APPROVAL = re.compile(rf"(enrol (h-\d+) --approve) {FINGERPRINT}")
NO_SYSTEMD = "--inbox-mib 0 || [ $? = 74 ]"  # here: the server is started by hand, and no disk is mounted
MONTH = timedelta(days=31)

pytestmark = pytest.mark.timeout(600)


def blocks(language="en"):
    """Return what is typed in the guide: where ("": in the office), and the lines."""
    found = BLOCK.findall(GUIDE.with_name(f"day.{language}.md").read_text(encoding="utf-8"))
    return [(where, text.splitlines()) for where, text in found]


def signed_in(url, link):
    """Choose a password by a link of the dashboard; return what reads its pages from then on."""
    browser = build_opener(HTTPCookieProcessor())
    browser.addheaders = [("Accept-Language", "uk"), ("Origin", url)]
    token = re.search(r'csrf_token" value="([^"]+)', browser.open(url + link).read().decode())[1]
    form = {"csrf_token": token, "password": "three red horses", "again": "three red horses"}
    browser.open(url + link, urlencode(form).encode())
    return lambda path: browser.open(url + path).read().decode()


def on_paper(page):
    """Return what a report shows on paper: without what is for the screen, and when it was printed."""
    main = page[page.index("<main>") : page.index("</main>")]
    return re.sub(r'<p class="hint">.*?</p>| · станом на [^<]*', "", main)


class Card:
    """A card of a school, started as the image does it, and its hub."""

    def __init__(self, day, folder):
        self.day, self.folder = day, folder
        for part in ("root/etc", "fat", "data"):
            (folder / part).mkdir(parents=True)

    def boot(self, config):
        (self.folder / "fat/hub-config.txt").write_bytes(config.read_bytes())
        places = [
            f"--{part}={self.folder / place}"
            for part, place in (("root", "root"), ("boot", "fat"), ("data", "data"))
        ]
        self.day.run(BIN / "hub", "card", "boot", *places)

    @property
    def hub(self):
        return self.folder / "data/hub"

    @property
    def status(self):
        return self.folder / "fat/hub-status.txt"

    @property
    def fingerprint(self):
        return re.search(FINGERPRINT, self.status.read_text(encoding="utf-8-sig"))[0]

    def sync(self):
        """Let the timer start a sync; return its exit code. What it says is shown where the test fails."""
        ran = self.day.run(BIN / "hub", "--dir", self.hub, "sync", "--no-neighbours", check=False)
        print(self.folder.name, ran.stdout, ran.stderr)
        if ran.returncode == os.EX_TEMPFAIL:
            print(self.day.host.log[-3000:])
        return ran.returncode

    def edition(self):
        """Return which edition of the lesson learners see."""
        current = self.hub / "packs/fractions/current"
        return int(current.readlink().name) if current.is_symlink() else None


class Day:
    """The office, its schools, and the time that passes."""

    def __init__(self, host, home):
        self.host, self.home = host, home
        self.untyped, self.exports = blocks(), []
        self.passed = timedelta()
        self.cards = {}
        (home / "stick").mkdir(parents=True)
        self.run("cp", "-r", ROOT / "samples", home)

    def type(self, begins):
        """Type the next block of the guide, which begins so, where it belongs; return what was said."""
        where, lines = self.untyped.pop(0)
        assert lines[0].startswith(begins), f"the guide goes on with {lines[0]!r}"
        self.exports += [line for line in lines if line.startswith("export ")]
        script = self._here("\n".join([f"cd {self.home}", *self.exports, *lines]))
        if where:
            return self.run("bash", "-ec", script, hub=self.cards[where].hub).stdout
        before = self._keys()
        said = self.run(*self.host.inside, "bash", "-ec", script).stdout
        if self._keys() != before and self.host.is_running:  # as systemd does: hub-accounts.path
            self.host.apply("--accounts-only")
        return said

    @contextmanager
    def type_and_browse(self, begins):
        """Type a block that ends with a command that stays; give a browser that is signed in by the link."""
        where, lines = self.untyped[0]
        *before, stays = lines
        self.untyped[0] = (where, before)
        link = re.search(r"^/link/\S+$", self.type(begins), re.MULTILINE)[0]
        script = self._here("\n".join([*self.exports, f"exec {stays}"]))
        with subprocess.Popen(
            ["bash", "-ec", script],
            env=self._environment(None),
            stdout=subprocess.PIPE,
            text=True,
        ) as serving:
            try:
                yield signed_in(serving.stdout.readline().strip().rstrip("/"), link)
            finally:
                serving.terminate()

    def _here(self, script):
        """Return the script with what is of this machine instead of what the guide takes for an example."""
        for told, meant in {
            "/srv/central": str(self.host.office),
            "depot.example --port 2222": f"127.0.0.1 --port {self.host.port} {NO_SYSTEMD}",
            "/media/stick": str(self.home / "stick"),
            "2026-11": self.month,
            "central serve": "central serve --port 0",
        }.items():
            script = script.replace(told, meant)
        return APPROVAL.sub(lambda match: f"{match[1]} {self.cards[match[2]].fingerprint}", script)

    @property
    def month(self):
        return f"{datetime.now(UTC) + self.passed:%Y-%m}"

    def _keys(self):
        folder = self.host.office / "hub-keys"
        return {path.name: path.read_bytes() for path in folder.iterdir()} if folder.is_dir() else {}

    def run(self, *words, check=True, hub=None):
        done = subprocess.run(
            [str(word) for word in words],
            cwd=self.home,
            env=self._environment(hub),
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert not check or done.returncode == 0, f"{words}: {done.returncode}\n{done.stdout}{done.stderr}"
        return done

    def _environment(self, hub):
        named = {"PATH": f"{BIN}:{os.environ['PATH']}", "HOME": str(self.home)}
        if hub is not None:
            named["HUB_DIR"] = str(hub)
        if self.passed:
            (library,) = Path("/usr/lib").glob("*/faketime/libfaketime.so.1")
            named |= {"LD_PRELOAD": str(library), "FAKETIME": f"+{self.passed.days}d"}
            named["FAKETIME_DONT_FAKE_MONOTONIC"] = "1"
        return os.environ | named

    def central(self, *words):
        ran = self.run(BIN / "central", "--dir", self.host.office, *words, "--json")
        return json.loads(ran.stdout)

    def rollout(self, number):
        """Return how a rollout stands, and what its hubs do."""
        told = self.central("rollout", "status", number)
        return told["rollout"]["state"], {hub["hub_id"]: hub["state"] for hub in told["hubs"]}

    def start_card(self, hub_id):
        """Flash a card, put the office's file on it, switch on."""
        card = self.cards[hub_id] = Card(self, self.home / f"{hub_id}-{len(list(self.home.iterdir()))}")
        card.boot(self.home / f"card-{hub_id.removeprefix('h-')}.txt")

    def come(self, *hub_ids):
        """Let the timers of these hubs start a sync; return their exit codes."""
        return [self.cards[hub_id].sync() for hub_id in hub_ids]

    def editions(self):
        return {hub_id: card.edition() for hub_id, card in self.cards.items()}


@pytest.fixture
def day(tmp_path):
    with DepotHost(tmp_path / "host", is_founded=False) as host:
        yield Day(host, tmp_path / "home")


def test_every_command_of_the_guide_does_what_it_says(day):
    made = day.type("export CENTRAL_DIR=")
    assert "done: made the group hubs" in made
    assert "done: \n" not in made, "everything that was done is said"
    day.host.start()

    day.type('central card "Школа № 101"')
    for hub_id in ("h-101", "h-102", "h-103"):
        day.start_card(hub_id)
    assert day.come("h-101", "h-103") == [77, 77], "they ask"
    day.type("central enrol --pending")
    day.run("cp", day.cards["h-102"].status, day.home / "hub-status.txt")
    tried = day.type("central enrol --from-status")
    assert "refused" in tried

    day.type("packs check")
    assert day.come("h-101", "h-103") == [0, 0]
    assert "never" in day.type("central ingest")
    assert day.editions() == {"h-101": 1, "h-102": None, "h-103": 1}

    day.type("central replace h-103")
    broken = day.cards["h-103"]
    assert broken.sync() == 77
    day.start_card("h-103")
    assert day.come("h-103") == [77], "it asks"
    day.type("central enrol --pending")
    assert day.come("h-103") == [0]
    assert broken.sync() == 77

    day.type("sed -i")
    assert day.come("h-101", "h-103") == [0, 0]
    assert day.editions() == {"h-101": 2, "h-102": None, "h-103": 1}, "the pilot school alone"
    day.type("hub packs --rollback")
    assert day.come("h-101") == [0]
    stopped = day.type("central ingest")
    assert "paused" in stopped
    assert day.rollout(1) == ("paused", {"h-101": "failed", "h-102": "pending", "h-103": "pending"})
    assert day.come("h-101", "h-103") == [0, 0]
    assert day.editions() == {"h-101": 1, "h-102": None, "h-103": 1}, "nobody else has seen it"

    day.type("central rollout abort")
    assert day.come("h-101", "h-103") == [0, 0]
    assert day.editions() == {"h-101": 3, "h-102": None, "h-103": 1}
    day.type("central ingest")
    assert day.come("h-101", "h-103") == [0, 0]
    assert day.editions() == {"h-101": 3, "h-102": None, "h-103": 3}
    day.central("ingest")

    day.passed = MONTH
    assert day.come("h-101", "h-103") == [0, 0]
    day.type("central usb")
    day.type("hub sync --from")
    assert day.cards["h-102"].edition() == 3
    day.type("central ingest --from")
    assert day.rollout(2) == ("finished", dict.fromkeys(("h-101", "h-102", "h-103"), "ok"))

    day.central("ingest")
    report = day.type("central fleet")
    assert all(f"Школа № {number}" in report for number in (101, 102, 103))
    told = (day.home / f"report-{day.month}.csv").read_text(encoding="utf-8")
    table = {row["hub_id"]: row for row in csv.DictReader(io.StringIO(told))}
    paper = (day.home / f"report-{day.month}.html").read_text(encoding="utf-8")
    assert paper.count('<section class="sheet') == 4, "the municipality, and three schools"
    for hub_id, row in table.items():
        [sheet] = [part for part in paper.split("<section")[2:] if hub_id in part]
        figures = re.findall(r"<dd>([^ <]+)", sheet)
        assert figures[:2] == [row["days_in_contact"], row["opens"]]
        assert f"{row['packs_current']} з {row['packs_wanted']}" in sheet
    assert table["h-102"]["days_by_stick"] == "1"

    day.passed = timedelta()  # the dashboard's threads do not sleep well in a made-up time
    day.run(BIN / "central", "--dir", day.host.office, "report", day.month, "--html", day.home / "paper.html")
    with day.type_and_browse("central people add") as browse:
        paper = on_paper((day.home / "paper.html").read_text(encoding="utf-8"))
        assert on_paper(browse(f"/reports/{day.month}/paper?schools=1")) == paper
        alone = on_paper(browse(f"/schools/h-101/report/{day.month}/paper"))
        assert re.findall("<dd>.*?</dd>", alone) == re.findall("<dd>.*?</dd>", paper.split("<section")[2])
    assert day.untyped == [], "every command was typed"


def test_both_languages_type_the_same():
    assert blocks("uk") == blocks("en")
