"""The gate before the content: to the byte of a budget, and nothing comes in vain."""

from contextlib import closing
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from content_packs.transports.local import open_local
from content_packs.transports.memory import MemoryTransport
from content_packs.transports.transport import Range
from hub import history
from hub.db import open_db
from hub.sync import gate as gates
from hub.sync.gate import ContentWaits, Gate, cut_ranges
from hub.sync.road import Road
from hub.uplink.limits import Limits, Moment, Wait
from hub.uplink.quiet_hours import parse_quiet_hours

EVENING = Moment(datetime.fromisoformat("2026-11-23 18:00"))
SIZE = 1_000_000
FILES = {"packs/a/1/blocks-0": bytes(range(250)) * (SIZE // 250), "FORMAT": b"x" * 100}
WHOLE = [Range("packs/a/1/blocks-0", 0, SIZE)]
WAIT = Wait("day-budget", None)


@pytest.fixture
def db(tmp_path):
    with closing(open_db(tmp_path / "hub.db")) as db:
        yield db


def make_gate(db, limits, moment=lambda: EVENING, transport=None, road=Road.UPLINK):
    return Gate(transport or MemoryTransport(FILES), road, limits, db, "boot", moment)


def read(gate, ranges=WHOLE):
    """Return what came, and why no more did."""
    came = bytearray()
    try:
        for _, data in gate.read_ranges(ranges):
            came += data
    except ContentWaits as waits:
        return bytes(came), waits.wait.code
    return bytes(came), None


def test_without_limits_all_comes(db):
    assert read(make_gate(db, Limits())) == (FILES["packs/a/1/blocks-0"], None)


@pytest.mark.parametrize("code", ["session-budget", "day-budget", "month-budget"])
def test_a_budget_is_used_up_and_not_exceeded(db, code):
    gate = make_gate(db, Limits(**{code.replace("-budget", "_bytes"): 400_000}))
    came, why = read(gate)
    assert why == code
    assert FILES["packs/a/1/blocks-0"].startswith(came)
    assert 380_000 < len(came) <= gate.use.wire_bytes <= 400_000


def test_the_next_day_goes_on_where_the_day_before_stopped(db):
    came = b""
    for day in (23, 24, 25):
        for hour in (18, 20):  # at eight there is nothing left of the day
            moment = Moment(datetime.fromisoformat(f"2026-11-{day} {hour}:00"))
            gate = make_gate(db, Limits(day_bytes=400_000), lambda moment=moment: moment)
            came += read(gate, [Range("packs/a/1/blocks-0", len(came), SIZE - len(came))])[0]
            gate.save()
        assert len(came) <= 400_000 * (day - 22)
    assert came == FILES["packs/a/1/blocks-0"]


def test_what_earlier_syncs_carried_today_counts(db):
    history.add_use(db, EVENING, "earlier boot", 1_000_000)
    assert read(make_gate(db, Limits(day_bytes=1_000_000))) == (b"", "day-budget")
    assert read(make_gate(db, Limits(session_bytes=2_000_000)))[1] is None


def test_metadata_counts_too_though_nothing_stops_it(db):
    road = MemoryTransport(FILES)
    gate = make_gate(db, Limits(session_bytes=1000), transport=road)
    road.read_files(["packs/a/1/blocks-0"], max_bytes=SIZE)
    assert read(gate) == (b"", "session-budget")


def test_quiet_hours_let_nothing_through_and_cost_nothing(db):
    gate = make_gate(db, Limits(parse_quiet_hours("17:00-19:00")))
    assert read(gate) == (b"", "quiet-hours")
    with pytest.raises(ContentWaits):
        gate.read_files(["FORMAT"], max_bytes=100)
    assert gate.use.wire_bytes == 0


def test_quiet_hours_that_begin_meanwhile_stop_it_and_keep_what_came(db, monkeypatch):
    monkeypatch.setattr(gates, "_LOOK_EVERY_S", 0.0)
    looks = iter(range(10**6))

    def moment():
        return EVENING if next(looks) < 5 else Moment(datetime.fromisoformat("2026-11-23 19:00"))

    came, why = read(make_gate(db, Limits(parse_quiet_hours("19:00-20:00")), moment))
    assert why == "quiet-hours"
    assert 0 < len(came) < SIZE
    assert FILES["packs/a/1/blocks-0"].startswith(came)


def test_a_clock_that_jumps_meanwhile_stops_nothing(db, monkeypatch):
    monkeypatch.setattr(gates, "_LOOK_EVERY_S", 0.0)
    jumps = iter(["2026-11-23 18:00", "1970-01-01 00:00", "2099-01-01 00:00"] * 10**4)

    def moment():
        text = next(jumps)
        return Moment(datetime.fromisoformat(text), is_known=text.startswith("2026"))

    gate = make_gate(db, Limits(parse_quiet_hours("00:00-06:00"), day_bytes=10 * SIZE), moment)
    assert read(gate)[1] is None
    assert gate.use.fetch_s >= 0


@pytest.mark.parametrize("road", [Road.FOLDER, Road.STICK])
def test_a_folder_or_a_stick_has_no_limits_and_counts_nothing(db, tmp_path, road):
    (tmp_path / "FORMAT").write_bytes(b"x" * 100)
    with open_local(tmp_path) as folder:
        limits = Limits(parse_quiet_hours("17:00-19:00"), session_bytes=1)
        gate = make_gate(db, limits, transport=folder, road=road)
        assert read(gate, [Range("FORMAT", 0, 100)]) == (b"x" * 100, None)
        gate.save()
    assert gate.use == history.UplinkUse()
    assert history.read_spent(db, EVENING, "boot").day_bytes == 0


def test_a_cap_holds_for_one_pack_only(db):
    gate = make_gate(db, Limits())
    with gate.capped(100_000, WAIT):
        came, why = read(gate)
    assert (90_000 < len(came) <= 100_000, why) == (True, "day-budget")
    assert read(gate)[1] is None


def test_ranges_come_under_the_names_that_were_asked_for(db):
    gate = make_gate(db, Limits(session_bytes=500_000))
    asked = [Range("packs/a/1/blocks-0", 0, 300_000), Range("packs/a/1/blocks-0", 300_000, 700_000)]
    seen = []
    with pytest.raises(ContentWaits):
        seen.extend(part for part, _ in gate.read_ranges(asked))
    assert set(seen) == set(asked)


@given(st.lists(st.integers(0, 1000), max_size=20), st.integers(0, 20_000))
def test_what_is_asked_for_is_a_beginning_within_the_budget(lengths, left):
    ranges = [Range("a", 0, length) for length in lengths]
    cut = cut_ranges(ranges, left)
    assert sum(part.length for part in cut) <= left
    assert cut[:-1] == ranges[: max(0, len(cut) - 1)]
    assert cut_ranges(ranges, None) == ranges


def test_a_pack_of_which_little_may_come_in_a_day_holds_up_no_other(db):
    little = Limits(day_bytes=400_000)
    came = b""
    for day in (23, 24, 25):
        for hour in (18, 20):  # at eight there is nothing left of its day, in another sync too
            moment = Moment(datetime.fromisoformat(f"2026-11-{day} {hour}:00"))
            gate = make_gate(db, Limits(), lambda moment=moment: moment)
            with gate.for_pack("a", little):
                more, _ = read(gate, [Range("packs/a/1/blocks-0", len(came), SIZE - len(came))])
            came += more
            assert gate.allowance_of("b", little).left_bytes == 400_000
            assert gate.allowance().left_bytes is None
        most = min(SIZE, 400_000 * (day - 22))
        assert 0.95 * most < len(came) <= most
    assert came == FILES["packs/a/1/blocks-0"]


def test_the_tighter_of_the_hubs_own_budget_and_that_of_a_pack_holds(db):
    gate = make_gate(db, Limits(day_bytes=200_000))
    with gate.for_pack("a", Limits(day_bytes=400_000)):
        came, why = read(gate)
    assert (why, gate.allowance().wait.by_office) == ("day-budget", False)
    assert 180_000 < len(came) <= 200_000


@pytest.mark.parametrize("road", [Road.STICK, Road.FOLDER])
def test_by_stick_nothing_is_held_back(db, road):
    gate = make_gate(db, Limits(), road=road)
    with gate.for_pack("a", Limits(parse_quiet_hours("17:00-19:00"), day_bytes=10_000)):
        assert read(gate)[1] is None
    assert history.read_pack_use(db, EVENING, "boot", "a") == 0


def test_without_the_time_a_packs_day_is_this_start(db):
    unknown = Moment(EVENING.local, is_known=False)
    history.add_pack_use(db, unknown, "boot", "a", 7)
    history.add_pack_use(db, EVENING, "boot", "b", 5)
    uses = [
        history.read_pack_use(db, unknown, "boot", "a"),
        history.read_pack_use(db, unknown, "next boot", "a"),
        history.read_pack_use(db, EVENING, "next boot", "b"),
        history.read_pack_use(db, EVENING, "boot", "c"),
    ]
    assert uses == [7, 0, 5, 0]
