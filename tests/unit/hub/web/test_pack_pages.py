import re
from urllib.parse import quote

from content_packs.channel.tree import channel_id
from support.shelves import put_channel, put_files_pack, put_lesson, put_textbook


def test_tells_all_about_a_pack(portal, paths, scratch):
    put_textbook(paths, scratch)
    page = portal.get("/pack/python-basics").text
    for fact in ("CC-BY-4.0", "OpenStax", "англійська", "МБ", "8, 9, 10, 11", 'href="/view/python-basics/"'):
        assert fact in page


def test_lists_every_item_with_a_link_to_read_and_one_to_keep(portal, paths, scratch):
    put_files_pack(paths, scratch)
    page = portal.get("/pack/maths-shelf").text
    name = quote("1 Вступ #1 100%.md")
    assert f'href="/view/maths-shelf/{name}"' in page
    assert f'href="http://localhost:8081/p/maths-shelf/{name}?download"' in page
    assert "9 матеріалів" in page


def test_addresses_follow_the_name_by_which_the_browser_knows_the_hub(portal, paths, scratch):
    put_files_pack(paths, scratch)
    page = portal.get("/pack/maths-shelf", headers={"Host": "hub.lan:8080"}).text
    assert "http://hub.lan:8081/p/maths-shelf/" in page
    assert "localhost" not in page


def test_items_in_folders_stand_below_the_title_of_their_folder(portal, paths, scratch):
    files = {"9 Друге.txt": b"2", "02_Тексти/1 Перше.txt": b"1", "02_Тексти/Вірші/3 Третє.txt": b"3"}
    put_lesson(paths, scratch, files, id="shelf", kind="files", entry=None)
    page = portal.get("/pack/shelf").text
    assert re.findall(r"<h3>.*?<span>([^<]+)</span></h3>", page) == ["Тексти", "Тексти › Вірші"]
    assert page.index("Друге") < page.index("Тексти<") < page.index("Перше") < page.index("Третє")


def test_shows_what_else_there_is_of_the_subject_the_same_grade_first(portal, paths, scratch):
    for pack_id, title, grades, language in (
        ("one", "Дроби", [5], "uk"),
        ("far", "Алгебра", [9], "uk"),
        ("near", "Числа", [5, 6], "uk"),
        ("english", "Numbers", [5], "en"),
    ):
        put_lesson(
            paths, scratch, id=pack_id, title=title, grades=grades, language=language, subject="Математика"
        )
    put_lesson(paths, scratch, id="other", title="Птахи", grades=[5], subject="Біологія")
    page = portal.get("/pack/one").text
    assert re.findall(r'class="card-title"[^>]*>([^<]+)', page) == ["Числа", "Numbers", "Алгебра"]


def test_lists_the_courses_of_a_channel(portal, paths, scratch):
    put_channel(paths, scratch)
    page = portal.get("/pack/maths-grade4").text
    assert f'href="/view/maths-grade4/{channel_id("maths-grade4")}"' in page
    assert "5 ресурсів" in page


def test_where_there_is_one_thing_it_opens_at_once(portal, paths, scratch):
    put_lesson(paths, scratch)
    put_lesson(paths, scratch, {"1.txt": b"1"}, id="one", kind="files", entry=None)
    put_files_pack(paths, scratch)
    put_channel(paths, scratch)
    channel = f"/view/maths-grade4/{channel_id('maths-grade4')}"
    for pack_id, address in (
        ("lesson", "/view/lesson/"),
        ("one", "/view/one/1.txt"),
        ("maths-grade4", channel),
    ):
        assert f'class="button main" href="{address}"' in portal.get(f"/pack/{pack_id}").text
    assert 'class="button main"' not in portal.get("/pack/maths-shelf").text


def test_an_unknown_pack_is_a_404(portal, paths, scratch):
    put_lesson(paths, scratch)
    assert portal.get("/pack/none").status_code == 404
