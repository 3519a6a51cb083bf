"""What a page costs, measured in the browsers: bytes on the wire and requests, at first and later."""

import pytest

from support.school import PAGES

FIRST_BYTES, FIRST_REQUESTS = 60_000, 8  # GOALS.md, Serving
LATER_BYTES, LATER_REQUESTS = 16_000, 2


def sent(visitor, name):
    """Open a page; return what came over the wire: the portal's part, where a lesson has its own."""
    visitor.tab.take_requests()
    visitor.go(PAGES[name])
    visitor.tab.settle()
    asked = [request for request in visitor.tab.take_requests() if not request.is_cached]
    if name.startswith("view-"):
        asked = [request for request in asked if request.url.startswith(visitor.served.url)]
    return asked


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_light_at_first_and_lighter_later(visitor, name):
    visitor.tab.call("Network.clearBrowserCache")
    visitor.go("/help" if name != "help" else "/")
    visitor.tab.settle()
    later = sent(visitor, name)
    visitor.tab.keep_pages(False)
    first = sent(visitor, name)
    assert sum(request.bytes for request in first) <= FIRST_BYTES, first
    assert len(first) <= FIRST_REQUESTS, first
    assert sum(request.bytes for request in later) <= LATER_BYTES, later
    assert len(later) <= LATER_REQUESTS, later
    assert sum(request.bytes for request in first) > sum(request.bytes for request in later) > 0
