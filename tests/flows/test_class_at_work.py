"""A class works while a sync brings and installs a new version of its lesson: no error, nothing stale."""

import pytest

from support.class_hub import ClassHub
from support.learners import Class

LEARNERS, SECONDS = 12, 10.0


@pytest.fixture(scope="module")
def hub(tmp_path_factory):
    made = ClassHub(tmp_path_factory.mktemp("class"), film_bytes=10_000_000)
    try:
        made.fill(course=False)
        yield made
    finally:
        made.stop()


@pytest.mark.timeout(240)
def test_a_class_meets_no_error_and_nothing_stale_during_a_sync_and_an_install(hub):
    with hub.running(course=False) as (served, door):
        for home in (f"http://{door.hub_host}/", f"{served.url}/"):
            lessons = hub.lessons(home, course=False)
            work = Class(lessons, LEARNERS, SECONDS, think_s=(0.1, 0.6))
            with hub.renewing(lessons, delay_s=2.0) as renewal:
                asked = work.work()
            assert not renewal.error
            assert lessons.renewed_at, "the new version was not installed"
            assert [(one.kind, one.fault) for one in asked if one.fault] == []
            after = [one for one in asked if one.began > lessons.renewed_at]
            assert {"home", "library", "item page", "pack file", "search"} <= {one.kind for one in after}
            kinds = {one.kind for one in asked}
            assert {"film", "2 MB page", "ZIM article", "EPUB chapter", "PDF page"} <= kinds
