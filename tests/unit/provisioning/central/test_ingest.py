import os
import sqlite3
from datetime import timedelta
from hashlib import sha256

import pytest
from nacl.public import PrivateKey

from content_packs.durable import locked
from content_packs.errors import BusyError, LocalError, UsageError
from content_packs.segment import MAX_SEGMENT_BYTES, SeqRange, decode_acks, name_segment, seal
from hub.events import Event, HealthBody, PacksBody, body_of, encode_event
from provisioning.central import inbox as inboxes
from provisioning.central.fleetview import read_fleet
from provisioning.central.reports import Reports, open_reports
from support.office import HUB, NOW, HubTrust, OfficeAtWork
from support.reporting import BOOT, Reporting, found_office, told

STREAM = "20261123120000-0123456789abcdef"
SEQS = SeqRange(STREAM, 0, 9)
RECEIPT_KEY = "0123456789abcdef" * 2


@pytest.fixture(scope="module")
def office(tmp_path_factory):
    return found_office(tmp_path_factory.mktemp("office") / "central", HUB, "h-2")


@pytest.fixture
def reporting(office, tmp_path):
    return Reporting(OfficeAtWork(office).copy(tmp_path / "central").office, tmp_path / "hub")


def line(seq, body, *, stream=STREAM, boot_id=BOOT, at=NOW):
    return encode_event(Event(stream, seq, boot_id, at.isoformat(), body.KIND, body_of(body)))


def leave(reporting, *lines, hub_id=HUB, into=None, seqs=SEQS, receipt_key=RECEIPT_KEY):
    """Leave a segment with these lines in the inbox of a hub; return its path."""
    data = seal(hub_id, seqs, lines, reporting.seal_key, receipt_key)
    folder = reporting.office.depot / "inbox" / (into or hub_id)
    path = folder / name_segment(data)
    path.write_bytes(data)
    return path


def acks(reporting):
    """Return the numbers that are acknowledged."""
    found = decode_acks((reporting.office.depot / "acks" / HUB).read_bytes())
    assert all(ack.covers(ack.seqs, RECEIPT_KEY) for ack in found)
    return [ack.seqs for ack in found]


def notes(reporting, hub_id=HUB):
    with open_reports(reporting.office.reports_db) as reports:
        return [(note.kind, note.text) for note in reports.list_notes(hub_id)]


def test_a_hub_learns_the_key_to_seal_to_from_signed_metadata(reporting, tmp_path):
    trust = HubTrust(reporting.office.root.read_bytes(), tmp_path / "trust")
    assert trust.refresh(reporting.office.depot).seal_key == reporting.seal_key


def test_what_a_hub_told_is_taken_in_acknowledged_and_gone(reporting):
    reporting.tell("one", "two")
    reporting.seal()
    reporting.send()
    [taken] = reporting.ingest()
    assert (taken.hub_id, taken.segments, taken.events, taken.refused) == (HUB, 1, 2, [])
    assert reporting.known() == ["one", "two"]
    assert list(reporting.inbox.iterdir()) == []
    acks = reporting.office.depot / "acks" / HUB
    [seqs] = [ack.seqs for ack in decode_acks(acks.read_bytes())]
    assert (seqs.first, seqs.last) == (0, 2)
    assert acks.stat().st_mode & 0o777 == 0o644
    assert reporting.ingest() == []


def test_a_dry_run_says_what_would_come_and_changes_nothing(reporting):
    path = leave(reporting, line(1, told("x")))
    junk = path.with_name("junk")
    junk.write_bytes(b"junk")
    [taken] = reporting.ingest(dry_run=True)
    assert (taken.segments, taken.events, len(taken.refused)) == (1, 1, 1)
    assert path.exists()
    assert junk.exists()
    assert reporting.known() == []
    assert notes(reporting) == []


def test_segments_come_in_any_order(reporting):
    for numbers in ((5, 6), (1, 2), (3, 4)):
        leave(reporting, *(line(number, told(str(number))) for number in numbers))
        reporting.ingest()
    assert reporting.known() == ["1", "2", "3", "4", "5", "6"]


