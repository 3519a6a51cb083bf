"""What a sync does with reports, over a depot in memory."""

import os
from contextlib import closing
from datetime import timedelta

import pytest
from nacl.public import PrivateKey

from content_packs import depot
from content_packs.errors import DiskFullError, HubKeyRefusedError, LinkDownError, NotWritableError
from content_packs.segment import SeqRange, encode_acks, make_ack, unseal
from content_packs.trust import Offer, Offers
from hub import appeals
from hub.db import open_db
from hub.events import decode_event
from hub.services import ServiceFile
from hub.settings import HubPaths, HubSettings
from hub.sync import reports
from hub.sync.plan import Action, Facts
from hub.sync.reports import Reporter
from hub.sync.road import Road
from hub.usage import Usage
from support.office import HUB, NOW

KEY = PrivateKey.generate()
INBOX = depot.inbox_dir(HUB)


class Depot:
    """A depot that takes reports, or does not."""

    url = "memory:"
    received_bytes, sent_bytes = 4000, 1000

    def __init__(self):
        self.inbox: dict[str, bytes] = {}
        self.refuses: Exception | None = None
        self.calls = 0

    def write_files(self, folder, files):
        assert folder == INBOX
        self.calls += 1
        if self.refuses:
            raise self.refuses
        self.inbox |= files

    def events(self):
        lines = [line for data in self.inbox.values() for line in unseal(data, bytes(KEY), hub_id=HUB).lines]
        return [decode_event(line) for line in lines]

    def acks(self):
        segments = [unseal(data, bytes(KEY), hub_id=HUB) for data in self.inbox.values()]
        return encode_acks([make_ack(segment.seqs, segment.receipt_key) for segment in segments])

    def kinds(self):
        return [event.kind for event in self.events()]


class Hub:
    """Makes syncs without content; only what they report is real."""

    def __init__(self, folder):
        self.paths, self.settings, self.depot = HubPaths(folder), HubSettings(HUB, "memory:"), Depot()
        self.facts = Facts(current={}, kept={})
        self.now = NOW
        self.seal_key = bytes(KEY.public_key)

    def offers(self, also=None):
        offer = Offer("maths", 2, "web", "Дроби", "uk", "0" * 64, 1, "0" * 64, 1, 1, 1)
        return Offers(HUB, (offer,), (), NOW, self.seal_key, also=also or {})

    def reporter(self, **options):
        options = {"road": Road.UPLINK} | options
        return Reporter(self.paths, self.settings, lambda: self.facts, now=lambda: self.now, **options)

    def sync(self, *, actions=(), done=(), failures=(), failure=None, reach=True, acks=None, **options):
        reporter = self.reporter(**options)
        asked = reporter.also()
        if reach:
            reporter.refreshed(self.offers(dict.fromkeys(asked, acks)), self.depot)
            reporter.planned(actions)
        reporter.ended(list(done), list(failures), failure)
        return reporter.result


@pytest.fixture
def hub(tmp_path):
    return Hub(tmp_path)


def install(version=2, size=10):
    return Action("install", "maths", version, download_bytes=size)


def test_the_first_sync_tells_everything_once(hub):
    result = hub.sync()
    assert sorted(hub.depot.kinds()) == ["health", "packs", "sync"]
    assert (result.sent, result.waiting) == (1, 1)
    packs = next(event for event in hub.depot.events() if event.kind == "packs")
    assert packs.body["want"] == {"maths": 2}


def test_a_sync_with_nothing_new_sends_nothing_until_a_day_has_passed(hub):
    hub.sync()
    for _ in range(5):
        hub.now += timedelta(hours=4)
        assert hub.sync().sent == 0
    assert hub.depot.calls == 1
    hub.now += timedelta(hours=5)
    assert hub.sync().sent == 1
    told = [event for event in hub.depot.events() if event.kind == "sync"][1]
    assert told.body["quiet"] == {"ok": 5}
    assert told.body["quiet_bytes"] == 25_000


def test_a_version_that_was_put_back_is_told_at_once_and_once(hub):
    hub.facts = Facts(current={"maths": 2}, kept={"maths": (1, 2)})
    hub.sync()
    hub.facts = Facts(current={"maths": 1}, kept={"maths": (1, 2)}, held={"maths": 2})
    assert hub.sync().sent == 1
    *_, packs = [event.body for event in hub.depot.events() if event.kind == "packs"]
    assert (packs["have"], packs["kept"]) == ({"maths": 1}, {"maths": [2]})
    assert hub.sync().sent == 0


def test_a_clock_that_jumps_back_makes_a_report_and_not_a_silence(hub):
    hub.now += timedelta(days=400)
    hub.sync()
    hub.now -= timedelta(days=400)
    assert hub.sync().sent == 2  # the one that was sent in the future, too


