import json
import os
import re
import time
from itertools import pairwise
from urllib.parse import quote

import pytest

from hub.web import view
from hub.web.reading import render_markdown
from support.shelves import put_files_pack, put_lesson, put_textbook


def test_a_web_pack_opens_in_a_sandboxed_frame_under_the_bar(portal, paths, scratch):
    put_textbook(paths, scratch)
    page = portal.get("/view/python-basics/").text
    frame = re.search(r"<iframe[^>]*>", page)
    assert 'src="http://localhost:8081/p/python-basics/index.html"' in frame[0]
    assert "allow-scripts" in frame[0]
    assert "allow-same-origin" not in page
    assert "allow-top-navigation" not in page
    assert '<a href="/">' in page
    assert 'href="/pack/python-basics"' in page


def test_what_is_opened_counts_for_its_pack_and_nothing_else_is_known_of_it(portal, paths, scratch):
    put_files_pack(paths, scratch)
    put_textbook(paths, scratch)
    film = "/view/maths-shelf/" + quote("відео/4 Частини.mp4")
    etag = portal.get(film, headers={"Cookie": "language=uk"}).headers["ETag"]
    assert portal.get(film, headers={"If-None-Match": etag}).status_code == 304
    portal.get("/view/python-basics/")
    for other in ("/", "/pack/maths-shelf", "/view/maths-shelf/", "/view/maths-shelf/none", "/view/none/"):
        portal.get(other)
    portal.head(film)
    portal.application.extensions["portal"].usage.save()
    [path] = paths.usage.iterdir()
    assert json.loads(path.read_bytes()) == {"maths-shelf": 2, "python-basics": 1}


def test_a_deep_link_opens_that_page(portal, paths, scratch):
    put_lesson(paths, scratch, {"index.html": b"x", "розділ 1/що? 50%+#2.html".replace("?", ""): b"x"})
    path = quote("розділ 1/що 50%+#2.html")
    assert f"/p/lesson/{quote('розділ 1/що 50%')}+%232.html" in portal.get(f"/view/lesson/{path}").text


@pytest.mark.parametrize("path", ["none.html", "../../../hub.toml", "%2e%2e/%2e%2e/index.zst", "index.html/"])
def test_what_is_not_in_the_pack_is_a_404(portal, paths, scratch, path):
    put_lesson(paths, scratch)
    assert portal.get(f"/view/lesson/{path}").status_code == 404


def test_a_film_comes_with_its_subtitles(portal, paths, scratch):
    put_files_pack(paths, scratch)
    page = portal.get("/view/maths-shelf/" + quote("відео/4 Частини.mp4")).text
    assert re.search(r'<video[^>]* src="http://localhost:8081/p/maths-shelf/[^"]+\.mp4"', page)
    assert re.search(r'<track kind="subtitles" src="http://localhost:8081/[^"]+\.vtt" srclang="uk"', page)


def test_markdown_is_shown_without_what_could_harm(portal, paths, scratch):
    put_files_pack(paths, scratch)
    page = portal.get("/view/maths-shelf/" + quote("1 Вступ #1 100%.md")).text
    assert "<strong>частина</strong>" in page
    assert "<td>половина</td>" in page
    assert "<script>" not in page
    assert 'href="javascript' not in page
    assert f'href="/view/maths-shelf/{quote("2 Урок.txt")}"' in page
    assert f'src="http://localhost:8081/p/maths-shelf/{quote("рис.png")}"' in page


def test_a_long_markdown_is_shown_as_it_was_written(portal, paths, scratch):
    """2 MB of brackets would keep a thread busy for a minute, and each reader anew."""
    put_files_pack(paths, scratch)
    name = "1 Вступ #1 100%.md"
    place = paths.packs / "maths-shelf" / "1" / "files" / name
    place.chmod(0o644)
    place.write_bytes(b"[" * 1_900_000)
    begun = time.monotonic()
    page = portal.get("/view/maths-shelf/" + quote(name)).text
    assert '<pre class="plain">[[[' in page
    assert time.monotonic() - begun < 5