def test_an_event_in_two_segments_counts_once(reporting):
    leave(reporting, line(1, told("one")), line(2, told("two")))
    reporting.ingest()
    leave(reporting, line(2, told("two")), line(3, told("three")))
    [taken] = reporting.ingest()
    assert (taken.events, taken.repeated) == (1, 1)
    assert reporting.known() == ["one", "two", "three"]
    assert notes(reporting) == []


def junk_files(reporting):
    good = seal(HUB, SEQS, [line(1, told("x"))], reporting.seal_key, RECEIPT_KEY)
    other_key = seal(HUB, SEQS, [line(1, told("x"))], bytes(PrivateKey.generate().public_key), RECEIPT_KEY)
    other_hub = seal("h-2", SEQS, [line(1, told("x"))], reporting.seal_key, RECEIPT_KEY)
    return {
        "README.txt": b"hello",
        "0" * 64: good,
        name_segment(good)[:-1]: good,
        sha256(b"").hexdigest(): b"",
        name_segment(other_key): other_key,
        name_segment(other_hub): other_hub,
        sha256(bytes(MAX_SEGMENT_BYTES + 5)).hexdigest(): bytes(MAX_SEGMENT_BYTES + 5),
        name_segment(good[:-1]): good[:-1],
    }


def test_junk_is_put_aside_told_and_keeps_nobody_from_it(reporting):
    junk = junk_files(reporting)
    for name, data in junk.items():
        (reporting.inbox / name).write_bytes(data)
    leave(reporting, line(9, told("good")))
    leave(reporting, line(9, told("also good")), hub_id="h-2")
    first, second = reporting.ingest()
    assert len(first.refused) == len(junk)
    assert reporting.known() == ["good"]
    assert second.events == 1
    assert list(reporting.inbox.iterdir()) == []
    assert len(list((reporting.office.quarantine / HUB).iterdir())) == len(
        {d[: MAX_SEGMENT_BYTES + 1] for d in junk.values()}
    )
    assert {kind for kind, _ in notes(reporting)} == {"refused"}
    assert acks(reporting) == [SEQS]


def test_links_folders_and_devices_are_put_away_unread(reporting, tmp_path):
    secret = tmp_path / "secret"
    secret.write_bytes(b"of the office")
    (reporting.inbox / "a-link").symlink_to(secret)
    (reporting.inbox / "a-folder").mkdir()
    os.mkfifo(reporting.inbox / "a-pipe")
    (reporting.inbox / "a-full-folder/inside").mkdir(parents=True)
    (reporting.inbox / "a-full-folder/inside/x").write_bytes(b"whose?")
    [taken] = reporting.ingest(dry_run=True)
    assert len(taken.refused) == len(list(reporting.inbox.iterdir())) == 4
    [taken] = reporting.ingest()
    assert len(taken.refused) == 4
    assert list(reporting.inbox.iterdir()) == []
    assert reporting.ingest() == []
    assert secret.read_bytes() == b"of the office"
    assert [p.read_bytes() for p in reporting.office.quarantine.rglob("x")] == [b"whose?"]
    assert not any(
        b"of the office" in p.read_bytes() for p in reporting.office.quarantine.rglob("*") if p.is_file()
    )


def test_an_inbox_that_is_a_link_is_not_followed(reporting, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "a").write_bytes(b"precious")
    reporting.inbox.rmdir()
    reporting.inbox.symlink_to(elsewhere)
    assert reporting.ingest() == []
    assert (elsewhere / "a").exists()


def test_files_that_are_still_being_written_are_passed_over(reporting):
    (reporting.inbox / ".abc.tmp").write_bytes(b"half")
    assert reporting.ingest() == []
    assert (reporting.inbox / ".abc.tmp").exists()


def test_what_an_upload_left_beside_a_segment_goes_with_it(reporting):
    path = leave(reporting, line(1, told("one")))
    path.with_name(f".{path.name}.tmp").touch()
    reporting.ingest()
    assert list(reporting.inbox.iterdir()) == []


