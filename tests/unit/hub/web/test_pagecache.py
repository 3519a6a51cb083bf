"""What is kept in memory, and how much of it at most."""

from hub.web.pagecache import PageCache


def test_the_page_used_longest_ago_makes_room():
    cache = PageCache()
    for number in range(128):
        cache.put(number, "x")
    cache.get(0)
    cache.put("new", "x")
    assert cache.get(0) is not None
    assert cache.get(1) is None


def test_large_pages_fill_no_memory():
    cache = PageCache()
    for number in range(6):
        cache.put(number, "x" * 3_000_000)
        cache.put(0, "small")  # what is put again counts once
    assert [number for number in range(6) if cache.get(number)] == [0, 4, 5]


def test_a_page_that_is_larger_than_all_room_is_sent_all_the_same():
    cache = PageCache()
    assert len(cache.put("large", "x" * 9_000_000).html) == 9_000_000
    assert cache.get("large") is None
