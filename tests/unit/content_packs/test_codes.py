import pytest

from content_packs.codes import doubt_language, doubt_licence


@pytest.mark.parametrize("code", ["uk", "en", "en-GB", "sr-Latn", "rue", "zh-Hans-CN"])
def test_real_languages_raise_no_doubt(code):
    assert doubt_language(code) is None


@pytest.mark.parametrize(("code", "meant"), [("ua", "'uk'"), ("cz-CZ", "'cs'"), ("qq", '"uk" or "en"')])
def test_country_for_a_language_is_noticed(code, meant):
    assert meant in doubt_language(code)[1]


@pytest.mark.parametrize(
    "text", ["CC-BY-4.0", "MIT OR Apache-2.0", "LicenseRef-x", "(MIT AND CC0-1.0)", "GPL-2.0+"]
)
def test_spdx_expressions_raise_no_doubt(text):
    assert doubt_licence(text) is None


@pytest.mark.parametrize(
    ("text", "hint"), [("CC BY SA 4.0", "'CC-BY-SA-4.0'"), ("усі права застережено", "For example CC-BY-4.0")]
)
def test_other_words_for_a_licence_get_a_hint(text, hint):
    assert hint in doubt_licence(text)[1]
