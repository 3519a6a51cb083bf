import re
from html import unescape

from hub.web.library import PAGE_SIZE
from support import lessons
from support.shelves import put_channel, put_files_pack, put_lesson, stock


def titles(page: str) -> list[str]:
    return re.findall(r'class="card-title"[^>]*>([^<]*)<', page)


def test_filters_by_subject_grade_language_and_kind(portal, paths, scratch):
    stock(paths, scratch)
    assert len(titles(portal.get("/library").text)) == 8
    assert titles(portal.get("/library?subject=history").text) == ["Історія України: козацька доба"]
    assert titles(portal.get("/library?grade=2").text) == ["English for beginners"]
    assert len(titles(portal.get("/library?language=en").text)) == 2
    assert titles(portal.get("/library?kind=files").text) == ["Математика: матеріали для 5 класу"]
    assert titles(portal.get("/library?kind=files&grade=9").text) == []


def chips(page: str) -> list[str]:
    return re.findall(r'class="chip[^"]*" href="([^"]+)"', page)


def test_a_learner_finds_a_video_among_the_shelves(portal, paths, scratch):
    stock(paths, scratch)
    assert titles(portal.get("/library?kind=video").text) == ["Математика: матеріали для 5 класу"]


def test_two_ways_to_write_a_text_are_one_to_a_learner(portal, paths, scratch):
    files = {"1.md": b"# 1", "2.txt": b"2", "3.bin": b"3"}
    put_lesson(paths, scratch, files, id="shelf", kind="files", entry=None)
    kinds = {address for address in chips(portal.get("/library").text) if "kind=" in address}
    assert kinds == {"/library?kind=files", "/library?kind=text"}


def test_a_card_says_how_much_there_is(portal, paths, scratch):
    put_files_pack(paths, scratch)
    put_channel(paths, scratch)
    book = {"1.pdf": lessons.pdf("Книга")}
    put_lesson(paths, scratch, book, id="book", kind="files", entry=None)
    page = portal.get("/library").text
    for words in ("9 матеріалів", "5 ресурсів", "1 сторінка"):
        assert f"<span>{words}</span>" in page


def test_only_choices_that_leave_something_are_offered(portal, paths, scratch):
    stock(paths, scratch)
    offered = [unescape(address) for address in chips(portal.get("/library?subject=mathematics").text)]
    assert [address for address in offered if address.endswith("grade=6")]
    assert not [address for address in offered if address.endswith("grade=9")]
    assert "/library?subject=biology" in offered


def test_titles_in_latin_letters_follow_the_ukrainian_ones(portal, paths, scratch):
    for number, title in enumerate(["Zebra", "Яблуко", "Apple", "10 задач"]):
        put_lesson(paths, scratch, id=f"t{number}", title=title)
    assert titles(portal.get("/library").text) == ["10 задач", "Яблуко", "Apple", "Zebra"]


def test_a_full_page_of_the_library_stays_light(portal, paths, scratch):
    subjects = ["mathematics", "history", "physics", "Астрономія", "art", "music"]
    for number in range(PAGE_SIZE):
        put_lesson(
            paths,
            scratch,
            id=f"t{number}",
            title=f"Довга назва уроку номер {number}, який має багато слів",
            description=f"Опис, у якому {number} разів сказано, про що цей урок, для кого він, і ще щось.",
            subject=subjects[number % len(subjects)],
            grades=[1 + number % 11],
        )
    answer = portal.get("/library", headers={"Accept-Encoding": "gzip"})
    assert len(answer.data) <= 14_000
    assert len(re.findall(r"<[a-z]", portal.get("/library").text)) <= 800


def test_titles_stand_in_the_order_of_the_ukrainian_alphabet(portal, paths, scratch):
    for number, title in enumerate(
        ["Яблуко", "Їжак", "Іній", "Єнот", "Ґанок", "Дерево", "Урок 10", "Урок 2"]
    ):
        put_lesson(paths, scratch, id=f"t{number}", title=title)
    wanted = ["Ґанок", "Дерево", "Єнот", "Іній", "Їжак", "Урок 2", "Урок 10", "Яблуко"]
    assert titles(portal.get("/library").text) == wanted


def test_long_lists_have_pages(portal, paths, scratch):
    for number in range(PAGE_SIZE + 1):
        put_lesson(paths, scratch, id=f"t{number}", title=f"Урок {number:02}", grades=[5])
    first = portal.get("/library?grade=5").text
    assert len(titles(first)) == PAGE_SIZE
    assert "/library?page=2&amp;grade=5" in first or "/library?grade=5&amp;page=2" in first
    assert titles(portal.get("/library?grade=5&page=2").text) == [f"Урок {PAGE_SIZE}"]
    for number in ("3", "0", "-1", "x", "9" * 30):
        assert portal.get(f"/library?page={number}").status_code == 404


def test_says_what_to_do_where_nothing_fits(portal, paths, scratch):
    put_lesson(paths, scratch)
    page = portal.get("/library?subject=astronomy").text
    assert "Нічого не підходить" in page
    assert 'href="/library"' in page


def test_an_unknown_subject_is_a_subject_of_its_own(portal, paths, scratch):
    put_lesson(paths, scratch, id="stars", title="Зорі", subject="Астрономія")
    put_lesson(paths, scratch, id="sums", title="Числа", subject="mathematics")
    page = portal.get("/library").text
    assert ">Астрономія<" in page
    assert titles(portal.get("/library?subject=астрономія").text) == ["Зорі"]
