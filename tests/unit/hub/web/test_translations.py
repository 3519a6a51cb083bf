import io
import re
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.mofile import read_mo, write_mo
from babel.messages.pofile import read_po

import hub

HUB = Path(hub.__file__).parent
TRANSLATIONS = HUB / "web" / "translations"
UKRAINIAN = TRANSLATIONS / "uk" / "LC_MESSAGES"


def texts_in_the_code() -> set[str]:
    with (TRANSLATIONS / "babel.cfg").open() as file:
        methods, options = parse_mapping_cfg(file)
    keywords = DEFAULT_KEYWORDS | {"later": None}
    found = extract_from_dir(HUB, methods, options, keywords=keywords)
    return {message if isinstance(message, str) else message[0] for _, _, message, _, _ in found}


def catalogue() -> Catalog:
    with (UKRAINIAN / "messages.po").open("rb") as file:
        return read_po(file, locale="uk")


def key(message_id) -> str:
    return message_id if isinstance(message_id, str) else message_id[0]


def test_every_text_is_in_ukrainian_and_nothing_else_is():
    translated = {key(message.id) for message in catalogue() if message.id and all(_forms(message))}
    assert translated == texts_in_the_code()


def test_plurals_have_their_three_forms():
    assert all(len(_forms(message)) == 3 for message in catalogue() if message.pluralizable)


def test_places_to_fill_are_the_same_in_both_languages():
    for message in catalogue():
        if message.id:
            for form in _forms(message):
                assert set(re.findall(r"%\(\w+\)s", form)) == set(re.findall(r"%\(\w+\)s", key(message.id)))


def test_the_compiled_catalogue_is_the_written_one():
    fresh = io.BytesIO()
    write_mo(fresh, catalogue())
    fresh.seek(0)
    with (UKRAINIAN / "messages.mo").open("rb") as file:
        assert _texts(read_mo(file)) == _texts(read_mo(fresh))


def _texts(found: Catalog) -> dict[str, object]:
    return {key(message.id): message.string for message in found if message.id}


def _forms(message) -> tuple[str, ...]:
    return tuple(message.string) if isinstance(message.string, tuple | list) else (message.string,)
