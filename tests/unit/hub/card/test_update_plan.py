"""What is to be done with the packs for the hub itself: a table, without a card."""

import pytest

from content_packs.index import Index
from content_packs.meta import PackMeta
from hub.card.slots import SlotState
from hub.card.software import Installed
from hub.card.system_packs import SystemPack
from hub.card.update import Running, plan_updates
from hub.updates import Update, Updates
from support.system_packs import BUILT_AT, IMAGE, PYTHON, SOFTWARE

MACHINE = SOFTWARE["machine"]


def pack(kind, version=7, **changed):
    details = (SOFTWARE if kind == "software" else IMAGE) | changed
    meta = PackMeta(id=f"hub-{kind}", version=version, kind=kind, title="x", language="uk", licence="x")
    return SystemPack(kind, Index(meta, (), details=details), None)


def running(*, chosen=None, bad=(), state=None, image="hub-v1", built_at=1000):
    whole = frozenset(() if chosen is None else (chosen,))
    installed = Installed(chosen, None, None, frozenset(bad), whole)
    return Running(image, built_at, PYTHON, MACHINE, installed, "a", state)


def planned(packs, now, *, known=(), refused="", again=False):
    steps = plan_updates(
        packs, now, Updates("", tuple(known)), refuse_image=lambda _pack: refused, again=again
    )
    return [
        (step.pack.kind, step.pack.version, "done" if step.is_done else step.refused or step.waits or "try")
        for step in steps
    ]


FAILED = Update("image", "hub-image", 7, "hub-v2", "failed", why="it hangs")
WAITS = "the image that was written last has to be tried first"


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        ({}, "try"),
        ({"python": "3.2"}, f"it is for Python 3.2, this image has {PYTHON}"),
        ({"machine": "riscv64"}, f"it is for riscv64, this machine is {MACHINE}"),
        ({"needs_image": 5000}, "it needs an image of 5000 or later, this one is of 1000"),
        ({"built_at": 1000}, "it is of 1000, the image brings that of 1000"),
    ],
)
def test_software_is_for_some_machines(made, expected):
    assert planned([pack("software", **made)], running()) == [("software", 7, expected)]


def test_software_that_runs_is_done_and_a_bad_one_is_tried_only_when_asked():
    packs = [pack("software")]
    assert planned(packs, running(chosen=7)) == [("software", 7, "done")]
    assert planned(packs, running(bad=[7])) == [("software", 7, "it did not become healthy")]
    assert planned(packs, running(bad=[7]), again=True) == [("software", 7, "try")]


def test_an_older_version_that_the_office_assigned_is_taken():
    assert planned([pack("software", 6)], running(chosen=7)) == [("software", 6, "try")]


def test_software_comes_first_and_one_of_each_kind():
    packs = [pack("image", 9), pack("software", 8, python="3.2"), pack("software", 7)]
    assert planned(packs, running()) == [("software", 7, "try"), ("image", 9, "try")]


def test_while_a_slot_is_tried_nothing_else_begins():
    now = running(state=SlotState("b", trying=True, tries=2))
    packs = [pack("software"), pack("image")]
    assert planned(packs, now) == [("software", 7, WAITS), ("image", 7, WAITS)]


def test_an_image_that_runs_failed_or_does_not_fit():
    packs = [pack("image")]
    assert planned(packs, running(image="hub-v2")) == [("image", 7, "done")]
    assert planned(packs, running(), known=[FAILED]) == [("image", 7, "it hangs")]
    assert planned(packs, running(), known=[FAILED], again=True) == [("image", 7, "try")]
    assert planned([pack("image", 8)], running(), known=[FAILED]) == [("image", 8, "try")]
    assert planned(packs, running(), refused="too large") == [("image", 7, "too large")]


def test_the_packs_are_later_than_the_image_of_these_tests():
    assert BUILT_AT > 1000