def test_a_bad_event_is_put_aside_with_its_segment_and_the_good_ones_are_taken_in(reporting):
    leave(reporting, line(1, told("good")), b'{"seq": "x"}', b"\xff", line(2, told("too")))
    [taken] = reporting.ingest()
    assert taken.events == 2
    assert "line 2" in taken.refused[0]
    assert "line 3" in taken.refused[0]
    assert acks(reporting) == [SEQS]


def raw_line(seq, body):
    """Return a line that no hub would write: `body` is JSON as it stands."""
    return line(seq, told("x")).replace(b'"kind":"sync"', b'"kind":"news"').partition(b'"body":')[0] + (
        b'"body":' + body + b"}"
    )


def extra(seq, value):
    """Return an event of a known kind with a member that nobody knows."""
    return line(seq, told("x"))[:-2] + b',"extra":' + value + b"}}"


def test_no_line_of_one_hub_keeps_another_from_being_heard(reporting):
    for value in (rb'"\ud800"', b"1e999", b"[" * 900 + b"]" * 900, b'"\xed\xa0\x80"'):
        leave(reporting, raw_line(1, b'{"x":' + value + b"}"), extra(2, value))
    leave(reporting, line(1, told("heard")), hub_id="h-2")
    first, second = reporting.ingest()
    assert (second.hub_id, second.events, second.refused) == ("h-2", 1, [])
    assert len(first.refused) >= 3
    assert list(reporting.inbox.iterdir()) == []
    assert overview(reporting)["h-2"].last_sync["message"] == "heard"


def test_what_nobody_foresaw_costs_one_segment_and_no_other(reporting, monkeypatch):
    bad = leave(reporting, line(1, told("crafted")))
    leave(reporting, line(2, told("good")))
    taken_in = Reports.take

    def take(self, hub_id, name, events, **options):
        counts = taken_in(self, hub_id, name, events, **options)
        if name == bad.name:
            raise OverflowError("nobody thought of it")
        return counts

    monkeypatch.setattr(Reports, "take", take)
    [taken] = reporting.ingest()
    assert "nobody thought of it" in taken.refused[0]
    assert reporting.known() == ["good"]
    assert [p.name for p in (reporting.office.quarantine / HUB).iterdir()] == [bad.name]
    assert reporting.ingest() == []


def test_a_file_or_folder_that_cannot_be_read_costs_itself_only(reporting, monkeypatch):
    closed, good = leave(reporting, line(1, told("closed"))), leave(reporting, line(2, told("good")))
    read, listed = inboxes.Inbox.read, inboxes.Inbox.list_names

    def refuse(self, name):
        if name == closed.name:
            raise PermissionError(13, "Permission denied")
        return read(self, name)

    monkeypatch.setattr(inboxes.Inbox, "read", refuse)
    [taken] = reporting.ingest()
    assert taken.events == 1
    assert "Permission denied" in taken.refused[0]
    assert closed.exists()
    assert not good.exists()
    monkeypatch.setattr(inboxes.Inbox, "read", read)
    leave(reporting, line(3, told("of another hub")), hub_id="h-2")
    calls = iter([PermissionError(13, "Permission denied")])

    def refuse_first(self):
        for error in calls:
            raise error
        return listed(self)

    monkeypatch.setattr(inboxes.Inbox, "list_names", refuse_first)
    first, second = reporting.ingest()
    assert "Permission denied" in first.refused[0]
    assert second.events == 1
    assert closed.exists()


def test_of_many_faults_in_a_segment_a_few_are_told_and_the_rest_counted(reporting):
    leave(reporting, *[b"junk"] * 1000, line(1, told("good")))
    [taken] = reporting.ingest()
    assert taken.events == 1
    assert taken.refused[0].count("not JSON") == 5
    assert "995 more" in taken.refused[0]


def test_what_a_revoked_hub_leaves_is_put_aside(reporting):
    leave(reporting, line(1, told("stolen card")))
    work = OfficeAtWork(reporting.office)
    work.revoke()
    [taken] = reporting.ingest()
    assert "revoked" in taken.refused[0]
    assert reporting.known() == []
    assert reporting.inbox.is_dir()


def test_folders_of_unknown_hubs_are_not_looked_at(reporting):
    unknown = reporting.office.depot / "inbox" / "h-unknown"
    unknown.mkdir()
    (unknown / "x").write_bytes(b"x")
    assert reporting.ingest() == []
    assert (unknown / "x").exists()


