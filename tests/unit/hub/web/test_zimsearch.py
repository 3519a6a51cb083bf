"""What kiwix-serve's own search answers, as the portal reads it; asking: tests/contract."""

from hub.web.zimsearch import ZimHit, read_answer

ANSWER = """<?xml version="1.0" encoding="UTF-8"?>
<rss version="2.0" xmlns:opensearch="http://a9.com/-/spec/opensearch/1.1/"><channel>
<opensearch:totalResults>1,200</opensearch:totalResults>
<item><title>Тиса</title><link>/wiki/%D0%A2%D0%B8%D1%81%D0%B0</link>
<description>Чиста &lt;b&gt; <b>вода</b>, риба</description></item>
<item><title>Elsewhere</title><link>http://other/x</link><description>x</description></item>
</channel></rss>""".encode()


def test_reads_what_kiwix_serve_answers() -> None:
    found = read_answer("wiki", ANSWER)
    assert found is not None
    assert found.hits == (ZimHit("Тиса", "Тиса", "Чиста &lt;b&gt; <mark>вода</mark>, риба"),)
    assert found.total == 1200


def test_refuses_what_is_no_answer() -> None:
    assert read_answer("wiki", b'<?xml version="1.0">\n<error>x</error>') is None
    assert read_answer("wiki", b"<rss/>") is None
    assert read_answer("wiki", b'<!DOCTYPE x [<!ENTITY a "b">]><rss><channel/></rss>') is None
