"""Dictionary forms of words, by simplemma, so that `учнями` finds `учень`; Ukrainian words have a stem too.

Safe to use from many threads.
"""

import re
import threading
from collections.abc import Iterable
from functools import lru_cache

from simplemma.strategies import DefaultStrategy

from hub.library.dictionaries import Dictionaries
from hub.library.ukrainian import stem
from hub.library.word_store import WordStore
from hub.library.words import APOSTROPHE, MAX_WORD_CHARS, fold, has_cyrillic, plain, softer

LANGUAGES = ("uk", "en", "ro", "hu", "pl")

_ALIASES = {
    "ukr": "uk",
    "eng": "en",
    "ron": "ro",
    "rum": "ro",
    "hun": "hu",
    "pol": "pl",
}  # ISO 639-3, in ZIMs
_OTHER_CYRILLIC = frozenset({"be", "bel", "bg", "bul", "kk", "kaz", "mk", "mkd", "ru", "rus", "sr", "srp"})
_LEMMA_CACHE_WORDS = 16_384  # about 6 MB; a word that comes back costs 0.2 µs instead of 10 to 280 µs
_RECENT_WORDS = 12_000  # about 4 MB: three in four words of a library; the others are in the store
_LANGUAGES_KEPT = 2
_MAX_LEMMA_CHARS = 40  # the strategies' cost grows with the square of the length
_ONLY_LETTERS = re.compile(rf"[^\W\d_{APOSTROPHE}]+(?:{APOSTROPHE}[^\W\d_]+)*")

_dictionaries = Dictionaries()
_strategy = DefaultStrategy(dictionary_factory=_dictionaries)
_asking = threading.Lock()  # else each of 16 threads would open the dictionary that all of them miss


def base_language(tag: str) -> str:
    """Return the two-letter code of ours for a BCP 47 or ISO 639-3 tag; other languages stay as they are."""
    code = tag.lower().replace("_", "-").partition("-")[0]
    return _ALIASES.get(code, code)


@lru_cache(maxsize=_LEMMA_CACHE_WORDS)
def analyse(token: str, language: str) -> tuple[str, tuple[str, ...]]:
    """Return the plain word of a token and the other plain forms under which it can be found.

    `language` is that of the text, from `base_language`. The word is empty where nothing is left of it.
    """
    return _analyse(token, language)


class RecentWords(dict[str, tuple[str, str]]):
    """What `analyse` says of the tokens of one language, for those who read whole libraries.

    Maps a token to its word and its other forms with spaces between. The tokens of late are in the dict, far
    more of them in the store. For one thread.
    """

    def __init__(self, language: str, store: WordStore) -> None:
        super().__init__()
        self._language = language
        self._store = store

    def __missing__(self, token: str) -> tuple[str, str]:
        if len(token) > MAX_WORD_CHARS:
            return self._read(token)  # encoded data does not come back, and would fill the memory
        found = self._store.find(self._language, token)
        if found is None:
            found = self._read(token)
            self._store.add(self._language, token, *found)
        if len(self) >= _RECENT_WORDS:
            self.clear()
        self[token] = found
        return found

    def _read(self, token: str) -> tuple[str, str]:
        word, forms = _analyse(token, self._language)
        return (token if word == token else word, " ".join(forms))


class Reader:
    """Reads texts in any language for the index; the words of the two latest languages are at hand."""

    def __init__(self) -> None:
        self._store = WordStore()
        self._recent: dict[str, RecentWords] = {}

    def words(self, language: str) -> RecentWords:
        """Return what is known of the tokens of one language."""
        recent = self._recent.pop(language, None) or RecentWords(language, self._store)
        if len(self._recent) == _LANGUAGES_KEPT:
            del self._recent[next(iter(self._recent))]
        self._recent[language] = recent
        return recent


def _analyse(token: str, language: str) -> tuple[str, tuple[str, ...]]:
    word = fold(token)
    if not word:
        return "", ()
    # Together: most words have nothing to strip or to soften, and one look tells.
    spellings = plain(" ".join((word, *_other_forms(word, language))))
    forms = set(f"{spellings} {softer(spellings)}".split())
    written = plain(word)
    if APOSTROPHE in word:  # phones hide the key: `компютер`
        forms.update([form.replace(APOSTROPHE, "") for form in forms])
    forms.discard(written)
    return written, tuple(sorted(forms))


def variants(token: str, languages: Iterable[str]) -> frozenset[str]:
    """Return every plain form to look for when somebody asks for `token` in a library of `languages`."""
    found: set[str] = set()
    for language in languages:
        word, forms = analyse(token, language)
        found.update((word, *forms))
    return frozenset(found - {""})


def quicken() -> None:
    """Prepare for many more words, where it pays; may take seconds, so for indexing and not for a search."""
    with _asking:
        _dictionaries.quicken()


def _other_forms(word: str, language: str) -> list[str]:
    dictionary = _dictionary_for(word, language)
    if dictionary is None or len(word) > _MAX_LEMMA_CHARS or not _ONLY_LETTERS.fullmatch(word):
        return []
    lemmas = _lemmas(word, dictionary)
    return [*lemmas, stem(word)] if dictionary == "uk" else lemmas


def _lemmas(word: str, dictionary: str) -> list[str]:
    spelled = word.replace(APOSTROPHE, "'")
    with _asking:
        _dictionaries.count_question(dictionary)
        known = _dictionaries.get_dictionary(dictionary)
        lemma = known.get(spelled) or _strategy.get_lemma(spelled, dictionary)
        # Nobody types capitals into a search field, and `києві` alone is a form of `кий`, not of `Київ`.
        name = _dictionaries.get_name(dictionary, spelled)
    return [fold(found) for found in (lemma, name) if found]


def _dictionary_for(word: str, language: str) -> str | None:
    """Choose by alphabet: a Ukrainian book has English words in it, and the other way round."""
    if has_cyrillic(word):
        return None if language in _OTHER_CYRILLIC else "uk"
    if language == "uk" or language in _OTHER_CYRILLIC:
        return "en"
    return language if language in LANGUAGES else None
