"""A course of the library opens in the Kolibri that runs beside the portal."""

from collections.abc import Iterator

import pytest

from content_packs.channel.tree import channel_id
from support.kolibri import HubKolibri
from support.school import COURSE


@pytest.fixture(scope="module", autouse=True)
def kolibri(hub_dir, served) -> Iterator[HubKolibri]:
    running = HubKolibri(hub_dir)
    running.start()
    running.wait_for_stamps({channel_id(COURSE): f"{COURSE}@1"})
    yield running
    running.end()


@pytest.mark.timeout(240)
@pytest.mark.parametrize("engine", ["chromium"], indirect=True)  # Kolibri 0.19 needs a newer one than 64
def test_a_course_opens_in_kolibri(visitor):
    visitor.go(f"/pack/{COURSE}")
    visitor.tab.follow(f"main a[href*='/view/{COURSE}/']")
    visitor.keep("course-awake")
    visitor.tab.follow("main a[href*='/viewcontent?node_id=']")
    visitor.tab.wait_until("document.body.innerText.indexOf('Математика, 4 клас') >= 0", timeout_s=60)
    visitor.keep("course-in-kolibri")
    assert visitor.tab.complaints == []
