"""The child here is this file run as a program: it crashes, hangs and chatters on demand."""

import os
import time

import pytest

from content_packs.child import ChildFault, ask_child

CHILD = """
import ctypes, os, sys, time
from content_packs.child import serve

def answer(question):
    print("chatter that is no answer")
    if question == "crash":
        ctypes.string_at(0)
    if question == "raise":
        raise KeyError("lost")
    if question == "hang":
        time.sleep(60)
    if question == "eat":
        bytearray(6 * 1024 ** 3)
    if question == "shout":
        sys.stderr.write("x" * 300_000)
    return {"said": question, "pid": os.getpid()}

serve(answer)
"""


@pytest.fixture
def module(tmp_path, monkeypatch):
    (tmp_path / "hostile_child.py").write_text(CHILD)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path), prepend=os.pathsep)
    return "hostile_child"


def ask(module, *questions, timeout_s=20.0):
    return list(ask_child(module, questions, timeout_s=timeout_s))


def test_one_process_answers_all_questions(module):
    answers = ask(module, "один", "два")
    assert [answer["said"] for answer in answers] == ["один", "два"]
    assert answers[0]["pid"] == answers[1]["pid"]


@pytest.mark.parametrize(
    ("question", "reason"),
    [("crash", "ended by signal 11"), ("raise", "KeyError: 'lost'"), ("eat", "MemoryError")],
)
def test_what_kills_the_child_is_an_answer_and_the_next_one_is_served(module, question, reason):
    before, fault, after = ask(module, "a", question, "b")
    assert isinstance(fault, ChildFault)
    assert reason in fault.reason
    assert (before["said"], after["said"]) == ("a", "b")
    assert before["pid"] != after["pid"]


def test_a_child_that_hangs_is_ended_in_time(module):
    start = time.monotonic()
    (fault,) = ask(module, "hang", timeout_s=1.0)
    assert fault.timed_out
    assert time.monotonic() - start < 10


def test_a_child_that_shouts_does_not_block(module):
    assert ask(module, "shout")[0]["said"] == "shout"


def test_a_missing_program_is_explained():
    (fault,) = ask("content_packs.no_such_child", "a")
    assert "No module named" in fault.reason


def test_no_child_is_left_when_the_answers_are_not_wanted(module):
    answers = ask_child(module, ["a", "b"], timeout_s=20.0)
    pid = next(answers)["pid"]
    answers.close()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