def test_a_flood_of_files_is_taken_in_parts(reporting, monkeypatch):
    monkeypatch.setattr(inboxes, "MAX_FILES", 4)
    for number in range(6):
        leave(reporting, line(number, told(str(number))))
    reporting.ingest()
    assert len(reporting.known()) == 4
    reporting.ingest()
    assert len(reporting.known()) == 6


def test_a_card_that_was_copied_is_noticed_by_a_number_that_says_two_things(reporting):
    leave(reporting, line(1, told("card one")))
    leave(reporting, line(1, told("card two")))
    reporting.ingest()
    assert len(reporting.known()) == 1
    assert [kind for kind, _ in notes(reporting)] == ["conflict"]


def test_a_card_that_was_copied_is_noticed_by_two_machines_that_take_turns(reporting):
    boots = ["aaaa", "aaaa", "bbbb", "cccc"]
    leave(reporting, *(line(n, told(str(n)), boot_id=boot) for n, boot in enumerate(boots)))
    reporting.ingest()
    assert notes(reporting) == []
    leave(reporting, line(9, told("x"), boot_id="aaaa"))
    [taken] = reporting.ingest()
    assert taken.copied
    assert [kind for kind, _ in notes(reporting)] == ["two-cards"]


def seqs(first, last, stream=STREAM):
    return SeqRange(stream, first, last)


def test_a_segment_that_somebody_else_made_up_acknowledges_nothing_to_the_hub(reporting):
    reporting.tell("real")
    reporting.seal()
    [seqs] = [each.seqs for each in reporting.outbox._list_segments()]
    leave(reporting, seqs=SeqRange(seqs.stream, 0, 99), receipt_key="f" * 32)
    reporting.ingest()
    assert reporting.take_acks() == 0
    reporting.send()
    reporting.tell("not sent yet")
    reporting.seal()
    reporting.ingest()
    assert reporting.take_acks() == 1
    assert reporting.outbox.waiting().segments == 1
    assert reporting.known() == ["real"]


def test_a_lost_ack_is_still_there_after_many_others(reporting):
    data = leave(reporting, line(1, told("one")), seqs=seqs(0, 1)).read_bytes()
    reporting.ingest()
    for number in range(2, 60):
        leave(reporting, line(number, told(str(number))), seqs=seqs(number, number))
    reporting.ingest()
    assert acks(reporting) == [seqs(0, 59)]
    (reporting.inbox / name_segment(data)).write_bytes(data)
    [taken] = reporting.ingest()
    assert (taken.events, taken.repeated) == (0, 1)
    assert acks(reporting) == [seqs(0, 59)]


def test_old_reports_are_forgotten_and_acknowledged(reporting):
    ages = (800, 390, 1)
    lines = [line(n, told(f"{days}"), at=NOW - timedelta(days=days)) for n, days in enumerate(ages)]
    leave(reporting, *lines, seqs=seqs(0, 2))
    reporting.ingest()
    assert reporting.known() == ["390", "1"]
    assert acks(reporting) == [seqs(0, 2)]


def test_without_its_key_the_office_leaves_everything_where_it_is(reporting):
    path = leave(reporting, line(1, told("x")))
    (reporting.office.keys / "online" / "seal.pem").unlink()
    with pytest.raises(LocalError, match=r"seal\.pem"):
        reporting.ingest()
    assert path.exists()