def test_plain_text_keeps_its_signs(portal, paths, scratch):
    put_files_pack(paths, scratch)
    assert "&lt;b&gt;не жирний&lt;/b&gt;" in portal.get("/view/maths-shelf/" + quote("2 Урок.txt")).text


def test_html_among_files_runs_only_on_the_other_origin(portal, paths, scratch):
    put_files_pack(paths, scratch)
    page = portal.get("/view/maths-shelf/" + quote("7 Гра.html")).text
    assert "<iframe" in page
    assert "1+1" not in page


def test_items_lead_to_their_neighbours(portal, paths, scratch):
    put_files_pack(paths, scratch)
    page = portal.get("/view/maths-shelf/" + quote("5 Пісня.mp3")).text
    assert 'rel="prev"' in page
    assert 'rel="next"' in page
    assert "<audio" in page


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ("відео/4 Частини.mp4", "<video"),
        ("5 Пісня.mp3", "<audio"),
        ("рис.png", "<img"),
        ("2 Урок.txt", '<pre class="plain">'),
        ("8 Таблиця.xlsx", "?download"),
    ],
)
def test_each_type_of_item_is_shown_in_its_way_and_can_be_kept(portal, paths, scratch, path, shown):
    put_files_pack(paths, scratch)
    page = portal.get("/view/maths-shelf/" + quote(path)).text
    content = page[page.index("<main") : page.index("</main>")]
    assert shown in content
    assert f'href="http://localhost:8081/p/maths-shelf/{quote(path)}?download"' in content
    assert "autoplay" not in content


def test_a_text_does_not_say_its_title_twice(portal, paths, scratch):
    put_files_pack(paths, scratch)
    page = portal.get("/view/maths-shelf/" + quote("1 Вступ #1 100%.md")).text
    assert re.findall(r"<h1[^>]*>([^<]*)</h1>", page) == ["Дроби"]


def test_every_page_says_where_one_is(portal, paths, scratch):
    put_files_pack(paths, scratch)
    page = portal.get("/view/maths-shelf/" + quote("2 Урок.txt")).text
    crumbs = page[page.index('class="crumbs"') : page.index("</nav>", page.index('class="crumbs"'))]
    addresses = re.findall(r'href="([^"]+)"', crumbs)
    assert addresses == ["/", "/library", "/library?subject=mathematics", "/pack/maths-shelf"]


def test_items_are_read_in_the_order_in_which_they_are_listed(portal, paths, scratch):
    put_files_pack(paths, scratch)
    listed = re.findall(r'class="item" href="([^"]+)"', portal.get("/pack/maths-shelf").text)
    assert len(listed) == 9
    for address, following in pairwise(listed):
        page = portal.get(address).text
        assert f'rel="next" href="{following}"' in page or "<iframe" in page


def test_a_shelf_without_an_item_is_its_own_page(portal, paths, scratch):
    put_files_pack(paths, scratch)
    answer = portal.get("/view/maths-shelf/")
    assert (answer.status_code, answer.location) == (302, "/pack/maths-shelf")


def test_markdown_is_rendered_once_for_all_who_open_it(portal, paths, scratch, monkeypatch):
    folder = put_lesson(paths, scratch, {"а.md": b"# x\n![](b.png)"}, id="texts", kind="files", entry=None)
    rendered = []

    def render(*arguments):
        rendered.append(1)
        return render_markdown(*arguments)

    monkeypatch.setattr(view, "render_markdown", render)
    for host in ("hub.lan", "hub.lan", "10.42.0.1"):
        page = portal.get("/view/texts/%D0%B0.md", headers={"Host": f"{host}:8080"}).text
        assert f'src="http://{host}:8081/p/texts/b.png"' in page
    assert len(rendered) == 2
    os.utime(folder / "а.md", (1, 1))
    assert portal.get("/view/texts/%D0%B0.md", headers={"Host": "hub.lan:8080"}).status_code == 200
    assert len(rendered) == 3
