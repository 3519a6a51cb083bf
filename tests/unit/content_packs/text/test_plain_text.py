import pytest

from content_packs.text.plain import collapse, decode, is_utf8, read_subtitles

VTT = """WEBVTT - Урок

NOTE дописав учитель

1
00:00.000 --> 00:02.000 align:start
<v Оля>Добрий день</v>

00:02.000 --> 00:03.000
другий
рядок
"""


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_subtitles_are_what_is_said(newline):
    assert read_subtitles(VTT.replace("\n", newline).encode()) == "Добрий день другий рядок"


def test_text_cut_inside_a_letter_is_still_utf8():
    data = "їжак".encode()[:-1]
    assert is_utf8(data)
    assert decode(data) == "їжа"


def test_old_ukrainian_text_is_recognised():
    assert not is_utf8("їжак".encode("cp1251"))
    assert decode("їжак".encode("cp1251")) == "їжак"


def test_white_space_collapses():
    assert collapse(" a\u00a0\n\tb ") == "a b"
