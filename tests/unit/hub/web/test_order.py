import random

import pytest

from hub.web.order import title_key

ORDER = {
    "uk": "1 крок|2 кроки|10 кроків|Алфавіт|Вода|Гори|Ґава|Дім|Екран|Єдність|Зима|Иній|Ім’я|Інжир|Їжак|Йод"
    "|Мʼята|Мята|Рік|Рік новий|Річка|Сіль|Щука|Юшка|Ягода|Łódź|Python",
    "pl": "1 krok|2 kroki|Arbuz|Ąbc|Cap|Ćma|Ewa|Ęsi|Lody|Lok|Łapa|Nuta|Ńu|Oko|Ósmy|Sum|Śnieg|Zupa|Źdźbło"
    "|Żaba|Абетка|Ґава",
    "ro": "Abac|Arici|Ăla|Âncora|Ied|Înger|Jar|Sare|Suc|Șarpe|Şură|Tort|Țară|Ţel|Zid|Абетка",
    "hu": "Állat|Alma|Autó|Cica|Cukor|Csiga|Dal|Dzeta|Dzsungel|Ebéd|Égbolt|Gomb|Gyík|Lap|Lyuk|Nap|Nyúl"
    "|Olló|Óra|Orgona|Öt|Őz|Por|Sajt|Szó|Tó|Tyúk|Ufó|Út|Ügy|Űr|Zoo|Zsák|Абетка",
    "en": "2 steps|10 steps|apple|Art|Éclair|egg|Zebra|Абетка",
}
ORDERS = {language: titles.split("|") for language, titles in ORDER.items()}


@pytest.mark.parametrize("language", ORDERS)
def test_titles_stand_as_in_a_dictionary_of_the_language(language):
    shuffled = list(ORDERS[language])
    random.Random(5).shuffle(shuffled)
    assert sorted(shuffled, key=lambda title: title_key(title, language)) == ORDERS[language]


MIXED = ["Zebra", "Їжак", "Żaba", "Іній", "Apple", "Ґава", "Șarpe", "Cukor", "Csiga", "Дім"]


@pytest.mark.parametrize(
    ("language", "order"),
    [
        ("uk", "Ґава Дім Іній Їжак Apple Csiga Cukor Șarpe Żaba Zebra"),
        ("en", "Apple Csiga Cukor Șarpe Żaba Zebra Ґава Дім Іній Їжак"),
        ("ro", "Apple Csiga Cukor Șarpe Żaba Zebra Ґава Дім Іній Їжак"),
        ("hu", "Apple Cukor Csiga Șarpe Żaba Zebra Ґава Дім Іній Їжак"),
        ("pl", "Apple Csiga Cukor Șarpe Zebra Żaba Ґава Дім Іній Їжак"),
    ],
)
def test_the_script_of_the_page_comes_first_and_the_other_one_keeps_its_order(language, order):
    assert sorted(MIXED, key=lambda title: title_key(title, language)) == order.split()


@pytest.mark.parametrize("sign", "'’ʼ`′")
def test_an_apostrophe_does_not_count(sign):
    titles = [f"п{sign}ять", "пят", "пяч"]
    assert sorted(titles, key=lambda title: title_key(title, "uk")) == ["пят", f"п{sign}ять", "пяч"]


@pytest.mark.parametrize("title", ["", "!!!", "Ω", "漢字", "1", "999999999999999999999999", "ß", "\ud800"])
def test_any_title_has_a_place(title):
    assert sorted([title, "а", "a"], key=lambda t: title_key(t, "uk"))
