import json
import os
import re
from urllib.parse import quote

import pytest

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


def test_a_course_leads_into_kolibri_while_it_runs(portal, paths, scratch):
    put_lesson(paths, scratch)
    channel = {"id": "a" * 32, "title": "Дроби", "resources": 3}
    _make_kolibri_pack(paths, channel)
    assert "Kolibri зараз не працює" in portal.get(f"/view/lesson/{channel['id']}").text
    paths.run.mkdir()
    (paths.run / "kolibri.json").write_text(json.dumps({"pid": os.getpid(), "port": 9123, "up": True}))
    page = portal.get(f"/view/lesson/{channel['id']}", headers={"Host": "10.0.0.1:8080"}).text
    assert f'href="http://10.0.0.1:9123/viewcontent?node_id={channel["id"]}"' in page


def _make_kolibri_pack(paths, channel):
    from contextlib import closing

    from hub.db import open_db

    with closing(open_db(paths.db)) as db:
        meta = json.dumps(
            {"id": "lesson", "version": 1, "kind": "kolibri", "title": "К", "language": "uk", "licence": "x"}
        )
        db.execute(
            "update installed set kind = 'kolibri', meta = ?, details = ?",
            [meta, json.dumps({"channels": [channel]})],
        )


def test_a_shelf_without_an_item_is_its_own_page(portal, paths, scratch):
    put_files_pack(paths, scratch)
    answer = portal.get("/view/maths-shelf/")
    assert (answer.status_code, answer.location) == (302, "/pack/maths-shelf")
