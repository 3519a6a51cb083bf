"""What is known of very many words, in little memory: about 35 bytes a word, where a dict takes 300.

A hash table of our own: places in one long run of bytes. It answers in 1 µs, and finding out what a word is
takes 10 to 280 (`lemmas`). Of a form only what the word does not begin with is kept, after a letter that
says how much that is.
"""

from array import array
from mmap import mmap

MAX_BYTES = 11_000_000  # of the words: 300,000 Ukrainian ones, more than a school's library has
_SLOTS = 1 << 19  # of 4 bytes: half of them stay free, so that the first or second look finds the word
_BETWEEN, _END = "\t", "\n"  # no token has them
_END_BYTE = _END.encode()
_COUNT_BASE = ord("!")  # the letter for no letters in common; that for the most of them is still ASCII
_MOST_SHARED = 64


class WordStore:
    """Keeps a text and forms by a token and a language, until it is full and begins anew. For one thread."""

    def __init__(self, max_bytes: int = MAX_BYTES, slots: int = _SLOTS) -> None:
        """Make an empty one; `slots` is a power of two."""
        self._mask = slots - 1
        self._max_tokens = slots // 4 * 3
        # Memory that is taken as it is used, and never moves: a bytearray that grows leaves holes behind.
        self._data = mmap(-1, max_bytes)
        self._clear()

    def _clear(self) -> None:
        self._places = array("I", bytes(4 * (self._mask + 1)))  # 0 is a free slot
        self._end = 1
        self._tokens = 0

    def find(self, language: str, token: str) -> tuple[str, str] | None:
        """Return what was added."""
        place = self._places[self._find_slot(language, token)]
        if not place:
            return None
        line = self._data[place : self._data.find(_END_BYTE, place)].decode()
        _, _, word, forms = line.split(_BETWEEN)
        if forms:
            forms = " ".join([token[: ord(form[0]) - _COUNT_BASE] + form[1:] for form in forms.split(" ")])
        return word or token, forms

    def add(self, language: str, token: str, word: str, forms: str) -> None:
        """Add what is known of a token that is not here; `forms` have one space between them."""
        kept = "" if word == token else word
        short = " ".join([_shorten(form, token) for form in forms.split(" ")]) if forms else ""
        line = f"{language}{_BETWEEN}{token}{_BETWEEN}{kept}{_BETWEEN}{short}{_END}".encode()
        if self._end + len(line) > len(self._data) or self._tokens >= self._max_tokens:
            self._clear()
        if self._end + len(line) > len(self._data):
            return
        end = self._end + len(line)
        self._places[self._find_slot(language, token)] = self._end
        self._data[self._end : end] = line
        self._end = end
        self._tokens += 1

    def _find_slot(self, language: str, token: str) -> int:
        """Return the slot of a token, or the free one where it belongs."""
        places, data, mask = self._places, self._data, self._mask
        slot = hash(token) & mask
        beginning = f"{language}{_BETWEEN}{token}{_BETWEEN}".encode()
        size = len(beginning)
        while (place := places[slot]) and data[place : place + size] != beginning:
            slot = (slot + 1) & mask
        return slot


def _shorten(form: str, token: str) -> str:
    shared = min(len(form), _MOST_SHARED)
    while not token.startswith(form[:shared]):
        shared -= 1
    return chr(_COUNT_BASE + shared) + form[shared:]
