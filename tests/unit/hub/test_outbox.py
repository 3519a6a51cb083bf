from dataclasses import replace
from datetime import timedelta

import pytest
from nacl.public import PrivateKey

from content_packs.errors import DiskFullError
from content_packs.segment import SeqRange, make_ack, unseal
from hub import outbox as outboxes
from hub.events import HealthBody, PacksBody, decode_event
from hub.outbox import Outbox
from hub.settings import HubPaths
from hub.thinning import thin
from support.office import NOW
from support.reporting import BOOT, told

KEY = PrivateKey.generate()
PUBLIC = bytes(KEY.public_key)
HEALTH = HealthBody(1, 2, 3, NOW.isoformat(), NOW.isoformat(), "0.1.0", 1)
PACKS = PacksBody({"maths": 3}, {}, {}, {}, {})


@pytest.fixture
def outbox(tmp_path):
    return Outbox(HubPaths(tmp_path))


def tell(outbox, *bodies, at=NOW):
    outbox.append(bodies, at=at, boot_id=BOOT, remember={})


def sealed(outbox):
    """Return the events of all segments."""
    outbox.seal("h-1", PUBLIC)
    segments = outbox.read_unsent(now=NOW, again=True).values()
    return [decode_event(line) for data in segments for line in unseal(data, bytes(KEY), hub_id="h-1").lines]


def test_events_are_numbered_on_across_starts_of_the_program(tmp_path):
    for text in "abc":
        tell(Outbox(HubPaths(tmp_path)), told(text), told(text))
    events = sealed(Outbox(HubPaths(tmp_path)))
    assert [event.seq for event in events] == [1, 2, 3, 4, 5, 6]
    assert len({event.stream for event in events}) == 1


def test_sealing_empties_the_journal_and_an_ack_the_segments(outbox):
    tell(outbox, told("x"))
    assert outbox.waiting().events == 1
    outbox.seal("h-1", PUBLIC)
    assert (outbox.waiting().events, outbox.waiting().segments) == (0, 1)
    [segment] = outbox.read_unsent(now=NOW).values()
    told_office = unseal(segment, bytes(KEY), hub_id="h-1")
    seqs, receipt_key = told_office.seqs, told_office.receipt_key
    elsewhere = SeqRange("20200101000000-0123456789abcdef", 0, 99)
    assert outbox.acknowledge([make_ack(elsewhere, receipt_key)]) == 0
    assert outbox.acknowledge([make_ack(seqs, "0" * 32)]) == 0, "who writes the depot can make hubs forget"
    assert outbox.acknowledge([make_ack(seqs, receipt_key)]) == 1
    assert outbox.waiting() == outboxes.Waiting(0, 0, 0)


def test_many_events_become_several_segments_and_stay_in_order(outbox):
    tell(outbox, *(told(f"{number} " + "x" * 1500) for number in range(300)))
    events = sealed(outbox)
    assert outbox.waiting().segments > 1
    assert [event.seq for event in events] == list(range(1, 301))


@pytest.mark.parametrize("torn", [b"", b"\0" * 4096, b"0badc0de {}", b"deadbeef"])
def test_a_torn_or_zeroed_tail_costs_no_event_before_or_behind_it(outbox, tmp_path, torn):
    tell(outbox, told("before"))
    journal = tmp_path / "outbox" / "journal"
    journal.write_bytes(journal.read_bytes() + torn)
    tell(outbox, told("behind"))
    assert [event.body["message"] for event in sealed(outbox)] == ["before", "behind"]


def test_a_number_that_was_taken_before_a_power_cut_is_not_given_again(outbox, tmp_path):
    tell(outbox, told("kept"))
    tell(outbox, told("torn"))
    journal = tmp_path / "outbox" / "journal"
    journal.write_bytes(journal.read_bytes()[:-20])
    tell(outbox, told("next"))
    assert [(e.seq, e.body["message"]) for e in sealed(outbox)] == [(1, "kept"), (3, "next")]


