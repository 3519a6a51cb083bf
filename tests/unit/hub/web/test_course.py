import json
import os
import re

import pytest

from content_packs.channel.tree import channel_id
from content_packs.kinds.kolibri_nodes import find_node
from support.shelves import put_channel

CHANNEL = channel_id("maths-grade4")
PACK = "/view/maths-grade4/"


@pytest.fixture
def ids(paths, scratch) -> dict[str, str]:
    """The ids of the nodes of an installed channel by their titles."""
    content = put_channel(paths, scratch)
    found: dict[str, str] = {}
    waiting = [CHANNEL]
    while waiting:
        node = find_node(content, waiting.pop())
        assert node is not None
        found[node.node.title] = node.node.id
        waiting += [child.id for child in node.children]
    return found


def run_kolibri(paths) -> None:
    paths.run.mkdir(exist_ok=True)
    (paths.run / "kolibri.json").write_text(json.dumps({"pid": os.getpid(), "port": 9123, "up": True}))


def crumbs(page: str) -> list[str]:
    start = page.index('class="crumbs"')
    return re.findall(r'href="([^"]+)"', page[start : page.index("</nav>", start)])


def test_a_channel_lists_its_topics_and_they_their_lessons(portal, ids):
    page = portal.get(PACK + CHANNEL).text
    assert f'href="{PACK}{ids["Дроби"]}"' in page
    assert "3 ресурси" in page
    topic = portal.get(PACK + ids["Дроби"]).text
    assert topic.index("Вступ до дробів") < topic.index("Частини цілого") < topic.index("Гра в дроби")
    assert f'href="{PACK}{ids["Частини цілого"]}"' in topic


def test_a_lesson_leads_up_the_tree_and_to_its_neighbours(portal, ids):
    page = portal.get(PACK + ids["Частини цілого"]).text
    assert crumbs(page)[-2:] == ["/pack/maths-grade4", PACK + ids["Дроби"]]
    assert f'rel="prev" href="{PACK}{ids["Вступ до дробів"]}"' in page
    assert f'rel="next" href="{PACK}{ids["Гра в дроби"]}"' in page
    bar = page[page.index('class="bar"') : page.index("</header>")]
    assert f'href="{PACK}{ids["Дроби"]}"' in bar


def test_a_lesson_opens_in_kolibri_while_it_runs(portal, paths, ids):
    lesson = PACK + ids["Частини цілого"]
    page = portal.get(lesson).text
    assert "Kolibri зараз не працює" in page
    assert f'href="{lesson}"' in page  # to try again
    run_kolibri(paths)
    page = portal.get(lesson, headers={"Host": "10.0.0.1:8080"}).text
    assert f'href="http://10.0.0.1:9123/viewcontent?node_id={ids["Частини цілого"]}"' in page


def test_topics_can_be_looked_through_while_kolibri_does_not_run(portal, paths, ids):
    page = portal.get(PACK + ids["Дроби"]).text
    assert "viewcontent" not in page
    assert "Частини цілого" in page
    run_kolibri(paths)
    assert f"viewcontent?node_id={ids['Дроби']}" in portal.get(PACK + ids["Дроби"]).text


@pytest.mark.parametrize("path", ["f" * 32, "x", "../hub.toml", CHANNEL.upper(), CHANNEL + "/"])
def test_what_is_no_node_of_the_pack_is_a_404(portal, ids, path):
    assert ids
    assert portal.get(PACK + path).status_code == 404


def test_a_lesson_that_did_not_travel_says_so_in_place_of_a_dead_end(portal, paths, ids):
    run_kolibri(paths)
    next((paths.packs / "maths-grade4").rglob("*.mp4")).unlink()
    page = portal.get(PACK + ids["Частини цілого"]).text
    assert "viewcontent" not in page
    assert 'class="empty"' in page


def test_a_damaged_channel_is_an_error_page_that_says_what_to_do(paths, scratch, portal):
    content = put_channel(paths, scratch)
    database = content / "databases" / f"{CHANNEL}.sqlite3"
    database.chmod(0o644)
    database.write_bytes(b"no database" * 100)
    portal.application.logger.disabled = True
    answer = portal.get(PACK + CHANNEL)
    assert answer.status_code == 500
    assert "техніку" in answer.text