def test_a_database_that_refuses_leaves_everything_where_it_is(reporting, monkeypatch):
    path = leave(reporting, line(1, told("x")))

    def refuse(*_, **__):
        assert path.exists()
        raise sqlite3.OperationalError("database or disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(Reports, "watch", refuse)
        with pytest.raises(LocalError):
            reporting.ingest()
    assert path.exists()
    assert reporting.known() == []
    reporting.ingest()
    assert reporting.known() == ["x"]


def test_two_ingests_do_not_run_at_once(reporting):
    with locked(reporting.office.ingest_lock, doing="test"), pytest.raises(BusyError):
        reporting.ingest()


def test_a_stick_without_reports_is_a_usage_error(reporting, tmp_path):
    with pytest.raises(UsageError, match="no reports"):
        reporting.ingest(tmp_path)


def test_a_stick_brings_reports_and_is_emptied_only_after_they_are_kept(reporting, tmp_path):
    stick = tmp_path / "stick"
    stick.mkdir()
    reporting.tell("by stick")
    reporting.seal()
    reporting.send(stick)
    [taken] = reporting.ingest(stick)
    assert taken.events == 1
    assert list((stick / "inbox" / HUB).iterdir()) == []
    reporting.take_acks()
    assert reporting.outbox.waiting().segments == 0


def test_what_came_by_stick_and_by_uplink_counts_once(reporting, tmp_path):
    stick = tmp_path / "stick"
    stick.mkdir()
    reporting.tell("both ways")
    reporting.seal()
    reporting.send()
    reporting.send(stick, again=True)
    reporting.ingest()
    [taken] = reporting.ingest(stick)
    assert (taken.events, taken.repeated) == (0, 1)
    assert reporting.known() == ["both ways"]


def overview(reporting):
    return {view.hub.hub_id: view for view in read_fleet(reporting.office, reporting.now)}


def test_the_fleet_tells_who_was_never_heard_from(reporting):
    leave(reporting, line(1, told("x")))
    reporting.ingest()
    assert overview(reporting)[HUB].heard_at == reporting.now.isoformat()
    assert overview(reporting)["h-2"].heard_at is None


def test_the_fleet_shows_what_hubs_have_beside_what_they_shall_have(reporting, tmp_path):
    work = OfficeAtWork(reporting.office)
    work.publish(
        *(work.build(pack, version) for pack in ("have", "wait", "fetch", "full") for version in (1, 2))
    )
    for pack in ("have", "wait", "fetch", "full"):
        work.assign(pack)
    packs = PacksBody(
        have={"have": 2, "fetch": 1, "gone": 7},
        want={},
        fetching={"fetch": 2},
        needs_space={"full": 2},
        kept={"fetch": [1]},
    )
    leave(
        reporting, line(1, packs), line(2, HealthBody(1, 2, 3, NOW.isoformat(), NOW.isoformat(), "0.1.0", 1))
    )
    reporting.ingest()
    states = {pack.pack_id: (pack.have, pack.want, pack.state) for pack in overview(reporting)[HUB].packs}
    assert states == {
        "fetch": (1, 2, "fetching"),
        "full": (None, 2, "needs-space"),
        "gone": (7, None, "extra"),
        "have": (2, 2, "current"),
        "wait": (None, 2, "waiting"),
    }
    with open_reports(reporting.office.reports_db) as reports:
        held = reports.held_versions([HUB, "h-2"])
    assert held == {"have": {2}, "fetch": {1, 2}, "gone": {7}}


def test_an_old_report_that_comes_late_does_not_hide_a_newer_one(reporting):
    older, newer = "20250101000000-0123456789abcdef", "20260101000000-0123456789abcdef"
    leave(reporting, line(3, told("newest"), stream=newer))
    reporting.ingest()
    leave(reporting, line(2, told("late"), stream=newer), line(99, told("card before"), stream=older))
    reporting.ingest()
    assert overview(reporting)[HUB].last_sync["message"] == "newest"


@pytest.mark.parametrize("year", [2099, 2001])
def test_a_hub_whose_clock_was_wrong_once_is_believed_when_it_speaks_again(reporting, year):
    wrong, right = f"{year}0101000000-0123456789abcdef", "20261124000000-0123456789abcdef"
    leave(reporting, line(99, told("before")))
    reporting.ingest()
    leave(reporting, line(7, told("wrong clock"), stream=wrong))
    reporting.ingest()
    assert overview(reporting)[HUB].last_sync["message"] == "wrong clock"
    leave(reporting, line(1, told("clock set"), stream=right))
    reporting.ingest()
    assert overview(reporting)[HUB].last_sync["message"] == "clock set"


def test_enrolling_makes_an_inbox_that_nobody_else_may_write(reporting):
    assert reporting.inbox.stat().st_mode & 0o777 == 0o700
