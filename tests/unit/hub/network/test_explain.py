"""What is said of a name: by which rule, and until when."""

import json
import time
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise

import pytest
from click.testing import CliRunner

from content_packs.errors import UsageError
from hub.cli import cli
from hub.clock import hub_moment, read_boot_id
from hub.network.explain import Facts, explain, plain
from hub.network.filters import take_filter
from hub.network.lessons import class_moment
from hub.network.paths import NetworkPaths
from hub.settings import HubPaths
from hub.uplink.limits import Moment
from support.filter_pack import install
from support.serving import write_settings

ALWAYS = "www.bing.com z\ncasino.example b\nyoutube-like.example j\n"
LESSON = "duckduckgo.com g\ngames.example i\n"
ALLOW = "safe.casino.example\n"
IN_LESSON, AFTER = "2026-11-27T09:00", "2026-11-27T16:00"  # a Friday


@pytest.fixture
def places(tmp_path):
    hub = HubPaths(tmp_path / "hub")
    paths = NetworkPaths.beside(hub)
    lists = {"lesson": LESSON, "allow": ALLOW}
    install(hub, 7, ALWAYS, **lists)
    return hub, paths, take_filter(hub, paths, ram_bytes=0)[0]


def facts(used, at=IN_LESSON, **more):
    moment = Moment(datetime.fromisoformat(at), is_known=more.pop("known", True))
    return Facts(
        used, ("hub.lan", "hubpacks.lan"), moment, **{"policy": "filtered", "hub": "10.83.16.1"} | more
    )


@pytest.mark.parametrize(
    ("name", "at", "verdict", "listed", "rule", "category", "answer"),
    [
        ("hub.lan", AFTER, "hub", "", "", "", "10.83.16.1"),
        ("p-maths.hubpacks.lan", AFTER, "hub", "", "", "", "10.83.16.1"),
        ("printer.lan", AFTER, "local", "", "", "", "NXDOMAIN"),
        ("printer", AFTER, "local", "", "", "", "NXDOMAIN"),
        ("use-application-dns.net", AFTER, "canary", "use-application-dns.net", "", "", "NXDOMAIN"),
        ("dns.google", AFTER, "doh", "dns.google", "", "", "NXDOMAIN"),
        ("casino.example", AFTER, "blocked", "casino.example", "always", "gambling", "198.51.100.2"),
        ("www.casino.example", AFTER, "blocked", "casino.example", "always", "gambling", "198.51.100.2"),
        ("xcasino.example", AFTER, "open", "", "", "", ""),
        ("a.safe.casino.example", AFTER, "allowed", "safe.casino.example", "allow", "", ""),
        ("games.example", IN_LESSON, "blocked", "games.example", "lesson", "games", "198.51.100.2"),
        ("games.example", AFTER, "open", "", "", "", ""),
        ("www.google.com.ua", AFTER, "safe-search", "www.google.com.ua", "safe-search", "", "216.239.38.120"),
        ("www.bing.com", AFTER, "blocked", "www.bing.com", "always", "other", "198.51.100.2"),
        (
            "www.duckduckgo.com",
            AFTER,
            "safe-search",
            "www.duckduckgo.com",
            "safe-search",
            "",
            "52.142.126.100",
        ),
        ("www.duckduckgo.com", IN_LESSON, "blocked", "duckduckgo.com", "lesson", "social", "198.51.100.2"),
        ("wikipedia.org", IN_LESSON, "open", "", "", "", ""),
    ],
)
def test_verdicts(places, name, at, verdict, listed, rule, category, answer):
    _, paths, used = places
    found = explain(name, facts(used, at), paths)
    assert (found.verdict, found.listed, found.rule, found.category, found.answer) == (
        *(verdict, listed, rule, category, answer),
    )


@pytest.mark.parametrize(
    ("at", "known", "blocked", "until"),
    [
        (IN_LESSON, True, True, "2026-11-27T15:00"),
        (AFTER, True, False, "2026-11-30T08:30"),
        (AFTER, False, True, None),  # whoever does not know the time cannot say when it ends
    ],
)
def test_until_when(places, at, known, blocked, until):
    _, paths, used = places
    found = explain("games.example", facts(used, at, known=known), paths)
    assert found.is_blocked is blocked
    assert found.lesson_rule is not blocked
    assert (found.until.isoformat(timespec="minutes") if found.until else None) == until
    assert explain("casino.example", facts(used, at, known=known), paths).until is None


