"""The findings in words, Ukrainian and English: what was found, and what to do about it.

Not in the pages' catalogues: boot and `central` say them too, where there is no Flask.
"""

from collections.abc import Mapping
from typing import TypeVar

T = TypeVar("T")
Wording = Mapping[str, T]  # by language
LANGUAGES = ("uk", "en")


def in_language(texts: Wording[T], language: str) -> T:
    """Return the text in this language; English for one that has none."""
    return texts.get(language, texts["en"])


def line_text(line: int, language: str) -> str:
    """Return `Line 7`."""
    return f"Рядок {line}" if language == "uk" else f"Line {line}"


def _both(en: str, en_advice: str, uk: str, uk_advice: str) -> Wording[tuple[str, str]]:
    return {"en": (en, en_advice), "uk": (uk, uk_advice)}


MESSAGES: Mapping[str, Wording[tuple[str, str]]] = {
    "empty-file": _both(
        "The file is empty.",
        "Make a new one with the page hub-config.html and put it on the card.",
        "Файл порожній.",
        "Створіть новий на сторінці hub-config.html і скопіюйте на картку.",
    ),
    "no-file": _both(
        "There is no %(name)s on the card.",
        "Make one with the page hub-config.html and put it on the disk HUB, which is the card.",
        "На картці немає файлу %(name)s.",
        "Створіть його на сторінці hub-config.html і скопіюйте на диск HUB, тобто на картку.",
    ),
    "too-large": _both(
        "The file has %(found)s bytes; at most %(most)s are read.",
        "Is it the right file? Make a new one with the page hub-config.html.",
        "У файлі %(found)s байтів, а читається щонайбільше %(most)s.",
        "Чи той це файл? Створіть новий на сторінці hub-config.html.",
    ),
    "not-text": _both(
        "This is no text that can be read (byte %(found)s).",
        "In Notepad choose File, Save as, Encoding: UTF-8.",
        "Це не текст, який можна прочитати (байт %(found)s).",
        "У Блокноті виберіть «Файл», «Зберегти як», кодування UTF-8.",
    ),
    "damaged": _both(
        "There are zero bytes in the text: the file is damaged.",
        "Make the file anew with the page hub-config.html.",
        "У тексті є нульові байти: файл пошкоджено.",
        "Створіть файл наново на сторінці hub-config.html.",
    ),
    "other-file": _both(
        "This is no hub-config.txt: none of its lines can be read.",
        "Open it in Notepad: is it the right file? Make a new one with the page hub-config.html.",
        "Це не hub-config.txt: жодного рядка не вдалося прочитати.",
        "Відкрийте його в Блокноті: чи той це файл? Створіть новий на сторінці hub-config.html.",
    ),
    "ansi": _both(
        "The file is not UTF-8; it was read as Windows-1251.",
        "Check the names below, and save the file as UTF-8.",
        "Файл збережено не в UTF-8; його прочитано як Windows-1251.",
        "Перевірте назви й збережіть файл у кодуванні UTF-8.",
    ),
    "odd-quotes": _both(
        "The quotation marks are typographic: %(found)s.",
        'Straight ones are better: %(key)s = "…".',
        "Лапки друкарські: %(found)s.",
        'Краще прямі: %(key)s = "…".',
    ),
    "odd-space": _both(
        "There is an invisible or unbreakable character; it was read as a space or left out.",
        "Type the line anew if something does not work.",
        "Тут є невидимий символ або нерозривний пробіл; його прочитано як пробіл або пропущено.",
        "Якщо щось не працює, наберіть рядок наново.",
    ),
    "unquoted": _both(
        "The value has no quotation marks; it was read as %(found)s.",
        "Better: %(key)s = %(found)s",
        "Значення без лапок; його прочитано як %(found)s.",
        "Краще: %(key)s = %(found)s",
    ),
    "letter-case": _both(
        "Capital letters in %(found)s; it was read as %(wanted)s.",
        "Better: %(wanted)s",
        "Великі літери в %(found)s; прочитано як %(wanted)s.",
        "Краще: %(wanted)s",
    ),
    "cyrillic-key": _both(
        "Cyrillic letters in %(found)s that look like Latin ones; it was read as %(wanted)s.",
        "Type it anew with the English keyboard: %(wanted)s",
        "У слові %(found)s є українські літери, схожі на англійські; прочитано як %(wanted)s.",
        "Наберіть його англійською розкладкою: %(wanted)s",
    ),
    "not-a-line": _both(
        "This line says nothing that is understood: %(found)s",
        'Write a name, an equals sign and a value: name = "value". A remark begins with #.',
        "Цей рядок незрозумілий: %(found)s",
        'Напишіть назву, знак рівності й значення: назва = "значення". Примітка починається з #.',
    ),
    "bad-value": _both(
        "The value of %(key)s cannot be read: %(found)s",
        'Write %(key)s = "…" on one line; inside use « » for quotation marks, and a \\ twice.',
        "Значення %(key)s не вдалося прочитати: %(found)s",
        'Напишіть %(key)s = "…" в одному рядку; усередині беріть лапки « », а знак \\ пишіть двічі.',
    ),
    "no-value": _both(
        "There is no value after %(key)s =",
        'Write one in quotation marks: %(key)s = "…"',
        "Після %(key)s = немає значення.",
        'Напишіть його в лапках: %(key)s = "…"',
    ),
    "wrong-type": _both(
        "%(key)s: found %(found)s.",
        "Write %(expects)s.",
        "%(key)s: знайдено %(found)s.",
        "Напишіть %(expects)s.",
    ),
    "unknown-key": _both(
        "%(found)s is no name that the hub knows.",
        "Delete the line, or put # before it.",
        "Хаб не знає назви %(found)s.",
        "Видаліть рядок або поставте перед ним #.",
    ),
    "did-you-mean": _both(
        "%(found)s is no name that the hub knows.",
        "Did you mean %(wanted)s?",
        "Хаб не знає назви %(found)s.",
        "Можливо, малося на увазі %(wanted)s?",
    ),
    "wrong-place": _both(
        "%(found)s does not belong here.",
        "Move the line below %(wanted)s.",
        "%(found)s стоїть не на своєму місці.",
        "Перенесіть рядок під %(wanted)s.",
    ),
    "belongs-above": _both(
        "%(found)s does not belong below [%(section)s].",
        "Move the line up, before the first line in square brackets.",
        "%(found)s не належить до частини [%(section)s].",
        "Перенесіть рядок угору, перед першим рядком у квадратних дужках.",
    ),
    "unknown-section": _both(
        "[%(found)s] is no part that the hub knows.",
        "There are %(wanted)s.",
        "Хаб не знає частини [%(found)s].",
        "Є такі: %(wanted)s.",
    ),
    "twice": _both(
        "%(key)s stands here and on line %(other)s.",
        "Keep one of the two lines.",
        "%(key)s записано і тут, і в рядку %(other)s.",
        "Залиште один із двох рядків.",
    ),
    "missing": _both(
        "%(full)s is missing.",
        "Write a line: %(example)s",
        "Немає %(full)s.",
        "Додайте рядок: %(example)s",
    ),
    "missing-secret": _both(
        "%(full)s is missing, and the hub has none stored.",
        'Write it anew: %(key)s = "…"; for an open network %(key)s = ""',
        "Немає %(full)s, і в хабі його теж не збережено.",
        'Напишіть його наново: %(key)s = "…"; для відкритої мережі %(key)s = ""',
    ),
    "newer": _both(
        "The file is of version %(found)s; this hub knows version 1.",
        "Write version = 1, or update the hub.",
        "Файл має версію %(found)s, а цей хаб знає версію 1.",
        "Напишіть version = 1 або оновіть хаб.",
    ),
    "choice": _both(
        "%(key)s: %(found)s is not possible.",
        "Write %(expects)s.",
        "%(key)s: значення %(found)s неможливе.",
        "Напишіть %(expects)s.",
    ),
    "choice-near": _both(
        "%(key)s: %(found)s is not possible.",
        'Did you mean %(key)s = "%(wanted)s"?',
        "%(key)s: значення %(found)s неможливе.",
        'Можливо, малося на увазі %(key)s = "%(wanted)s"?',
    ),
    "empty": _both(
        "%(key)s is empty.",
        "Write %(expects)s.",
        "%(key)s порожнє.",
        "Напишіть %(expects)s.",
    ),
    "pattern": _both(
        "%(key)s: %(found)s cannot be used.",
        "Write %(expects)s.",
        "%(key)s: значення %(found)s не підходить.",
        "Напишіть %(expects)s.",
    ),
    "secret-pattern": _both(
        "%(key)s has %(count)s characters and cannot be used.",
        "Write %(expects)s.",
        "%(key)s має %(count)s символів і не підходить.",
        "Напишіть %(expects)s.",
    ),
    "secret-letters": _both(
        "%(key)s has a letter or sign that phones cannot type or send: number %(position)s of %(count)s.",
        "Write %(expects)s.",
        "У %(key)s є символ, який телефони не передадуть: %(position)s-й із %(count)s.",
        "Напишіть %(expects)s.",
    ),
    "control": _both(
        "%(key)s holds a tab, a line break or an invisible sign.",
        "Type it anew: %(expects)s.",
        "У %(key)s є табуляція, розрив рядка або невидимий знак.",
        "Наберіть наново: %(expects)s.",
    ),
    "long-bytes": _both(
        "%(key)s: %(found)s takes %(count)s bytes; at most %(most)s are allowed (a Cyrillic letter takes 2).",
        "Write a shorter one.",
        "%(key)s: %(found)s займає %(count)s байтів, а можна до %(most)s (українська літера займає 2).",
        "Напишіть коротше.",
    ),
    "long": _both(
        "%(key)s has %(count)s characters; at most %(most)s are allowed.",
        "Write a shorter one.",
        "%(key)s має %(count)s символів, а можна щонайбільше %(most)s.",
        "Напишіть коротше.",
    ),
    "range": _both(
        "%(key)s: %(found)s is outside %(least)s to %(most)s.",
        "Write %(expects)s.",
        "%(key)s: %(found)s поза межами від %(least)s до %(most)s.",
        "Напишіть %(expects)s.",
    ),
    "bad-root": _both(
        "central.root is damaged: it does not unpack to the office's root.",
        "Ask the office for a new file (central card).",
        "central.root пошкоджено: з нього не виходить кореневий файл управління.",
        "Попросіть в управлінні новий файл (central card).",
    ),
    # Rules between fields: hub/school/rules.py
    "ssid-needed": _both(
        "The Wi-Fi of the hub has no name.",
        'Below [wifi] write ssid = "…", or mode = "off".',
        "Мережа Wi-Fi хаба не має назви.",
        'Під [wifi] напишіть ssid = "…" або mode = "off".',
    ),
    "uplink-ssid-needed": _both(
        'uplink.kind = "wifi" needs the name of the network to join.',
        'Below [uplink] write ssid = "…" and password = "…".',
        'Для uplink.kind = "wifi" потрібна назва мережі, до якої приєднатися.',
        'Під [uplink] напишіть ssid = "…" і password = "…".',
    ),
    "socket-taken": _both(
        'The network socket serves the access points (mode = "external-ap"), so it leads to no office.',
        'Below [uplink] write kind = "usb", "wifi" or "none".',
        'Мережеве гніздо зайняте точками доступу (mode = "external-ap"), тож через нього до управління не '
        "вийти.",
        'Під [uplink] напишіть kind = "usb", "wifi" або "none".',
    ),
    "no-uplink": _both(
        'student_internet = "filtered" needs a way out, and uplink.kind is "none".',
        'Write student_internet = "off", or another uplink.',
        'Для student_internet = "filtered" потрібен вихід в інтернет, а uplink.kind = "none".',
        'Напишіть student_internet = "off" або інший uplink.',
    ),
    "host-keys-needed": _both(
        "central.address has no host_keys: the hub could not tell the real depot from a false one.",
        "Ask the office for a new file (central card).",
        "Для central.address немає host_keys: хаб не відрізнив би справжнє депо від підробленого.",
        "Попросіть в управлінні новий файл (central card).",
    ),
    "root-needed": _both(
        "central.address has no root: the hub would trust nothing that comes from there.",
        "Ask the office for a new file (central card).",
        "Для central.address немає root: хаб не довіряв би нічому звідти.",
        "Попросіть в управлінні новий файл (central card).",
    ),
    "address-needed": _both(
        "[central] has values but no address.",
        'Write address = "sftp://…", or take the whole part [central] out.',
        "Частина [central] має значення, але не має address.",
        'Напишіть address = "sftp://…" або приберіть усю частину [central].',
    ),
    "hub-id-needed": _both(
        "enrol_token needs the hub_id for which the office made it.",
        "Ask the office for a new file (central card).",
        "Для enrol_token потрібен hub_id, для якого його створило управління.",
        "Попросіть в управлінні новий файл (central card).",
    ),
}
