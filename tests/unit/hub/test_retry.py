"""`hub sync --retry`: after the link was cut it goes on, patiently, and not for ever."""

import pytest

from content_packs.errors import IdentityError, LinkDownError
from hub.cli.retry import keep_trying


class Link:
    """A link that fails so often; each attempt takes `took_s` and brings what `brings` says."""

    def __init__(self, failures, brings=(), took_s=0.0):
        self.failures, self.brings, self.took_s = failures, list(brings), took_s
        self.now = self.received = 0.0
        self.slept = []

    def attempt(self):
        self.now += self.took_s
        self.received += self.brings.pop(0) if self.brings else 0
        if self.failures == 0:
            return "done"
        self.failures -= 1
        raise LinkDownError("cut")

    def sleep(self, seconds):
        self.slept.append(seconds)
        self.now += seconds

    def keep_trying(self, for_s=None):
        return keep_trying(
            self.attempt,
            progress_bytes=lambda: self.received,
            for_s=for_s,
            told=lambda error, delay_s: None,
            sleep=self.sleep,
            monotonic=lambda: self.now,
        )


def test_goes_on_until_all_is_here():
    link = Link(failures=3)
    assert link.keep_trying() == "done"
    assert len(link.slept) == 3
    assert min(link.slept) >= 5


def test_waits_shortly_again_after_something_came():
    link = Link(failures=40, brings=[1] * 40)
    link.keep_trying()
    assert max(link.slept) <= 10
    without = Link(failures=40)
    without.keep_trying()
    assert max(without.slept) > 600


def test_begins_no_attempt_after_its_time():
    link = Link(failures=10**6, took_s=60)
    with pytest.raises(LinkDownError):
        link.keep_trying(for_s=600)
    assert link.now <= 600 + 60


def test_what_is_no_fault_of_the_link_is_not_tried_again():
    calls = []

    def attempt():
        calls.append(1)
        raise IdentityError("who are you?")

    with pytest.raises(IdentityError):
        keep_trying(attempt, progress_bytes=lambda: 0, for_s=None, told=print)
    assert len(calls) == 1