def test_packs_names_no_pack_twice_where_all_is_as_it_shall_be(hub):
    hub.facts = Facts(current={"maths": 2}, kept={"maths": (2,)})
    hub.sync()
    [packs] = [event.body for event in hub.depot.events() if event.kind == "packs"]
    nothing = {"want": {}, "fetching": {}, "needs_space": {}, "kept": {}}
    assert packs == {"have": {"maths": 2}} | nothing


def test_packs_tells_what_differs(hub):
    hub.facts = Facts(current={"maths": 1, "old": 4}, kept={"maths": (1, 2), "old": (4,)})
    hub.sync()
    [packs] = [event.body for event in hub.depot.events() if event.kind == "packs"]
    assert packs["want"] == {"maths": 2, "old": 0}
    assert packs["kept"] == {"maths": [2]}


def test_an_install_is_told_at_once_and_the_packs_with_it(hub):
    hub.sync()
    hub.facts = Facts(current={"maths": 2}, kept={"maths": (2,)})
    hub.sync(actions=[install()], done=[install()])
    sync, packs = hub.depot.events()[-2:]
    assert sync.body["done"] == ["install maths@2"]
    assert (packs.body["have"], packs.body["fetching"]) == ({"maths": 2}, {})


def test_a_failure_is_told_once_and_its_end_too(hub):
    hub.sync()
    full = [(install(), DiskFullError("no room"))]
    assert [hub.sync(failures=full).sent for _ in range(3)] == [1, 0, 0]
    assert hub.sync().sent == 1
    last = [event for event in hub.depot.events() if event.kind == "sync"][-1]
    assert (last.body["result"], last.body["quiet"]) == ("ok", {"disk-full": 2})


def test_a_cut_link_is_counted_and_told_with_the_next_report(hub):
    hub.sync()
    for _ in range(3):
        hub.sync(failure=LinkDownError("cut"))
    hub.sync(failure=LinkDownError("no road"), reach=False)
    assert hub.depot.calls == 1
    hub.sync(done=[install()])
    sync = [event for event in hub.depot.events() if event.kind == "sync"][-1]
    assert sync.body["quiet"] == {"link-down": 4}


def test_what_ended_without_a_road_waits_for_the_next(hub):
    hub.sync(failure=HubKeyRefusedError("who?"), reach=False)
    assert hub.depot.inbox == {}
    hub.sync()
    assert "hub-key-refused" in [e.body["result"] for e in hub.depot.events() if e.kind == "sync"]


def test_what_waits_leaves_before_content_and_much_content_is_announced(hub):
    hub.sync()
    reporter = hub.reporter()
    reporter.refreshed(hub.offers(), hub.depot)
    reporter.planned([install(size=5_000_000)])
    packs = [event for event in hub.depot.events() if event.kind == "packs"][-1]
    assert packs.body["fetching"] == {"maths": 2}


def test_little_content_is_not_announced(hub):
    hub.sync()
    reporter = hub.reporter()
    reporter.refreshed(hub.offers(), hub.depot)
    reporter.planned([install(size=5_000)])
    assert hub.depot.calls == 1


def test_a_report_leaves_while_a_long_fetch_goes_on(hub, monkeypatch):
    monkeypatch.setattr(reports, "LOOK_EVERY_S", 0.0)
    hub.sync()
    reporter = hub.reporter()
    reporter.refreshed(hub.offers(), hub.depot)
    reporter.looked()
    assert hub.depot.calls == 1
    hub.now += timedelta(days=1)
    reporter.looked()
    assert hub.depot.kinds().count("health") == 2


def test_nothing_is_looked_at_between_two_pieces_that_come_fast(hub):
    hub.sync()
    reporter = hub.reporter()
    reporter.refreshed(hub.offers(), hub.depot)
    hub.now += timedelta(days=1)
    reporter.looked()
    assert hub.depot.calls == 1


def test_acks_are_asked_for_only_while_something_waits_for_them(hub):
    assert hub.reporter().also() == ()
    hub.sync()
    assert hub.reporter().also() == (depot.acks_path(HUB),)
    result = hub.sync(acks=hub.depot.acks())
    assert (result.acked, result.waiting) == (1, 0)
    assert hub.reporter().also() == ()


STRANGE = make_ack(SeqRange("20200101000000-0123456789abcdef", 0, 9), "0" * 32)


@pytest.mark.parametrize("acks", [None, b"junk", b"x" * 100_000, encode_acks([STRANGE])])
def test_acks_that_are_missing_or_wrong_forget_nothing(hub, acks):
    hub.sync()
    result = hub.sync(acks=acks)
    assert (result.acked, result.waiting) == (0, 1)