def test_without_internet_or_filter_every_name_leads_to_the_hub(places):
    _, paths, used = places
    assert explain("casino.example", facts(used, policy="off"), paths).verdict == "no-internet"
    none = explain("casino.example", facts(type(used)()), paths)
    assert (none.verdict, none.answer) == ("no-filter", "198.51.100.1")


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Casino.Example.", "casino.example"),
        ("https://user@casino.example:8443/path?x=1", "casino.example"),
        ("http://казино.укр/", "xn--80aodfsg.xn--j1amh"),
        ("casino.example/x", "casino.example"),
    ],
)
def test_a_name_is_taken_out_of_what_people_paste(text, name):
    assert plain(text) == name


@pytest.mark.parametrize(
    "text", ["", "http://", "a b", "x" * 300, "<script>", "-\n-", "ex..ample" + "." * 300]
)
def test_what_is_no_name_is_told(text):
    with pytest.raises(UsageError, match="expected a name"):
        plain(text)


def command(hub, *words):
    done = CliRunner().invoke(cli, ["--dir", str(hub.dir), "filter", *words])
    assert done.exit_code == 0, done.output
    return done.output


def test_the_command_tells_a_person_and_a_program(places):
    hub, *_ = places
    write_settings(hub)
    hub.run.mkdir()
    state = {"format": 1, "boot": read_boot_id(), "pid": 1, "lan": {"hub": "10.83.16.1"}}
    state["internet"] = {"policy": "filtered", "open": True, "online": True}
    (hub.run / "network.json").write_text(json.dumps(state))
    assert command(hub, "explain", "www.casino.example") == (
        "www.casino.example: blocked\n"
        "  rule:   always blocked, category gambling, as all below casino.example is\n"
        "  answer: 198.51.100.2\n"
        "  filter: filter version 7\n"
    )
    assert "until:  2026-11-27 15:00" in command(hub, "explain", "games.example", "--at", IN_LESSON)
    assert "blocked in lessons, from 2026-11-30 08:30" in command(
        hub, "explain", "games.example", "--at", AFTER
    )
    told = json.loads(command(hub, "explain", "games.example", "--at", IN_LESSON, "--json"))
    assert (told["verdict"], told["until"], told["version"], told["open"]) == (
        *("blocked", "2026-11-27T15:00", 7, True),
    )
    assert "filter version 7: 3 domains always blocked\nin lessons (mon-fri 08:30-15:00" in command(
        hub, "show"
    )
    assert json.loads(command(hub, "show", "--json"))["lesson"] == 2


def test_on_another_computer_it_says_so(tmp_path):
    hub = HubPaths(tmp_path / "hub")
    write_settings(hub)
    assert "nobody keeps a network on this machine" in command(hub, "explain", "casino.example")


@pytest.fixture
def in_kyiv(monkeypatch):
    monkeypatch.setenv("TZ", "Europe/Kyiv")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize("changes", ["2027-03-28T01:00+00:00", "2027-10-31T01:00+00:00"])
@pytest.mark.parametrize(
    "lessons",
    [
        "mon-fri 08:30-15:00",
        "mon-sun 00:00-06:00,22:00-24:00",  # a dormitory
        "sun 00:00-24:00",
        "sat 23:30-24:00; sun 00:00-00:30; mon 00:00-02:30",
    ],
)
@pytest.mark.usefixtures("in_kyiv")
def test_what_is_told_is_what_happens_over_midnight_and_where_the_clock_changes(tmp_path, changes, lessons):
    hub = HubPaths(tmp_path / "hub")
    paths = NetworkPaths.beside(hub)
    install(hub, 7, ALWAYS, lesson=LESSON, lesson_time=lessons)
    used = take_filter(hub, paths, ram_bytes=0)[0]
    began = datetime.fromisoformat(changes) - timedelta(hours=30)
    minutes = [began + timedelta(minutes=number) for number in range(72 * 60)]
    happens = [used.is_lesson(class_moment(hub, minute)) for minute in minutes]  # as the watcher asks
    bells = [at for at, (one, next_one) in enumerate(pairwise(happens), 1) if one != next_one]
    assert bells
    for at in {*range(0, len(minutes), 97), *bells, *(bell - 1 for bell in bells)}:
        moment = hub_moment(hub.trust, minutes[at])
        found = explain("games.example", replace(facts(used), moment=moment), paths)
        assert (found.in_lesson, found.is_blocked) == (happens[at], happens[at])
        following = next((bell for bell in bells if bell > at), None)
        if following is not None:
            assert found.until == hub_moment(hub.trust, minutes[following]).local
