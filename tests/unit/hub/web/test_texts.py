"""Texts of templates, and the pieces of a page that are kept: each page has its own language all the same."""

import pytest
from flask import render_template_string
from flask_babel import force_locale

from hub.web.texts import with_commands
from support.shelves import stock


@pytest.fixture
def said(portal):
    def say(template, language, **values):
        with portal.application.test_request_context("/"), force_locale(language):
            return render_template_string(template, **values)

    return say


def test_each_page_reads_its_own_catalogue(said):
    template = "{{ _('Library') }}"
    assert [said(template, language) for language in ("uk", "en", "uk")] == [
        "Бібліотека",
        "Library",
        "Бібліотека",
    ]


def test_the_language_can_change_within_a_page(portal):
    with portal.application.test_request_context("/"):
        with force_locale("en"):
            assert render_template_string("{{ _('Library') }}") == "Library"
        with force_locale("uk"):
            assert render_template_string("{{ _('Library') }}") == "Бібліотека"


def test_values_are_escaped_and_texts_are_not(said):
    assert said("{{ _('<b>%(x)s</b>', x=x) }}", "en", x="<i>") == "<b>&lt;i&gt;</b>"


def test_a_command_is_marked_as_one_and_what_a_stranger_wrote_stays_text(said):
    assert said("{{ _('Run `hub sync` on %(x)s.', x='`<i>`') }}", "en") == (
        "Run <code>hub sync</code> on `&lt;i&gt;`."
    )
    assert with_commands("`hub sync` <b>`</b>") == "<code>hub sync</code> &lt;b&gt;`&lt;/b&gt;"


def test_a_percent_sign_is_written_as_two(said):
    assert said("{{ _('50 %% of it') }}", "en") == "50 % of it"


def test_numbers_take_the_form_of_the_language(said):
    template = "{{ ngettext('%(num)s result', '%(num)s results', n) }}"
    assert [said(template, "uk", n=n) for n in (1, 2, 5)] == ["1 результат", "2 результати", "5 результатів"]


@pytest.mark.parametrize(("language", "size"), [("en", "normal"), ("uk", "huge"), ("hu", "large")])
@pytest.mark.parametrize(
    ("address", "written"),
    [("/search?q=a%22b", "/search?q=a%22b"), ("/search?q=a&kind=", "/search?q=a&amp;kind=")],
)
def test_the_foot_leads_back_to_this_page_and_shows_this_choice(portal, language, size, address, written):
    portal.set_cookie("language", language)
    portal.set_cookie("text_size", size)
    html = portal.get(address).text
    assert html.count(f'name="next" value="{written}"') == 2
    assert f'lang="{language}" aria-current="true"' in html
    assert f'text-size/{size}" aria-current="true"' in html


@pytest.mark.parametrize(
    ("address", "is_at"), [("/library", "page"), ("/pack/python-1", "true"), ("/help/teacher", "")]
)
def test_the_menu_says_where_one_is(portal, paths, scratch, address, is_at):
    stock(paths, scratch)
    menu = portal.get(address).text.partition('<nav class="menu"')[2].partition("</nav>")[0]
    assert menu.count("aria-current") == bool(is_at)
    if is_at:
        assert f'<a href="/library" aria-current="{is_at}">' in menu
