"""What learners do, on a phone and a school PC, in Ukrainian and English, in both browsers; with pictures."""

import pytest

from support.school import BOOK, COURSE, FILM, LONG_PDF, MARKDOWN, PAGES, READING, SHELF, TALES
from support.visitor import Visitor

CUES = """(function () {
  var track = document.querySelector('video').textTracks[0];
  track.mode = 'showing';
  return track.cues.length;
})()"""


def search_for(learner, words):
    learner.go("/")
    learner.tab.tap("main input[name=q]")
    learner.tab.type(words)
    learner.tab.follow("main [role=search] button")
    assert learner.place.startswith("/search?")


def test_somebody_searches_reads_a_lesson_and_comes_back(learner):
    tab = learner.tab
    learner.go("/")
    learner.keep("home")
    search_for(learner, "while loop")
    learner.keep("search")
    tab.follow(f"main a[href*='/view/{BOOK}/']")
    tab.wait_for(lambda: any(f"/{BOOK}/" in url for url in tab.frames().values()), "the lesson")
    learner.keep("lesson")
    tab.follow(f"a[href='/pack/{BOOK}']")
    assert learner.place == f"/pack/{BOOK}"
    tab.follow("a[href='/']")
    assert learner.place == "/"


def test_a_lesson_has_its_own_links_and_the_bar_stays(learner):
    tab = learner.tab
    learner.go(f"/view/{BOOK}/m00037.html")
    lesson = tab.frame("m00037.html")
    assert tab.value("document.querySelector('h1').textContent", frame=lesson).strip()
    tab.value("document.querySelector('a[href$=\"index.html\"]').click()", frame=lesson)
    tab.frame("index.html")
    assert tab.has("a[href='/']")


def test_somebody_browses_by_subject_and_grade(learner):
    tab = learner.tab
    learner.go("/")
    tab.follow("main a[href*='subject=mathematics']")
    tab.follow("main a[href*='grade=5']")
    learner.keep("library")
    assert "subject=mathematics" in learner.place
    tab.follow(f"main a[href='/pack/{SHELF}']")
    learner.keep("shelf")
    tab.back()
    assert "grade=5" in learner.place


def test_somebody_watches_a_film_with_subtitles(learner):
    learner.go(f"/pack/{SHELF}")
    learner.tab.follow(f"main a[href='{FILM}']")
    learner.tab.wait_until(CUES, timeout_s=30)
    learner.keep("film")
    assert learner.tab.value("document.querySelector('video').paused")  # nothing plays by itself


@pytest.mark.parametrize("ending", ["pdf", "epub"])
def test_somebody_opens_a_book_and_may_keep_it(learner, ending):
    learner.go(f"/pack/{SHELF}")
    learner.tab.follow(f"main a[href^='/view/'][href$='.{ending}']")
    learner.keep(f"book-{ending}")
    assert learner.tab.has(f"main a[href*='.{ending}?download']")
    assert learner.tab.text("h1").strip()


def test_somebody_pages_through_a_textbook(learner):
    tab = learner.tab
    learner.go(f"/pack/{READING}")
    tab.follow(f"main a[href='{LONG_PDF}']")
    learner.keep("textbook")
    pictures = "[].slice.call(document.querySelectorAll('section img'))"
    tab.value(f"{pictures}.forEach(function (e) {{ e.loading = 'eager' }})")
    tab.wait_until(f"{pictures}.every(function (e) {{ return e.naturalWidth > 500 }})")
    tab.follow("main a[rel=next]")
    assert "page=11" in learner.place
    tab.value("document.querySelector('input[name=page]').value = 24")
    tab.follow("main form[action*='1.pdf'] button")
    assert tab.has("#p24")
    tab.follow("main a[href*='text=1']")
    learner.keep("textbook-text")
    assert "word24" in tab.text("main")
    tab.follow("main a[rel=prev]")
    assert "text=1" in learner.place


def test_somebody_reads_an_e_book_chapter_by_chapter(learner):
    tab = learner.tab
    learner.arrive(text_size="huge", scheme="dark")
    learner.go(TALES)
    learner.keep("tales")
    tab.follow("main a[href*='chapter=1']")
    tab.wait_for_frame("one.xhtml?size=huge", "дід лісом")
    learner.keep("tales-chapter")
    tab.follow("a[rel=next]")
    tab.wait_for_frame("two.xhtml?size=huge", "Посадив дід")
    tab.follow("a[rel=prev]")
    tab.wait_for_frame("one.xhtml", "дід лісом")
    tab.follow(f"nav a[href='{TALES}']")
    assert learner.place == TALES


