"""Reports reach the office exactly once: under any order, repetition, loss, and a crash at any moment."""

import shutil
import tempfile
from itertools import count
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from content_packs.errors import Error
from support.crashing import crash_at
from support.office import HUB
from support.reporting import Reporting, found_office

MEMORY = "/dev/shm"  # a disk would make this minutes long
MOMENTS = st.none() | st.integers(1, 12)


@pytest.fixture
def reporting(office, memory):
    shutil.copytree(office.dir, memory / "central")
    return Reporting(type(office)(memory / "central"), memory / "hub")


STEPS = {
    "tell": lambda reporting: reporting.tell("second"),
    "seal": lambda reporting: reporting.seal(),
    "send": lambda reporting: reporting.send(),
    "ingest": lambda reporting: reporting.ingest(),
    "acks": lambda reporting: reporting.take_acks(),
}


@pytest.fixture(scope="module")
def office():
    folder = Path(tempfile.mkdtemp(dir=MEMORY))
    yield found_office(folder / "central")
    shutil.rmtree(folder)


@pytest.fixture
def memory():
    folder = Path(tempfile.mkdtemp(dir=MEMORY))
    yield folder
    shutil.rmtree(folder)


@pytest.mark.parametrize("step", STEPS)
def test_a_crash_at_any_moment_of_a_step_neither_loses_nor_doubles_a_report(step, office, memory):
    for moment in count(1):
        folder = memory / f"{step}-{moment}"
        shutil.copytree(office.dir, folder)
        reporting = Reporting(type(office)(folder), memory / f"hub-{moment}")
        reporting.tell("first")
        for name, act in STEPS.items():
            if name == step:
                break
            act(reporting)
        with crash_at(moment) as crashing:
            STEPS[step](reporting)
        reporting.whole_way()
        reporting.whole_way()
        known = reporting.known()
        assert sorted(set(known)) == sorted(known)
        assert set(reporting.confirmed) <= set(known) <= {"first", "second"}
        assert reporting.outbox.waiting().segments == reporting.outbox.waiting().events == 0
        assert list(reporting.inbox.iterdir()) == []
        if not crashing.has_crashed:
            break
    assert moment > 1, "nothing was made durable in this step"


class Fleet(RuleBasedStateMachine):
    """outbox × link × ingest."""

    office = None

    def __init__(self):
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(dir=MEMORY))
        shutil.copytree(Fleet.office.dir, self.folder / "central")
        self.reporting = Reporting(type(Fleet.office)(self.folder / "central"), self.folder / "hub")
        self.names = (f"event {number}" for number in count(1))
        self.attempted = set()
        self.travelled = {}  # every segment that was ever in the inbox

    def teardown(self):
        try:
            self.reporting.whole_way()
            self.reporting.whole_way()
            self.at_most_once()
            assert set(self.reporting.confirmed) <= set(self.reporting.known())
            assert self.reporting.outbox.waiting().size_bytes == 0
        finally:
            shutil.rmtree(self.folder)

    @rule(many=st.integers(1, 3), moment=MOMENTS)
    def something_happens(self, many, moment):
        names = [next(self.names) for _ in range(many)]
        self.attempted |= set(names)
        with crash_at(moment):
            self.reporting.tell(*names)

    @rule(moment=MOMENTS)
    def hub_seals(self, moment):
        with crash_at(moment):
            self.reporting.seal()

    @rule(again=st.booleans(), moment=MOMENTS)
    def hub_sends(self, again, moment):
        with crash_at(moment):
            self.reporting.send(again=again)
        self.travelled |= {p.name: p.read_bytes() for p in self.reporting.inbox.glob("[!.]*")}

    @rule(data=st.data())
    @precondition(lambda self: any(self.reporting.inbox.iterdir()))
    def depot_loses_a_file(self, data):
        data.draw(st.sampled_from(sorted(self.reporting.inbox.iterdir()))).unlink()

    @rule(data=st.data())
    @precondition(lambda self: self.travelled)
    def an_old_segment_comes_again(self, data):
        name = data.draw(st.sampled_from(sorted(self.travelled)))
        (self.reporting.inbox / name).write_bytes(self.travelled[name])

    @rule(junk=st.binary(max_size=50), name=st.sampled_from(["a" * 64, "x", ".tmp"]))
    def junk_comes(self, junk, name):
        (self.reporting.inbox / name).write_bytes(junk)

    @rule(moment=MOMENTS)
    def office_ingests(self, moment):
        with crash_at(moment):
            self.reporting.ingest()

    @rule(moment=MOMENTS)
    def hub_reads_acks(self, moment):
        with crash_at(moment):
            self.reporting.take_acks()

    @rule(torn=st.sampled_from([b"", b"00000000 {", b"\0" * 100, b"\n\n{}\n"]))
    def power_tears_the_end_of_the_journal(self, torn):
        journal = self.reporting.hub_dir / "outbox" / "journal"
        if journal.exists():
            with journal.open("ab") as file:
                file.write(torn)

    @rule(rest=st.sampled_from([b"", b"\0" * 50, b'{"stream": "x"}\n', b"{}\n{}\n"]))
    def the_state_is_spoilt(self, rest):
        state = self.reporting.hub_dir / "outbox" / "state"
        if state.exists():
            state.write_bytes(rest)

    @invariant()
    def at_most_once(self):
        known = self.reporting.known()
        assert len(set(known)) == len(known)
        assert set(known) <= self.attempted


def test_each_report_counts_once_whatever_happens_between_hub_and_office(office):
    Fleet.office = office
    run_state_machine_as_test(
        Fleet,
        settings=settings(max_examples=25, stateful_step_count=20, suppress_health_check=list(HealthCheck)),
    )


def test_a_school_that_only_a_stick_reaches_each_quarter_never_falls_behind(reporting, memory):
    waiting = []
    for quarter in range(8):
        reporting.take_acks()  # of the stick before
        for day in range(90):
            reporting.tell(f"{quarter}.{day}")
            reporting.seal()  # the worst: each day something else was sealed
        waiting.append(reporting.outbox.waiting().segments)
        stick = memory / f"stick-{quarter}"
        stick.mkdir()
        assert reporting.send(stick, again=True) == 90, "what the office has is carried again"
        reporting.ingest(stick)
    assert waiting == [90] * 8
    assert reporting.known() == reporting.confirmed
    assert len((reporting.office.depot / "acks" / HUB).read_bytes()) < 128


def test_reports_of_a_hub_that_the_office_never_ingested_are_sent_again_after_a_week(reporting):
    reporting.tell("one")
    reporting.seal()
    assert reporting.send() == 1
    assert reporting.send() == 0
    for path in reporting.inbox.iterdir():
        path.unlink()  # the depot was restored from a backup
    reporting.whole_way()
    assert reporting.known() == ["one"]


def test_errors_are_ours(reporting):
    (reporting.hub_dir / "outbox").write_text("a file where a folder belongs")
    with pytest.raises(Error):
        reporting.tell("x")