def test_a_state_that_went_back_gives_no_number_of_the_journal_again(outbox, tmp_path):
    tell(outbox, told("a"))
    state = (tmp_path / "outbox" / "state").read_bytes()
    tell(outbox, told("b"))
    (tmp_path / "outbox" / "state").write_bytes(state)  # the card lied about fsync
    tell(outbox, told("c"))
    assert [event.seq for event in sealed(outbox)] == [1, 2, 3]


@pytest.mark.parametrize("rest", [b"", b"\0" * 300, b"{}", b'{"next_seq": 1}\n{"next_seq": 2}\n'])
def test_a_spoilt_state_begins_a_new_stream_and_keeps_what_waits(outbox, tmp_path, rest):
    tell(outbox, told("a"))
    (tmp_path / "outbox" / "state").write_bytes(rest)
    tell(outbox, told("b"), at=NOW + timedelta(days=1))
    first, second = sealed(outbox)
    assert first.body["message"] == "a"
    assert second.body["message"] == "b"
    assert first.stream < second.stream


def test_a_segment_that_the_card_spoilt_is_not_sent(outbox, tmp_path):
    tell(outbox, told("a"))
    outbox.seal("h-1", PUBLIC)
    [path] = (tmp_path / "outbox" / "segments").iterdir()
    path.write_bytes(b"")
    assert outbox.read_unsent(now=NOW) == {}
    assert outbox.waiting().segments == 0


def test_what_was_sent_is_sent_again_only_after_a_week_or_a_jump_of_the_clock(outbox):
    tell(outbox, told("a"))
    outbox.seal("h-1", PUBLIC)
    outbox.note_sent(outbox.read_unsent(now=NOW), now=NOW)
    assert not outbox.read_unsent(now=NOW + timedelta(days=6))
    assert outbox.read_unsent(now=NOW + timedelta(days=6), again=True)
    assert outbox.read_unsent(now=NOW + timedelta(days=7))
    assert outbox.read_unsent(now=NOW - timedelta(days=1))


def test_what_the_caller_remembers_comes_back(outbox):
    assert outbox.remembered == {}
    outbox.append([], at=NOW, boot_id=BOOT, remember={"said": "x"})
    assert outbox.remembered == {"said": "x"}


def test_a_full_journal_loses_health_first_then_old_packs_and_says_so(outbox, monkeypatch):
    monkeypatch.setattr(outboxes, "MAX_JOURNAL_BYTES", 5000)
    tell(outbox, told("one"), told("two"))
    for _ in range(30):
        tell(outbox, HEALTH, PACKS)
    events = sealed(outbox)
    [dropped] = [event.body["dropped"] for event in events if event.kind == "dropped"]
    assert [event.body["message"] for event in events if event.kind == "sync"] == ["one", "two"]
    left = [event.kind for event in events]
    assert dropped["health"] == 30 - left.count("health") > dropped["packs"] == 30 - left.count("packs") > 0


def test_however_long_nobody_comes_the_journal_keeps_its_limit_and_every_sync_stays_counted(
    outbox, tmp_path, monkeypatch
):
    monkeypatch.setattr(outboxes, "MAX_JOURNAL_BYTES", 10_000)
    whole, most = [], 0
    monkeypatch.setattr(outboxes, "thin", lambda lines, **rest: whole.append(lines) or thin(lines, **rest))
    for number in range(120):
        tell(outbox, replace(told(f"{number}"), quiet={"link-down": 2}, quiet_bytes=10))
        most = max(most, (tmp_path / "outbox" / "journal").stat().st_size)
    assert most < 10_000 + 1000
    assert len(whole) < 20, "appending looks at the whole journal too often"
    events = sealed(outbox)
    left = [event.body for event in events if event.kind == "sync"]
    assert [body["message"] for body in left] == [f"{n}" for n in range(120 - len(left), 120)]
    [dropped] = [event.body for event in events if event.kind == "dropped"]
    gone = 120 - len(left)
    assert dropped["dropped"] == {"sync": gone}
    assert dropped["quiet"] == {"ok": gone, "link-down": 2 * gone}
    assert dropped["quiet_bytes"] == gone * (10 + 2)


