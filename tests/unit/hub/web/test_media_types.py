import pytest

from hub.web.media_types import content_type


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("a.html", "text/html; charset=utf-8"),
        ("APP.JS", "text/javascript; charset=utf-8"),
        ("m.mjs", "text/javascript; charset=utf-8"),
        ("s.css", "text/css; charset=utf-8"),
        ("m.wasm", "application/wasm"),
        ("t.vtt", "text/vtt; charset=utf-8"),
        ("b.epub", "application/epub+zip"),
        ("d.json", "application/json; charset=utf-8"),
        ("p.svg", "image/svg+xml; charset=utf-8"),
        ("f.woff2", "font/woff2"),
        ("film.MP4", "video/mp4"),
        ("song.mp3", "audio/mpeg"),
        ("i.webp", "image/webp"),
        ("x.pdf", "application/pdf"),
        ("архів.zip", "application/zip"),
        ("x.tar.gz", "application/octet-stream"),
        ("README", "application/octet-stream"),
        (".html", "application/octet-stream"),
    ],
)
def test_the_name_tells_the_type(name, wanted):
    assert content_type(name) == wanted
