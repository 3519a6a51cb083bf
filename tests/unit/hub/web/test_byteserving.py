import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.web.byteserving import PLAYER_PIECE_BYTES, Span, UnsatisfiableError, disposition, parse_range
from hub.web.largebodies import LARGE_BYTES, LargeBodies, TooManyBodiesError
from support.shelves import put_lesson

DATA = bytes(range(256)) * 40
ADDRESS = "/p/lesson/film.mp4"
MOST_BODIES = 2  # conftest.py


@pytest.fixture
def film(content, paths, scratch):
    put_lesson(paths, scratch, {"index.html": b"x", "film.mp4": DATA})
    return content


@pytest.mark.parametrize(
    ("header", "start", "end"),
    [("bytes=0-99", 0, 100), ("bytes=100-", 100, len(DATA)), ("bytes=-5", len(DATA) - 5, len(DATA))],
)
def test_sends_the_range_that_was_asked_for(film, header, start, end):
    answer = film.get(ADDRESS, headers={"Range": header})
    assert answer.status_code == 206
    assert answer.data == DATA[start:end]
    assert answer.headers["Content-Range"] == f"bytes {start}-{end - 1}/{len(DATA)}"
    assert answer.headers["Content-Length"] == str(end - start)


@pytest.mark.parametrize("header", [f"bytes={len(DATA)}-", "bytes=999999-", "bytes=-0"])
def test_a_range_behind_the_end_is_416(film, header):
    answer = film.get(ADDRESS, headers={"Range": header})
    assert answer.status_code == 416
    assert answer.headers["Content-Range"] == f"bytes */{len(DATA)}"


@pytest.mark.parametrize("header", ["bytes=0-1,5-6", "bytes=5-2", "bytes=-", "lines=1-2", "bytes=a-b", ""])
def test_what_is_no_single_range_gets_all(film, header):
    answer = film.get(ADDRESS, headers={"Range": header})
    assert answer.status_code == 200
    assert answer.data == DATA


DIGITS = "9" * 5000


@pytest.mark.parametrize(
    ("header", "status"),
    [
        (f"bytes={DIGITS}-", 416),
        (f"bytes={DIGITS}-{DIGITS}", 416),
        (f"bytes=5-{DIGITS}", 206),
        (f"bytes=-{DIGITS}", 206),
        (f"bytes={'0' * 5000}5-9", 206),
        ("bytes=٣-٥", 200),
    ],
    ids=lambda value: str(value)[:20],
)
def test_a_position_of_many_digits_is_behind_the_end(film, header, status):
    answer = film.get(ADDRESS, headers={"Range": header})
    assert answer.status_code == status
    if status == 206 and header.endswith("-9"):
        assert answer.data == DATA[5:10]


@pytest.mark.parametrize("year", ["0001", "9999", "9" * 20])
def test_a_time_that_no_clock_counts_is_ignored(film, year):
    header = {"If-Modified-Since": f"Mon, 01 Jan {year} 00:00:00 -0000"}
    assert film.get(ADDRESS, headers=header).status_code in (200, 304)


def test_more_large_files_than_there_are_threads_for_wait(content, paths, scratch):
    put_lesson(paths, scratch, {"index.html": b"x", "film.mp4": bytes(LARGE_BYTES + 1), "small.mp4": DATA})
    running = [content.get(ADDRESS) for _ in range(MOST_BODIES)]
    refused = content.get(ADDRESS)
    assert refused.status_code == 503
    assert refused.headers["Retry-After"] == "10"
    assert "sandbox" in refused.headers["Content-Security-Policy"]
    assert "ще раз" in refused.text
    assert content.head(ADDRESS).status_code == 200
    assert content.get("/p/lesson/small.mp4").status_code == 200
    assert content.get(ADDRESS, headers={"Range": "bytes=0-99"}).status_code == 206
    running[0].close()
    running[0].close()
    again = content.get(ADDRESS)
    assert again.status_code == 200
    assert content.get(ADDRESS).status_code == 503
    for answer in (*running, again):
        answer.close()