def test_an_event_costs_the_same_behind_a_long_journal_and_a_short_one(outbox, tmp_path, monkeypatch):
    tell(outbox, *(told("x" * 1500) for _ in range(400)))
    journal = tmp_path / "outbox" / "journal"
    journal.write_bytes(journal.read_bytes() + b"\0" * 100_000)  # a power cut
    read = []
    real = Outbox._read_lines
    monkeypatch.setattr(Outbox, "_read_lines", lambda box, start=0: read.append(start) or real(box, start))
    for _ in range(20):
        tell(outbox, told("one more"))
    monkeypatch.undo()
    size = journal.stat().st_size
    assert sum(size - start < 100_000 for start in read) >= 19, "it reads more than the end of the journal"
    assert [event.seq for event in sealed(outbox)] == list(range(1, 421))


def test_what_a_segment_stands_for_joins_those_that_are_still_here(outbox, tmp_path):
    def ranges():
        segments = outbox.read_unsent(now=NOW, again=True).values()
        return [(s.first, s.last) for data in segments for s in [unseal(data, bytes(KEY), hub_id="h-1").seqs]]

    for name in ("a", "b", "c"):
        tell(outbox, told(name), told(name))
        outbox.seal("h-1", PUBLIC)
    assert ranges() == [(0, 2), (3, 4), (5, 6)]
    [spoilt] = (tmp_path / "outbox" / "segments").glob("*.3-4.*")
    spoilt.write_bytes(b"")
    assert ranges() == [(0, 2), (5, 6)]
    [stream] = {event.stream for event in sealed(outbox)}
    unsent = outbox.read_unsent(now=NOW).values()
    [key] = {unseal(data, bytes(KEY), hub_id="h-1").receipt_key for data in unsent}
    acks = [make_ack(SeqRange(stream, first, last), key) for first, last in ((0, 2), (5, 6))]
    assert outbox.acknowledge(acks) == 2
    tell(outbox, told("d"))
    outbox.seal("h-1", PUBLIC)
    assert ranges() == [(0, 7)]  # so the office may forget that anything was missing


def test_segments_of_a_stream_whose_state_was_lost_are_acknowledged_all_the_same(outbox, tmp_path):
    tell(outbox, told("a"))
    outbox.seal("h-1", PUBLIC)
    tell(outbox, told("b"))
    (tmp_path / "outbox" / "state").write_bytes(b"")
    outbox.seal("h-1", PUBLIC)
    segments = [unseal(data, bytes(KEY), hub_id="h-1") for data in outbox.read_unsent(now=NOW).values()]
    assert len({segment.receipt_key for segment in segments}) == 1
    ack = make_ack(replace(segments[0].seqs, last=99), segments[0].receipt_key)
    assert outbox.acknowledge([ack]) == 2


def test_events_of_two_streams_travel_in_two_segments(outbox, tmp_path):
    tell(outbox, told("a"))
    (tmp_path / "outbox" / "state").write_bytes(b"")
    tell(outbox, told("b"), at=NOW + timedelta(days=1))
    outbox.seal("h-1", PUBLIC)
    assert outbox.waiting().segments == 2


def test_lines_of_another_release_are_counted_where_they_have_to_go():
    lines = [b'{"kind": "weather"}', b"[]", b'{"kind": "dropped", "body": {"dropped": {"sync": 3}}}']
    thinned = thin(lines, max_bytes=1)
    assert (thinned.lines, thinned.dropped) == ([], {"weather": 1, "unknown": 1, "sync": 3})


def test_too_many_segments_make_events_wait_in_the_journal(outbox, monkeypatch):
    tell(outbox, told("a"))
    monkeypatch.setattr(outboxes, "MAX_SEGMENTS_BYTES", 10)
    outbox.seal("h-1", PUBLIC)
    assert (outbox.waiting().events, outbox.waiting().segments) == (1, 0)


def test_a_full_disk_is_said_and_what_waits_is_kept(outbox, monkeypatch):
    tell(outbox, told("a"))

    def full(path, data, **options):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(outboxes, "write_durably", full)
        with pytest.raises(DiskFullError):
            tell(outbox, told("b"))
        with pytest.raises(DiskFullError):
            outbox.seal("h-1", PUBLIC)
    assert [event.body["message"] for event in sealed(outbox)] == ["a"]
