"""Asking kiwix-serve to search: bounded in time and number, whatever kiwix-serve does."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from time import monotonic

from hub.web import zimsearch
from hub.web.zimsearch import ZimSearch
from support.waiting import wait_for

ANSWER = """<?xml version="1.0" encoding="UTF-8"?>
<rss version="2.0" xmlns:opensearch="http://a9.com/-/spec/opensearch/1.1/"><channel>
<opensearch:totalResults>1,200</opensearch:totalResults>
<item><title>Тиса</title><link>/wiki/%D0%A2%D0%B8%D1%81%D0%B0</link>
<description>Чиста &lt;b&gt; <b>вода</b>, риба</description></item>
<item><title>Elsewhere</title><link>http://other/x</link><description>x</description></item>
</channel></rss>""".encode()


@contextmanager
def kiwix(release: threading.Event) -> Iterator[tuple[int, list[str]]]:
    """Yield the port of a server that answers as kiwix-serve does, once released; and what it was asked."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            release.wait(20)
            self.send_response(200)
            self.send_header("Content-Length", str(len(ANSWER)))
            self.end_headers()
            self.wfile.write(ANSWER)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield server.server_address[1], asked
    finally:
        release.set()
        server.shutdown()
        thread.join()
        server.server_close()


def released() -> threading.Event:
    event = threading.Event()
    event.set()
    return event


def test_the_same_question_is_asked_once() -> None:
    search = ZimSearch()
    with kiwix(released()) as (port, asked):
        answers = [search.ask(["wiki"], port, query) for query in ("вода", "Вода")]
    assert [answer.is_late for answer in answers] == [False, False]
    assert answers[0].found[0].hits[0].title == "Тиса"
    assert len(asked) == 1


def test_a_page_does_not_wait_for_long_and_the_answer_is_there_later() -> None:
    search, release = ZimSearch(), threading.Event()
    with kiwix(release) as (port, _):
        began = monotonic()
        assert search.ask(["wiki"], port, "вода").is_late
        assert monotonic() - began < zimsearch.PATIENCE_S * 4
        release.set()
        wait_for(lambda: not search.ask(["wiki"], port, "вода").is_late, timeout_s=30)


def test_two_searches_at_most_are_under_way() -> None:
    search, release = ZimSearch(), threading.Event()
    with kiwix(release) as (port, asked):
        askers = [threading.Thread(target=search.ask, args=(["wiki"], port, f"слово {n}")) for n in range(40)]
        for asker in askers:
            asker.start()
        for asker in askers:
            asker.join()
        assert len(asked) == 2


def test_kiwix_serve_that_is_gone_is_late_and_asked_again() -> None:
    search = ZimSearch()
    with kiwix(released()) as (port, _):
        pass
    assert search.ask(["wiki"], port, "вода").is_late
    with kiwix(released()) as (port, _):
        assert not search.ask(["wiki"], port, "вода").is_late
