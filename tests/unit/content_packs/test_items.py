import pytest

from content_packs.items import (
    Item,
    Subtitles,
    clean_name,
    natural_key,
    pair_subtitles,
    read_items,
    title_from,
    type_of,
)


@pytest.mark.parametrize(
    ("path", "title"),
    [
        ("02_Дроби-і-частини.pdf", "Дроби і частини"),
        ("a/1. Вступ.pdf", "Вступ"),
        ("12 місяців.epub", "12 місяців"),
        ("07 - Ріки.mp4", "Ріки"),
        ("7_Івано-Франківськ.mp4", "Івано-Франківськ"),
        ("2024.pdf", "2024"),
        ("Тарас Шевченко - Заповіт.mp3", "Тарас Шевченко - Заповіт"),
        ("5-клас.pdf", "5-клас"),
        ("й.txt".replace("й", "и\u0306"), "й"),
        (".txt", ".txt"),
    ],
)
def test_file_names_become_titles(path, title):
    assert clean_name(path) == title


@pytest.mark.parametrize(
    ("stem", "title"),
    [
        ("5 клас", "клас"),
        ("02_Клітина", "Клітина"),
        ("1.2 Дроби", "Дроби"),
        ("4. Голос_друга", "Голос друга"),
        ("2024", "2024"),
        ("2024-01", "2024-01"),
        ("Розділ 3", "Розділ 3"),
    ],
)
def test_numbered_names_lose_their_place(stem, title):
    assert title_from(stem, numbered=True) == title


def test_order_is_that_of_numbers_and_of_the_alphabet():
    expected = ["ґава", "дім", "єнот", "жук", "ігри", "Урок 2", "Урок 10", "яр/1", "яр/2", "яр/10"]
    backwards = expected[::-1]
    assert sorted(backwards, key=natural_key) == expected


def test_subtitles_belong_to_the_recording_of_their_name():
    paths = [
        "a.mp4",
        "a.vtt",
        "a.uk.vtt",
        "a.b.mp3",
        "a.b.en-GB.vtt",
        "x.vtt",
        "a.чужа.vtt",
        "t.txt",
        "t.vtt",
    ]
    assert pair_subtitles(paths) == {
        "a.mp4": (Subtitles("a.uk.vtt", "uk"), Subtitles("a.vtt", "")),
        "a.b.mp3": (Subtitles("a.b.en-GB.vtt", "en-GB"),),
    }


@pytest.mark.parametrize(
    ("path", "kind"),
    [("a.PDF", "pdf"), ("a.b.mp4", "video"), ("a.docx", "document"), ("a.exe", "other"), ("a", "other")],
)
def test_type_follows_from_the_name(path, kind):
    assert type_of(path) == kind


def test_an_item_survives_the_index():
    item = Item("a.mp4", "А", "video", 5, 0, "uk", (Subtitles("a.vtt", "en"),))
    assert list(read_items({"items": [item.to_dict()]})) == [item]


@pytest.mark.parametrize(
    "items",
    [None, "x", [1], [{}], [{"path": 1}], [{"path": "../a"}], [{"path": "/a"}], [{"path": "a/../../b"}]],
)
def test_hostile_items_are_left_out(items):
    assert list(read_items({"items": items})) == []


def test_wrong_fields_of_an_item_take_their_defaults():
    wrong = {
        "path": "a.pdf",
        "title": 5,
        "type": None,
        "size": "x",
        "pages": True,
        "subtitles": [{"path": "../x"}],
    }
    assert list(read_items({"items": [wrong]})) == [Item("a.pdf", "a", "other", 0)]