def test_somebody_enlarges_the_text_of_a_lesson_that_fills_the_page(learner):
    tab = learner.tab
    learner.go(f"/view/{BOOK}/m00010.html")
    tab.follow("a[href^='/set?next=']")
    learner.keep("choices")
    tab.follow("main button[formaction='/set/text-size/huge']")
    assert learner.place == f"/view/{BOOK}/m00010.html"
    assert tab.cookies(learner.served.url)["text_size"] == "huge"


def test_a_page_of_a_shelf_leads_to_what_is_beside_it(learner):
    learner.go(PAGES["view-game"])
    learner.tab.follow("a[rel=next]")
    assert learner.place == PAGES["view-other"]
    learner.tab.follow("a[rel=prev]")
    assert learner.place == PAGES["view-game"]


def test_a_teacher_prints_a_lesson(learner):
    learner.go(MARKDOWN)
    learner.tab.paint("print")
    learner.keep("print")
    assert not learner.tab.has("header")
    assert not learner.tab.has("main button")
    assert learner.tab.has("main h1")
    assert learner.tab.value("document.documentElement.scrollWidth") <= learner.size[0]


def test_somebody_changes_language_and_size_of_the_text_and_stays_there(learner):
    tab, other = learner.tab, "en" if learner.language == "uk" else "uk"
    learner.go("/library?grade=5")
    tab.follow(f"footer button[formaction='/set/language/{other}']")
    assert (learner.place, tab.value("document.documentElement.lang")) == ("/library?grade=5", other)
    letter = "parseFloat(getComputedStyle(document.querySelector('h1')).fontSize)"
    before = tab.value(letter)
    tab.follow("footer button[formaction='/set/text-size/huge']")
    assert learner.place == "/library?grade=5"
    assert tab.value(letter) > before * 1.3
    learner.keep("huge")


def test_somebody_mistypes_and_is_told_what_there_is(learner):
    search_for(learner, "funktions")
    learner.keep("did-you-mean")
    learner.tab.follow("main a[href^='/search?q=func']")
    assert learner.tab.has("main a[href*='/view/']")


def test_somebody_finds_nothing_and_is_led_on(learner):
    search_for(learner, "жжжщщщ")
    learner.keep("nothing-found")
    learner.tab.follow("main a[href='/library']")
    assert learner.place == "/library"


def test_a_course_says_that_kolibri_is_not_running_and_what_to_do(learner):
    learner.go(f"/pack/{COURSE}")
    learner.keep("course")
    learner.tab.follow(f"main a[href*='/view/{COURSE}/']")
    learner.keep("course-asleep")
    learner.tab.follow(f"main a[href*='/view/{COURSE}/']")  # try again
    learner.tab.follow("a[href='/']")
    assert learner.place == "/"


def test_an_error_has_a_way_out(learner):
    learner.go(PAGES["missing"])
    learner.keep("missing")
    learner.tab.follow("main a[href='/library']")
    learner.go(PAGES["missing"])
    learner.tab.tap("main input[name=q]")
    learner.tab.type("loop")
    with learner.tab.loading():
        learner.tab.press("Enter")
    assert learner.place.startswith("/search?")


@pytest.mark.parametrize(
    "story",
    [test_somebody_searches_reads_a_lesson_and_comes_back, test_somebody_watches_a_film_with_subtitles],
    ids=lambda story: story.__name__.removeprefix("test_"),
)
def test_it_goes_through_the_front_door(tab, door, engine, story):
    learner = Visitor(tab, door, engine)
    learner.arrive()
    story(learner)


@pytest.mark.parametrize(
    "story",
    [
        test_somebody_searches_reads_a_lesson_and_comes_back,
        test_somebody_browses_by_subject_and_grade,
        test_somebody_changes_language_and_size_of_the_text_and_stays_there,
        test_somebody_pages_through_a_textbook,
        test_somebody_reads_an_e_book_chapter_by_chapter,
        test_somebody_enlarges_the_text_of_a_lesson_that_fills_the_page,
        test_somebody_mistypes_and_is_told_what_there_is,
        test_an_error_has_a_way_out,
    ],
    ids=lambda story: story.__name__.removeprefix("test_"),
)
def test_it_all_goes_without_scripts(visitor, story):
    visitor.tab.allow_scripts(False)
    story(visitor)


def test_a_technician_finds_the_stick_and_the_way_to_switch_off(learner):
    tab = learner.tab
    learner.go("/tech/content")
    tab.value(
        "scrollBy(0, document.querySelector('main section[aria-label]').getBoundingClientRect().top - 8)"
    )
    learner.keep("stick")
    tab.follow("main a[href*='/tech/do/install']")
    assert tab.has("main form[action^='/tech/do/install'] button")
    learner.go("/tech/power")
    tab.follow("main a[href^='/tech/do/power-off']")
    tab.value("document.querySelector('main form[action*=power-off]').scrollIntoView(false)")
    learner.keep("power-off")
    assert tab.has("main form[action^='/tech/do/power-off'] button")