def test_a_depot_that_takes_nothing_is_a_warning_and_asked_again_a_day_later(hub):
    hub.depot.refuses = NotWritableError("read-only")
    result = hub.sync()
    assert (result.sent, result.waiting, result.warning.code) == (0, 1, "not-writable")
    hub.sync(done=[install()])
    assert hub.depot.calls == 1
    hub.depot.refuses = None
    hub.now += timedelta(days=1)
    assert hub.sync().sent == 3  # the one that was refused, all that came after it, and the one of the day
    hub.sync(done=[install()])
    assert hub.depot.calls == 5, "a depot that takes reports again is not tried any more"
    numbers = sorted(event.seq for event in hub.depot.events())
    assert numbers == list(range(1, len(numbers) + 1))


def test_a_month_of_refusals_waits_for_the_stick_in_few_segments(hub):
    hub.depot.refuses = NotWritableError("read-only")
    for _ in range(30):
        hub.now += timedelta(days=1, minutes=1)
        result = hub.sync()
    assert result.waiting == 1
    stick = hub.depot = Depot()
    assert hub.sync(road=Road.STICK).waiting <= 3
    assert stick.kinds().count("health") == 30


def test_a_link_that_breaks_while_the_end_is_told_is_no_failure(hub):
    hub.depot.refuses = LinkDownError("cut")
    result = hub.sync(done=[install()])
    assert (result.sent, result.waiting, result.warning.code) == (0, 1, "link-down")
    hub.depot.refuses = None
    assert hub.sync().sent == 1


def test_a_link_that_breaks_before_the_content_ends_the_sync(hub):
    hub.depot.refuses = LinkDownError("cut")
    hub.sync()
    with pytest.raises(LinkDownError):
        hub.reporter().refreshed(hub.offers(), hub.depot)


def test_while_the_key_of_the_office_is_not_known_events_wait(hub):
    hub.seal_key = None
    result = hub.sync()
    assert (result.sent, hub.depot.calls) == (0, 0)
    hub.seal_key = bytes(KEY.public_key)
    hub.sync(done=[install()])
    assert hub.depot.kinds().count("sync") == 2


def test_a_stick_takes_everything_that_waits_even_what_the_uplink_has_sent(hub):
    hub.sync()
    stick = hub.depot = Depot()
    assert hub.sync(road=Road.STICK).sent >= 1
    assert stick.kinds().count("health") == 1


def test_a_disk_that_refuses_stops_no_sync(hub):
    (hub.paths.dir / "outbox").write_text("a file where a folder belongs")
    result = hub.sync(done=[install()])
    assert result.warning is not None
    assert result.warning.exit_code == 74


def test_a_dry_run_reports_nothing(hub):
    hub.sync(dry_run=True, done=[install()])
    assert hub.depot.calls == 0
    assert not hub.paths.outbox.exists()


def count(hub, **opens):
    counter = Usage(hub.paths, lambda: hub.now)
    for pack_id, number in opens.items():
        for _ in range(number):
            counter.count(pack_id)
    counter.save()


def told_opens(hub):
    bodies = [event.body for event in hub.depot.events() if event.kind == "usage"]
    return [(body["day"][-2:], dict(body["opens"])) for body in bodies]


def test_what_was_opened_is_told_once_when_its_day_is_over(hub):
    count(hub, maths=12, reader=3)
    hub.sync()
    assert told_opens(hub) == []
    hub.now += timedelta(days=1)
    count(hub, maths=4, reader=2)
    hub.sync()
    hub.now += timedelta(days=2)
    hub.sync()
    hub.now += timedelta(days=1)
    hub.sync()
    assert told_opens(hub) == [("20", {"maths": 10}), ("21", {"maths": 5, "reader": 5})]
    assert list(hub.paths.usage.iterdir()) == []


def test_a_large_plan_keeps_no_day_from_being_told(hub):
    count(hub, maths=5)
    hub.now += timedelta(days=1)
    hub.sync(actions=[install(size=reports.LARGE_BYTES)])
    assert told_opens(hub) == [("20", {"maths": 5})]


