"""Ids of new hubs, made of their school's name so that people know them again. No I/O.

Ukrainian in Latin letters: the Cabinet's table, resolution 55 of 2010.
"""

import re
import unicodedata
from collections.abc import Collection
from itertools import chain, count

_MAX_SLUG = 24  # with a number behind it, its account on the depot's host still has the plain name
_FIRST = {"є": "ye", "ї": "yi", "й": "y", "ю": "yu", "я": "ya"}  # at the beginning of a word
_LETTERS = {
    **dict(zip("абвгґдезиіїйклмнопрстуфы", "abvhgdezyiiiklmnoprstufy", strict=True)),
    **{"є": "ie", "ж": "zh", "х": "kh", "ц": "ts", "ч": "ch", "ш": "sh", "щ": "shch", "ю": "iu", "я": "ia"},
    **{"ь": "", "ъ": "", "ё": "io", "э": "e", "ł": "l"},
}
_SIGNS = {**dict.fromkeys(map(ord, "'’ʼ`´")), ord("№"): " "}
_CODE = re.compile("[a-z0-9][a-z0-9-]{1,40}")


def plain_name(name: str) -> str:
    """Return a name as it is compared: without the case, signs and spaces that people type differently."""
    text = unicodedata.normalize("NFKC", name.translate(_SIGNS)).casefold()
    return " ".join(re.findall(r"[^\W_]+", text))


def plain_id(school: str) -> str:
    """Return the id that a school's name or code makes, whether or not a hub has it."""
    slug = code if _CODE.fullmatch(code := school.lower()) else _slug(school)
    return f"h-{slug}" if len(slug) > 1 else f"h-school-{slug}"


def new_hub_id(school: str, taken: Collection[str]) -> str:
    """Return an id for the hub of a school that no other hub has or had."""
    plain = plain_id(school)
    numbered = (f"{plain}-{number}" for number in count(2))
    return next(each for each in chain([plain], numbered) if each not in taken)


def _slug(school: str) -> str:
    words = [_latin(word) for word in plain_name(school).split()]
    slug = "-".join(filter(None, words)) or "school"
    if len(slug) <= _MAX_SLUG:
        return slug
    cut = slug[: _MAX_SLUG + 1].rpartition("-")[0]
    return cut or slug[:_MAX_SLUG]


def _latin(word: str) -> str:
    text = word.replace("зг", "zgh")
    letters = _FIRST.get(text[:1], "") + "".join(_letter(sign) for sign in text[text[:1] in _FIRST :])
    return re.sub("[^a-z0-9]", "", letters)


def _letter(sign: str) -> str:
    return _LETTERS[sign] if sign in _LETTERS else unicodedata.normalize("NFKD", sign)
