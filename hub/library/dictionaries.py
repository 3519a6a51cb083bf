"""simplemma's dictionaries in two shapes: as streams, which open at once, and as tries, which answer quickly.

A stream opens in 0.3 s and answers in 11 to 280 µs; a trie is made from it in 2 s (Ukrainian) and answers in
5 to 40 µs. So a portal, which asks for a few words, keeps streams, and a long indexing makes tries.
simplemma's own trie factory is not used: it needs 170 MB to make the Ukrainian trie and 790 MB for the Polish
one, and writes them to a folder outside the hub's. docs/adr/0003-search-text.md has the figures.
"""

from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from itertools import islice, pairwise
from typing import Any

from marisa_trie import BytesTrie
from simplemma.strategies.dictionaries import DictionaryFactory, StreamDictionaryFactory, frontcode
from simplemma.strategies.dictionaries.stream_dictionary_factory import StreamMap

_PIECE_WORDS = 4_000  # made at a time: the making adds half a MB; 50,000 add 14 MB and are no smaller
_NAME_MARKS = 1 << 18  # bytes; Ukrainian has 22,000 names, so one word in twelve is looked for in vain
_WORDS_A_QUESTION = 20  # a trie is worth its making after one question for so many words that it has

_Key = Callable[[str], bytes]


class Dictionaries(DictionaryFactory):
    """The dictionaries that were asked for so far. Not for two threads at once: `lemmas` has the lock."""

    def __init__(self) -> None:
        self._open: dict[str, Mapping[str, str]] = {}
        self._asked: Counter[str] = Counter()

    def get_name(self, lang: str, word: str) -> str | None:
        """Return the lemma of a word, in small letters, that the dictionary has with a capital."""
        known = self.get_dictionary(lang)
        return known.get_name(word) if isinstance(known, TrieDictionary) else known.get(word.capitalize())

    def get_dictionary(self, lang: str) -> Mapping[str, str]:
        """Return the dictionary of a language that simplemma has."""
        if lang not in self._open:
            self._open[lang] = StreamDictionaryFactory(cache_max_size=1).get_dictionary(lang)
        return self._open[lang]

    def count_question(self, lang: str) -> None:
        """Note that one more word was looked up."""
        self._asked[lang] += 1

    def quicken(self) -> None:
        """Make tries of the dictionaries that were asked often enough to pay for it."""
        for language, count in self._asked.items():
            stream = self._open[language]
            if not isinstance(stream, TrieDictionary) and count * _WORDS_A_QUESTION >= len(stream):
                self._open[language] = TrieDictionary(stream)


class TrieDictionary(Mapping[str, str]):
    """A dictionary as tries of consecutive words, found by the first word of each."""

    def __init__(self, source: Mapping[str, str]) -> None:
        pairs = _pairs(source)
        firsts: list[str] = []
        self._names = bytearray(_NAME_MARKS)
        self._pieces: list[BytesTrie] = []
        while piece := list(islice(pairs, _PIECE_WORDS)):
            firsts.append(piece[0][0])
            self._pieces.append(BytesTrie(piece))
            for word, _ in piece:
                if word[:1].isupper():
                    self._names[hash(word.lower()) % _NAME_MARKS] = True
        self._key = _find_order(source)
        self._firsts = [self._key(word) for word in firsts]
        self._length = len(source)

    def __getitem__(self, word: str) -> str:
        if (found := self._find(word)) is None:
            raise KeyError(word)
        return found

    def get(self, word: str, default: Any = None, /) -> Any:  # noqa: ANN401 - as in Mapping
        """Return the lemma of a word, without the cost of an exception for one that is not there."""
        found = self._find(word)
        return default if found is None else found

    def get_name(self, word: str) -> str | None:
        """Return the lemma of what stands here with a capital and is `word` in small letters."""
        if not self._names[hash(word) % _NAME_MARKS]:
            return None  # as most words: a tenth of the time of looking
        return self._find(word.capitalize())

    def _find(self, word: str) -> str | None:
        piece = bisect_right(self._firsts, self._key(word)) - 1
        found = self._pieces[max(piece, 0)].get(word) if self._pieces else None
        return found[0].decode() if found else None

    def __iter__(self) -> Iterator[str]:
        for piece in self._pieces:
            yield from piece.iterkeys()

    def __len__(self) -> int:
        return self._length


def _pairs(source: Mapping[str, str]) -> Iterator[tuple[str, bytes]]:
    """Yield each word and its lemma; of a stream in one pass: asking it decodes 16 others."""
    if not isinstance(source, StreamMap):
        yield from ((word, lemma.encode()) for word, lemma in source.items())
        return
    backwards, data, start = source._rev, source._data, source._pos
    for _, word, lemma in frontcode._iter_records(data, start):
        yield (word[::-1].decode(), lemma[::-1]) if backwards else (word.decode(), lemma)


def _forwards(word: str) -> bytes:
    return word.encode()


def _backwards(word: str) -> bytes:
    return word.encode()[::-1]


def _find_order(words: Mapping[str, str]) -> _Key:
    """Return the order in which simplemma keeps a dictionary: by beginnings or, for some, by endings."""
    sample = list(islice(words, 1000))
    for key in (_forwards, _backwards):
        if all(key(one) <= key(next_one) for one, next_one in pairwise(sample)):
            return key
    raise AssertionError("simplemma's dictionaries are sorted: StreamMap bisects them")