@pytest.mark.parametrize("at", ["read_finished", "append", "forget"])
def test_a_crash_while_it_is_told_loses_and_doubles_nothing(hub, monkeypatch, at):
    count(hub, maths=7)
    hub.now += timedelta(days=1)

    class Crash(BaseException):
        pass

    def crash(*_, **__):
        raise Crash

    with monkeypatch.context() as patch:
        patch.setattr(*((reports.Outbox, at, crash) if at == "append" else (reports.usage, at, crash)))
        if at == "forget":  # only the one after the report was written: nothing was told before
            calls = iter([lambda *_: None, crash])
            patch.setattr(reports.usage, at, lambda *arguments: next(calls)(*arguments))
        with pytest.raises(Crash):
            hub.sync()
    count(hub, maths=8)
    hub.now += timedelta(days=1)
    hub.sync()
    assert [opens for _, opens in told_opens(hub)] == [{"maths": 5}, {"maths": 10}]


def test_health_says_which_checks_are_not_well_and_nothing_of_what_they_say(hub):
    hub.sync()
    health = next(event.body for event in hub.depot.events() if event.kind == "health")
    assert health["findings"]["packs"] == "attention"  # none is installed
    assert set(health["findings"].values()) <= {"note", "attention", "broken"}


def with_a_course(hub):
    with closing(open_db(hub.paths.db)) as db:
        course = {"pack_id": "course", "version": 1, "kind": "kolibri", "title": "T", "size_bytes": 1}
        db.table("installed").insert(course)


def told_wrong(hub):
    """What each report of health finds wrong with Kolibri."""
    return [event.body["findings"].get("kolibri") for event in hub.depot.events() if event.kind == "health"]


def test_what_stops_working_and_works_again_is_told_with_the_next_sync_and_once(hub):
    with_a_course(hub)
    kolibri = ServiceFile(hub.paths, "kolibri")
    kolibri.write({"pid": os.getpid(), "up": True})
    hub.sync()
    assert told_wrong(hub) == [None]
    kolibri.end()
    hub.sync(reach=False)  # nobody would hear it
    for _ in range(3):
        hub.sync()
    assert told_wrong(hub) == [None, "attention"]
    kolibri.write({"pid": os.getpid(), "up": True})
    for _ in range(3):
        hub.sync()
    assert told_wrong(hub) == [None, "attention", None]
    assert hub.depot.kinds().count("sync") == 3


def test_what_comes_and_goes_with_the_class_waits_for_the_daily_report(hub, monkeypatch):
    hub.sync()
    monkeypatch.setattr(reports, "list_findings", lambda *_: {"network-full": "attention", "heat": "note"})
    hub.sync()
    assert hub.depot.kinds().count("health") == 1
    hub.now += timedelta(days=1)
    hub.sync()
    assert hub.depot.kinds().count("health") == 2


@pytest.mark.parametrize(
    ("state", "told"),
    [
        (None, None),  # a sync before anything was started
        ({"boot": "another", "pid": 1}, None),
        ({"pid": os.getpid(), "up": False, "first": True}, None),
        ({"pid": os.getpid(), "up": False, "first": False}, "note"),  # it did not come up before
        ({"pid": os.getpid(), "up": False}, "note"),
        ({}, "attention"),
    ],
)
def test_kolibri_is_missed_by_the_office_only_where_it_was_started(hub, state, told):
    with_a_course(hub)
    if state is not None:
        ServiceFile(hub.paths, "kolibri").write(state)
    hub.sync()
    assert told_wrong(hub) == [told]


def appeal_for(hub, name, reason=""):
    appeals.appeal(hub.paths, name, category="games", reason=reason, used="filter@7")


def test_an_appeal_goes_with_the_next_report_and_once(hub):
    hub.sync()
    appeal_for(hub, "chess.example", "турнір")
    appeal_for(hub, "chess.example")
    hub.now += timedelta(hours=1)
    assert hub.sync().sent == 1  # it is news: it does not wait for the day to end
    (told,) = [event for event in hub.depot.events() if event.kind == "appeal"]
    assert told.body["asked"] == {"chess.example": 2}
    assert told.body["reason"] == {"chess.example": "турнір"}
    hub.sync()
    assert hub.depot.kinds().count("appeal") == 1


def test_an_appeal_outlives_a_sync_that_reached_nobody(hub):
    hub.sync()
    appeal_for(hub, "chess.example")
    hub.sync(reach=False, failure=LinkDownError("no link"))
    hub.sync()
    assert hub.depot.kinds().count("appeal") == 1


def test_an_appeal_is_not_told_twice_after_a_crash(hub, monkeypatch):
    """The power goes after the report is kept, before the question is forgotten."""
    hub.sync()
    appeal_for(hub, "chess.example")
    with monkeypatch.context() as patch:
        patch.setattr(appeals, "forget", lambda *_: None)
        hub.sync()
    hub.sync()
    appeal_for(hub, "go.example")
    hub.sync()
    told = [event.body["asked"] for event in hub.depot.events() if event.kind == "appeal"]
    assert told == [{"chess.example": 1}, {"go.example": 1}]