def test_a_slot_is_given_back_once():
    bodies = LargeBodies(2)
    first, _second = bodies.admit(None), bodies.admit(LARGE_BYTES + 1)
    first.close()
    first.close()
    bodies.admit(None)
    with pytest.raises(TooManyBodiesError):
        bodies.admit(None)


def test_a_refused_file_is_closed(content, paths, scratch):
    put_lesson(paths, scratch, {"index.html": b"x", "film.mp4": bytes(LARGE_BYTES + 1)})
    running = [content.get(ADDRESS) for _ in range(MOST_BODIES)]
    before = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(5):
        assert content.get(ADDRESS).status_code == 503
    assert len(list(Path("/proc/self/fd").iterdir())) == before
    for answer in running:
        answer.close()


def test_an_unchanged_file_is_not_sent_again(film):
    first = film.get(ADDRESS)
    for header in (
        {"If-None-Match": first.headers["ETag"]},
        {"If-Modified-Since": first.headers["Last-Modified"]},
    ):
        again = film.get(ADDRESS, headers=header)
        assert again.status_code == 304
        assert again.data == b""
    assert film.get(ADDRESS, headers={"If-None-Match": '"other"'}).status_code == 200
    assert film.get(ADDRESS, headers={"If-Modified-Since": "nonsense"}).status_code == 200


def test_a_resume_onto_another_file_gets_all_of_it(film, paths):
    tag = film.get(ADDRESS).headers["ETag"]
    assert film.get(ADDRESS, headers={"Range": "bytes=5-", "If-Range": tag}).status_code == 206
    place = paths.packs / "lesson" / "1" / "files" / "film.mp4"
    place.unlink()
    place.write_bytes(DATA[::-1])
    answer = film.get(ADDRESS, headers={"Range": "bytes=5-", "If-Range": tag})
    assert answer.status_code == 200
    assert answer.data == DATA[::-1]


def test_head_has_the_headers_and_no_bytes(film):
    answer = film.head(ADDRESS)
    assert answer.data == b""
    assert answer.headers["Content-Length"] == str(len(DATA))
    assert answer.headers["Accept-Ranges"] == "bytes"


def test_a_paused_player_does_not_hold_a_thread_for_a_whole_film(content, paths, scratch):
    data = os.urandom(PLAYER_PIECE_BYTES + 1000)
    put_lesson(paths, scratch, {"index.html": b"x", "film.mp4": data})
    player = {"Range": "bytes=10-", "Accept-Encoding": "identity;q=1, *;q=0"}
    answer = content.get(ADDRESS, headers=player)
    assert answer.status_code == 206
    assert answer.data == data[10 : 10 + PLAYER_PIECE_BYTES]
    assert answer.headers["Content-Range"] == f"bytes 10-{9 + PLAYER_PIECE_BYTES}/{len(data)}"
    assert content.get(ADDRESS, headers={"Range": "bytes=10-"}).data == data[10:]


@given(st.text(max_size=30), st.integers(0, 10**6))
def test_any_range_header_is_understood_or_ignored(header, size):
    try:
        span = parse_range(header, size)
    except UnsatisfiableError:
        return
    assert span is None or 0 <= span.start < span.end <= size


@given(st.integers(0, 2000), st.integers(0, 2000), st.integers(1, 1500))
def test_a_span_never_leaves_the_file(first, last, size):
    try:
        span = parse_range(f"bytes={first}-{last}", size)
    except UnsatisfiableError:
        assert first >= size
        return
    assert span == (Span(first, min(last + 1, size)) if first <= last else None)


@given(st.text(min_size=1, max_size=60))
def test_no_name_breaks_out_of_its_header(name):
    header = disposition(name.encode("utf-8", "replace").decode())
    assert header.isascii()
    assert header.isprintable()
    assert header.count('"') == 2
