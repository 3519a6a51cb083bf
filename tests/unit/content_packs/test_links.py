import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from content_packs.links import css_links, html_links, place_of


def targets(html):
    return [link.target for link in html_links(html.encode())]


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ("<a href='a.html'>x</a>", ["a.html"]),
        ("<a href=' a.html\n'>x</a>", ["a.html"]),
        ("<a name=x>no link</a><a href=''>empty</a>", []),
        ("<img src=a.png srcset='b.png 1x, c.png 2x'>", ["a.png", "b.png", "c.png"]),
        ("<picture><source srcset='a.webp, b.webp 300w'></picture>", ["a.webp", "b.webp"]),
        ("<video src=a.mp4 poster=b.jpg><track src=c.vtt></video>", ["a.mp4", "b.jpg", "c.vtt"]),
        ("<div style=\"background:url('a.png')\"></div>", ["a.png"]),
        ("<style>@import 'a.css'; p{background:url(b.png)}</style>", ["a.css", "b.png"]),
        ("<svg><image xlink:href='a.png'/><use href='b.svg#x'/></svg>", ["a.png", "b.svg#x"]),
        ("<link rel=stylesheet href=a.css><link rel=canonical href=/x>", ["a.css"]),
        ("<meta http-equiv=refresh content='0; url=a.html'>", ["a.html"]),
        ("<object data=a.pdf></object><iframe src=b.html></iframe>", ["a.pdf", "b.html"]),
        ("<!-- <a href=no.html> --><script>var a = '<a href=no.html>'</script>", []),
        ("<p <a href=a.html", []),
    ],
)
def test_finds_every_kind_of_link(html, expected):
    assert targets(html) == expected


def test_links_of_css_have_lines_and_comments_have_none():
    css = b"/* url(no.png)\n\n*/ @import 'a.css';\n p { background: url( 'b c.png' ) }\nq{src:url(c.eot?#ie)}"
    assert [(link.target, link.line) for link in css_links(css)] == [
        ("a.css", 3),
        ("b c.png", 4),
        ("c.eot?#ie", 5),
    ]


def test_base_changes_where_links_lead():
    (link,) = html_links(b"<base href='sub/'><a href='a.html'>x</a>")
    assert (link.target, link.address) == ("a.html", "sub/a.html")


def test_only_what_the_page_needs_counts_as_loaded():
    html = b"<a href=a></a><iframe src=b></iframe><img src=c><script src=d></script>"
    assert {link.target: link.loaded for link in html_links(html)} == {
        "a": False,
        "b": True,
        "c": True,
        "d": True,
    }


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("b.html", ("inside", "dir/b.html")),
        ("b%20c.html?x=1#top", ("inside", "dir/b c.html")),
        ("%D0%B9.html", ("inside", "dir/й.html")),
        ("sub\\b.html", ("inside", "dir/sub/b.html")),
        ("#top", ("inside", "dir/page.html")),
        ("?x", ("inside", "dir/page.html")),
        ("/b.html", ("inside", "/b.html")),
        ("//host/b.js", ("internet", "")),
        ("HTTPS://host/", ("internet", "")),
        ("file:///home/me/b.html", ("computer", "")),
        ("C:\\book\\b.html", ("computer", "")),
        ("mailto:a@b", ("elsewhere", "")),
        ("javascript:void(0)", ("elsewhere", "")),
        ("http://[", ("elsewhere", "")),
    ],
)
def test_addresses_are_told_apart(address, expected):
    assert place_of("dir/page.html", address) == expected


@pytest.mark.parametrize(
    "text", ["url(" * 200_000, "@import '" * 100_000, "/*" * 300_000, "url('" + "a" * 900_000, "a" * 900_000]
)
def test_hostile_css_takes_no_time(text):
    start = time.process_time()
    css_links(text.encode())
    html_links(f"<style>{text}</style><img srcset='{text[:100_000]},,,,,'>".encode())
    assert time.process_time() - start < 5


@given(st.binary(max_size=400))
def test_no_bytes_crash_the_search_for_links(data):
    for link in [*html_links(b"<a href='" + data), *html_links(data), *css_links(data)]:
        place_of("a/b.html", link.address)
