from dataclasses import replace

import pytest

from hub.library.installed import DAMAGED
from hub.updates import Update, Updates, write_updates_file
from support.shelves import HOSTILE_TITLE, put, put_lesson
from support.system_packs import image_source, software_source
from support.technicians import STICK


@pytest.fixture
def english(technician):
    technician.set_cookie("language", "en")
    return technician


def test_a_pack_that_was_updated_can_go_back_to_the_version_before(english, paths, scratch):
    put_lesson(paths, scratch, version=1)
    page = english.get("/tech/content").text
    assert "do/rollback" not in page
    assert "do/follow" not in page
    assert "/tech/do/repair" in page
    put_lesson(paths, scratch, version=2)
    page = english.get("/tech/content").text
    assert "/tech/do/rollback?pack=lesson" in page
    assert "Back to version 1" in page
    (paths.packs / "lesson" / "held").write_text("3\n")
    page = english.get("/tech/content").text
    assert "rolled back from version 3" in page
    assert "/tech/do/follow?pack=lesson" in page


def test_what_a_repair_took_away_is_said(english, paths, scratch):
    content = put_lesson(paths, scratch)
    assert "signed by the office" in english.get("/tech/content").text
    (content.parent / DAMAGED).write_text("index.html\na.png\n")
    page = english.get("/tech/content").text
    assert "2 files are damaged" in page
    assert "signed by the office" not in page


def test_a_stick_offers_what_is_on_it(english, plug_in, paths, scratch):
    put_lesson(paths, scratch, id="geography-6", title="Зошит")
    plug_in(STICK)
    page = english.get("/tech/content").text
    assert "ГРОМАДА" in page
    assert "Recognised." in page
    assert "/tech/do/install?stick=sda1" in page
    assert "version 1" in page
    assert "<td>Зошит</td>" in page


STATES = {
    "looking": "The hub looks at what is on it…",
    "in-use": "In use: leave it in.",
    "safe-to-remove": "Safe to remove: pull it out.",
    "failed": "It cannot be used.",
    "ready": "Recognised.",
}


def test_it_says_whether_a_stick_may_be_pulled_out(english, plug_in):
    for state, words in STATES.items():
        plug_in(replace(STICK, state=state))
        page = english.get("/tech/content").text
        assert words in page
        assert page.count("/tech/do/install") + page.count("/tech/do/eject") == 2 * (state == "ready")


def test_what_a_stick_is_called_is_text_and_nothing_else(english, plug_in):
    for text in (HOSTILE_TITLE, "%s %(x)s", '"><img src=x onerror=alert(1)>'):
        plug_in(replace(STICK, label=text, message=text, state="failed"))
        for page in ("content", "backup"):
            answer = english.get(f"/tech/{page}")
            assert answer.status_code == 200
            assert "<script>alert" not in answer.text
            assert "<img" not in answer.text.partition("<main")[2]


def test_without_a_stick_it_says_what_to_do(english):
    assert "Plug one in" in english.get("/tech/content").text


def put_system_packs(paths, scratch):
    put(paths, software_source(scratch / "software-7", 7))
    put(paths, image_source(scratch / "image-9", 9))


def test_packs_for_the_hub_itself_are_on_this_page_with_their_state(english, paths, scratch):
    put_system_packs(paths, scratch)
    page = english.get("/tech/content").text
    assert "For the hub itself" in page
    assert "Software of the hub" in page
    assert "in use" not in page  # nobody has taken them yet

    items = (
        Update("software", "hub-software", 7, "v2", "failed", why="portal: no answer"),
        Update("image", "hub-image", 9, "hub-v2", "waiting"),
    )
    write_updates_file(paths.updates, Updates("hub-v1", items))
    page = english.get("/tech/content").text
    assert "did not work; the former one is back" in page
    assert "portal: no answer" in page
    assert "waits for the next start" in page


PAGES = ["/", "/library", "/search?q=Урок", "/opds/all", "/opds/new", "/sitemap.xml", "/sitemap/1.xml"]


@pytest.mark.parametrize("path", PAGES)
def test_packs_for_the_hub_itself_are_nowhere_else(english, paths, scratch, path):
    put_system_packs(paths, scratch)
    page = english.get(path).text
    assert "hub-software" not in page
    assert "hub-image" not in page


@pytest.mark.parametrize("path", ["/pack/hub-software", "/view/hub-image/vmlinuz", "/pack/hub-image"])
def test_nobody_opens_a_pack_for_the_hub_itself(english, paths, scratch, path):
    put_system_packs(paths, scratch)
    assert english.get(path).status_code == 404
